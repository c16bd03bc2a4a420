"""Every decision the MMS takes, one method each: where a fault departs from the profile, it overrides one of these."""

from reference_impl.rules.access import AccessRules
from reference_impl.rules.certificates import CertificateRules
from reference_impl.rules.control import ControlRules
from reference_impl.rules.events import EventRules
from reference_impl.rules.identity import IdentityRules
from reference_impl.rules.inventory import InventoryRules
from reference_impl.rules.transport import TransportRules


class Rules(TransportRules, CertificateRules, IdentityRules, AccessRules, ControlRules, InventoryRules, EventRules):
    """The decisions of the faultless MMS. Stateless: what is decided depends on the arguments alone."""


__all__ = ["Rules"]
