"""What can be wrong with a lab PKI, each as an exception that says what, where and what to do."""

from conformance.model.problem import ProblemError


class LabError(ProblemError):
    """Something is wrong with the lab PKI."""


class LabExistsError(LabError):
    """The folder for a new lab PKI already holds something."""


class LabUnusableError(LabError):
    """A file of the lab PKI is missing, cannot be read, or does not belong to the others."""


class LabExpiredError(LabError):
    """A CA certificate or revocation list of the lab PKI is not valid now."""


class CsrRefusedError(LabError):
    """A certificate signing request cannot be signed as it stands."""


class RecipeImpossibleError(LabError, ValueError):
    """A certificate recipe asks for something that cannot be made."""
