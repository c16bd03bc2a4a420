"""Client credentials of the vectors: a recipe in, a certificate chain with its key and own serial out."""

import ipaddress
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import count

from cryptography import x509
from msgspec import Struct

from conformance.model.criterion import ConnectionPoint
from conformance.model.duration import delta
from conformance.model.recipe import CertificateRecipe, ChainRecipe, Issuer, KeyKind, Usage
from conformance.model.text import Text
from conformance.model.vector import Actor
from conformance.pki.authorities import CA_USAGE, Authority, PointAuthorities, new_point_authorities
from conformance.pki.certificates import Contents, PrivateKey, Signer, fresh_serial, key_identifier, make, name, new_key
from conformance.pki.errors import RecipeImpossibleError
from conformance.pki.lab import Lab
from conformance.pki.roles import role_extensions

ACTOR_ROLES = {Actor.UTILITY: -1, Actor.AGGREGATOR: -2, Actor.VIEWER: 0, Actor.AUDITOR: 5, Actor.ENGINEER: 2}
"""IEC 62351-8 role number of each actor."""

PEERS = {ConnectionPoint.DISTRIBUTION: Actor.UTILITY, ConnectionPoint.AGGREGATION: Actor.AGGREGATOR}
"""The rightful other side of each connection point."""

_OTHER = {
    ConnectionPoint.DISTRIBUTION: ConnectionPoint.AGGREGATION,
    ConnectionPoint.AGGREGATION: ConnectionPoint.DISTRIBUTION,
}
_BACKDATING = timedelta(hours=1)
_LIFETIME = timedelta(hours=24)
_GOOD = CertificateRecipe()


class ClientCredential(Struct, frozen=True, kw_only=True):
    """What a client shows: the chain in sending order, the leaf's key, the leaf's serial in lowercase hexadecimal."""

    chain: tuple[x509.Certificate, ...]
    key: PrivateKey
    serial_hex: str


class _Holder(Struct, frozen=True, kw_only=True):
    """For whom a leaf is made, and when."""

    point: ConnectionPoint
    actor: Actor
    now: datetime


class _Issuing(Struct, frozen=True, kw_only=True):
    """Who signs a leaf, the CA certificates below the root that are sent with it, and the root."""

    signer: Signer
    below_root: tuple[x509.Certificate, ...] = ()
    root: x509.Certificate | None = None
    authority: Authority | None = None


class Credentials:
    """Issues the credentials of one run from a lab; every issue has its own serial and, but for RSA, its own key.

    `identities` are the dNSNames of actors where they are not the lab's (the endpoint file's `identities`).
    """

    def __init__(self, lab: Lab, identities: Mapping[Actor, str] | None = None) -> None:
        self._lab = lab
        self._identities = lab.identities | dict(identities or {})
        self._revoked = count(secrets.randbelow(256))
        self._foreign: dict[ConnectionPoint, PointAuthorities] = {}

    def identity(self, point: ConnectionPoint, actor: Actor) -> str:
        """Return the dNSName of `actor` at `point`; a rogue claims that of the rightful peer."""
        return self._identities.get(actor) or self._identities[_named(point, actor)]

    def issue(self, point: ConnectionPoint, actor: Actor, recipe: ChainRecipe, now: datetime) -> ClientCredential:
        """Return a new credential of `actor` at `point` made by `recipe`; dates are relative to `now` (aware).

        A rogue has the rightful peer's name and role under a CA that nobody knows. Raises RecipeImpossibleError.
        """
        key = new_key(recipe.leaf.key)
        if recipe.issued_by is Issuer.ITSELF:
            subject = self._subject(point, actor, recipe.leaf)
            signer = Signer(name=subject, key=key, key_identifier=None)
            issuing = _Issuing(signer=signer)
        else:
            issuing = self._issuing(point, actor, recipe, now)
        leaf = self._leaf(_Holder(point=point, actor=actor, now=now), recipe.leaf, key, issuing)
        chain: tuple[x509.Certificate, ...] = (leaf,)
        if recipe.send != "leaf":
            chain += issuing.below_root
        if recipe.send == "all" and issuing.root is not None:
            chain += (issuing.root,)
        return ClientCredential(chain=chain, key=key, serial_hex=format(leaf.serial_number, "x"))

    def _subject(self, point: ConnectionPoint, actor: Actor, recipe: CertificateRecipe) -> x509.Name:
        try:
            return name(recipe.common_name or self.identity(point, actor), "client")
        except ValueError as error:
            raise _impossible(str(error)) from error

    def _leaf(self, holder: _Holder, recipe: CertificateRecipe, key: PrivateKey, issuing: _Issuing) -> x509.Certificate:
        point, actor = holder.point, holder.actor
        not_before, not_after = _validity(recipe, holder.now)
        dns_names = (self.identity(point, actor),) if recipe.dns_names is None else recipe.dns_names
        roles = (ACTOR_ROLES[_named(point, actor)],) if recipe.roles is None else recipe.roles
        usage = ("digitalSignature",) if recipe.key_usage is None else recipe.key_usage
        extended = (Usage.CLIENT_AUTH,) if recipe.extended_key_usage is None else recipe.extended_key_usage
        contents = Contents(
            subject=self._subject(point, actor, recipe),
            public_key=key.public_key(),
            serial=self._serial(recipe, issuing.authority),
            not_before=not_before,
            not_after=not_after,
            alternative_names=_alternative_names(dns_names, recipe.uris or (), recipe.ip_addresses or ()),
            is_ca=bool(recipe.ca),
            path_length=recipe.path_length,
            key_usage=usage,
            extended_key_usage=extended,
            subject_key_identifier=key_identifier(key.public_key()),
            extra=role_extensions(roles, point.value),
        )
        return make(contents, issuing.signer, recipe.signature_hash, corrupted=recipe.signature == "corrupted")

    def _serial(self, recipe: CertificateRecipe, authority: Authority | None) -> int:
        if recipe.serial == "fresh":
            return fresh_serial()
        if authority is None:
            raise _impossible(
                "serial: revoked needs an issuer that keeps a revocation list (not itself, leaf or look-alike)"
            )
        return authority.revoked_serial(next(self._revoked))

    def _issuing(self, point: ConnectionPoint, actor: Actor, recipe: ChainRecipe, now: datetime) -> _Issuing:
        kind = recipe.issued_by
        if actor is Actor.ROGUE and kind is Issuer.ISSUING:
            kind = Issuer.FOREIGN
        own = self._lab.points[point]
        makers: dict[Issuer, Callable[[], _Issuing]] = {
            Issuer.ISSUING: lambda: self._through(own, own.issuing, recipe.issuing, now),
            Issuer.RETIRED: lambda: self._through(own, own.retired, recipe.issuing, now),
            Issuer.LAPSED: lambda: self._through(own, own.lapsed, recipe.issuing, now),
            Issuer.OTHER_POINT: lambda: self._other_point(point, recipe.issuing, now),
            Issuer.FOREIGN: lambda: self._through_foreign(point, recipe.issuing, now),
            Issuer.ROOT: lambda: _Issuing(signer=own.root.signer, root=own.root.certificate, authority=own.root),
            Issuer.LOOK_ALIKE_ROOT: lambda: _look_alike_root(own),
            Issuer.LOOK_ALIKE_ISSUING: lambda: _look_alike_issuing(own),
            Issuer.LEAF: lambda: self._through_leaf(point, actor, recipe, now),
        }
        return makers[kind]()

    def _through(
        self, authorities: PointAuthorities, authority: Authority, anew: CertificateRecipe | None, now: datetime
    ) -> _Issuing:
        signer, certificate = authority.signer, authority.certificate
        if anew is not None:
            certificate, signer = self._made_anew(authorities, authority, anew, now)
        return _Issuing(
            signer=signer, below_root=(certificate,), root=authorities.root.certificate, authority=authority
        )

    def _other_point(self, point: ConnectionPoint, anew: CertificateRecipe | None, now: datetime) -> _Issuing:
        other = self._lab.points[_OTHER[point]]
        return self._through(other, other.issuing, anew, now)

    def _through_foreign(self, point: ConnectionPoint, anew: CertificateRecipe | None, now: datetime) -> _Issuing:
        if point not in self._foreign:
            self._foreign[point] = new_point_authorities("Foreign", now, root_days=365, issuing_days=365)
        foreign = self._foreign[point]
        return self._through(foreign, foreign.issuing, anew, now)

    def _through_leaf(self, point: ConnectionPoint, actor: Actor, recipe: ChainRecipe, now: datetime) -> _Issuing:
        own = self._lab.points[point]
        above = self._through(own, own.issuing, recipe.issuing, now)
        key = new_key(KeyKind.P256)
        other = Actor.ENGINEER if actor is Actor.VIEWER else Actor.VIEWER
        leaf = self._leaf(_Holder(point=point, actor=other, now=now), _GOOD, key, above)
        signer = Signer(name=leaf.subject, key=key, key_identifier=key_identifier(key.public_key()))
        return _Issuing(signer=signer, below_root=(leaf, *above.below_root), root=above.root)

    def _made_anew(
        self, authorities: PointAuthorities, authority: Authority, recipe: CertificateRecipe, now: datetime
    ) -> tuple[x509.Certificate, Signer]:
        """Return the certificate of `authority` made anew with its real key, and who signs with it.

        The name is the real one unless the recipe has one. `key`, alternative names and roles do not apply to it.
        """
        not_before, not_after = _validity(recipe, now)
        subject = authority.certificate.subject if recipe.common_name is None else name(recipe.common_name)
        is_ca = recipe.ca is not False
        path_length = recipe.path_length if recipe.path_length is not None or not is_ca else 0
        contents = Contents(
            subject=subject,
            public_key=authority.key.public_key(),
            serial=self._serial(recipe, authorities.root),
            not_before=not_before,
            not_after=not_after,
            is_ca=is_ca,
            path_length=path_length,
            key_usage=CA_USAGE if recipe.key_usage is None else recipe.key_usage,
            extended_key_usage=recipe.extended_key_usage or (),
            subject_key_identifier=authority.key_identifier,
        )
        corrupted = recipe.signature == "corrupted"
        certificate = make(contents, authorities.root.signer, recipe.signature_hash, corrupted=corrupted)
        return certificate, Signer(name=subject, key=authority.key, key_identifier=authority.key_identifier)


def _named(point: ConnectionPoint, actor: Actor) -> Actor:
    return PEERS[point] if actor in (Actor.PEER, Actor.ROGUE) else actor


def _validity(recipe: CertificateRecipe, now: datetime) -> tuple[datetime, datetime]:
    """Return the validity that `recipe` asks for; a bound that it leaves out gives way to the one it states."""
    start = now - _BACKDATING if recipe.not_before is None else now + delta(recipe.not_before)
    end = now + _LIFETIME if recipe.not_after is None else now + delta(recipe.not_after)
    if start >= end:
        if recipe.not_before is None:
            start = end - _BACKDATING
        elif recipe.not_after is None:
            end = start + _LIFETIME
        else:
            raise _impossible(f"not_before {recipe.not_before} is not before not_after {recipe.not_after}")
    return start, end


def _alternative_names(
    dns_names: tuple[str, ...], uris: tuple[str, ...], addresses: tuple[str, ...]
) -> tuple[x509.GeneralName, ...]:
    try:
        return (
            *(x509.DNSName(each) for each in dns_names),
            *(x509.UniformResourceIdentifier(each) for each in uris),
            *(x509.IPAddress(ipaddress.ip_address(each)) for each in addresses),
        )
    except ValueError as error:
        raise _impossible(str(error)) from error


def _copy(authority: Authority, key: PrivateKey, signing_key: PrivateKey, parent: Authority | None) -> x509.Certificate:
    """Return the certificate of `authority` with the same names and key identifiers, but another key and serial."""
    original = authority.certificate
    contents = Contents(
        subject=original.subject,
        public_key=key.public_key(),
        serial=fresh_serial(),
        not_before=original.not_valid_before_utc,
        not_after=original.not_valid_after_utc,
        is_ca=True,
        path_length=original.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length,
        key_usage=CA_USAGE,
        subject_key_identifier=authority.key_identifier,
    )
    identifier = parent.key_identifier if parent else None
    return make(contents, Signer(name=original.issuer, key=signing_key, key_identifier=identifier))


def _look_alike_root(own: PointAuthorities) -> _Issuing:
    key = new_key(KeyKind.P256)
    root = _copy(own.root, key, key, None)
    return _Issuing(signer=Signer(name=root.subject, key=key, key_identifier=own.root.key_identifier), root=root)


def _look_alike_issuing(own: PointAuthorities) -> _Issuing:
    root_key, key = new_key(KeyKind.P256), new_key(KeyKind.P256)
    root = _copy(own.root, root_key, root_key, None)
    issuing = _copy(own.issuing, key, root_key, own.root)
    signer = Signer(name=issuing.subject, key=key, key_identifier=own.issuing.key_identifier)
    return _Issuing(signer=signer, below_root=(issuing,), root=root)


def _impossible(what: str) -> RecipeImpossibleError:
    return RecipeImpossibleError(
        Text(
            en=f"This credential cannot be made: {what}. Change the recipe.",
            ja=f"このクレデンシャルは作成できません: {what}。レシピを修正してください。",
        )
    )
