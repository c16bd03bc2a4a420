"""What a step may expect: the predicates of the vector language and their arguments."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from conformance.model.text import Text


class _Arguments(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    pass


class Served(_Arguments, frozen=True):
    """The protected service was given, as the endpoint file's service check declares it."""


class Refused(_Arguments, frozen=True):
    """The protected service was not given."""

    by: Annotated[
        str, Meta(pattern="^(any|tls|application)$", description="only where the clause says who refuses")
    ] = "any"
    alerts: Annotated[tuple[str, ...], Meta(description="only where the cited clause names the alert")] = ()
    status: Annotated[tuple[int, ...], Meta(description="HTTP status codes, only where the clause names them")] = ()


class Attempted(_Arguments, frozen=True):
    """The stimulus was made and the peer reacted in whatever way; another vector judges how."""


class Negotiated(_Arguments, frozen=True):
    """The peer chose from what was offered."""

    version: Annotated[str | None, Meta(description="and this version")] = None


class NotNegotiated(_Arguments, frozen=True):
    """The peer did not choose what was offered."""

    declared_legacy_caps: Annotated[
        Annotated[int, Meta(ge=1, le=4)] | None,
        Meta(description="a suite declared as legacy in the endpoint file may be chosen, and caps the level at this"),
    ] = None


class NotServing(_Arguments, frozen=True):
    """The port is closed, or what listens there gave no cleartext service."""


class Assertion(_Arguments, frozen=True):
    """One statement about a place in the answer; exactly one comparison."""

    at: Annotated[str, Meta(description="path such as devices[].firmware_version; [] means every element")]
    present: Annotated[bool | None, Meta(description="exists and is not empty")] = None
    equals: Annotated[Any, Meta(description="equal to this")] = None
    one_of: Annotated[tuple[Any, ...] | None, Meta(description="one of these")] = None
    includes: Annotated[tuple[Any, ...] | None, Meta(description="all of these are among the values")] = None
    matches: Annotated[str | None, Meta(description="whole text matches this regular expression")] = None
    type: Annotated[
        Annotated[str, Meta(pattern="^(number|text|list|mapping|boolean)$")] | None,
        Meta(description="is of this type"),
    ] = None
    at_least: Annotated[float | None, Meta(description="not below")] = None
    at_most: Annotated[float | None, Meta(description="not above")] = None
    unique: Annotated[bool | None, Meta(description="no value twice")] = None
    increases_by_one: Annotated[bool | None, Meta(description="each value is the one before plus one")] = None


class Content(_Arguments, frozen=True):
    """Statements about the answer's body; all of them hold."""

    all_of: Annotated[tuple[Assertion, ...], Meta(min_length=1)]


class Unchanged(_Arguments, frozen=True):
    """A place in the answer is what an earlier step of the item saw."""

    since: Annotated[str, Meta(description="name under which the earlier step was saved")]
    at: Annotated[str, Meta(description="path in the answer")]


class Logged(_Arguments, frozen=True):
    """The log holds an entry for what an earlier step did."""

    of: Annotated[str, Meta(description="name under which that step was saved")]
    codes: Annotated[tuple[str, ...], Meta(description="event code is one of these; none: any code")] = ()
    categories: Annotated[tuple[str, ...], Meta(description="category is one of these; none: any")] = ()
    result: Annotated[str | None, Meta(description="result recorded in the entry")] = None
    fields: Annotated[tuple[str, ...], Meta(description="fields the entry must carry, not empty")] = ()


class PeerCertificate(_Arguments, frozen=True):
    """The certificate the product itself presents."""

    checks: Annotated[
        tuple[
            Annotated[
                str,
                Meta(pattern="^(validity|trust|name-in-san|no-common-name-only|server-auth|not-a-ca|identity-uri)$"),
            ],
            ...,
        ],
        Meta(min_length=1, description="what must hold of it"),
    ]


class Predicate(Struct, frozen=True, kw_only=True):
    """One predicate: its arguments, its words, and what its twin must satisfy."""

    name: str
    arguments: type[_Arguments]
    title: Text
    twin: str | None = None


def _predicate(
    name: str, arguments: type[_Arguments], en: str, ja: str, twin: str | None = None
) -> tuple[str, Predicate]:
    return name, Predicate(name=name, arguments=arguments, title=Text(en=en, ja=ja), twin=twin)


PREDICATES: dict[str, Predicate] = dict(
    (
        _predicate("served", Served, "the service is given", "サービスが提供される", "refused"),
        _predicate("refused", Refused, "the service is refused", "サービスが拒否される", "served"),
        _predicate("attempted", Attempted, "any reaction", "何らかの反応"),
        _predicate("negotiated", Negotiated, "the offer is taken up", "提案が選択される", "not-negotiated"),
        _predicate("not-negotiated", NotNegotiated, "the offer is not taken up", "提案が選択されない", "negotiated"),
        _predicate("not-serving", NotServing, "no cleartext service is given", "平文サービスが提供されない", "served"),
        _predicate("content", Content, "the answer's content", "応答の内容"),
        _predicate("unchanged", Unchanged, "the state is unchanged", "状態が変化しない"),
        _predicate("logged", Logged, "the event is logged", "イベントが記録される"),
        _predicate("peer-certificate", PeerCertificate, "the product's own certificate", "製品自身の証明書"),
    )
)
