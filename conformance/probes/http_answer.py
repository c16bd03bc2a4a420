"""Turns an HTTP answer, read within bounds, into an answer in words that no protocol owns."""

from collections.abc import Callable

from msgspec import Struct

from conformance.channel import Channel
from conformance.model.transcript import Ending, Grant, ServiceAnswer
from conformance.wire import json_text, problem

LARGEST_BODY = 1 << 20
CUT_OFF = "no HTTP answer: it ended within its header"
_LARGEST_TEXT = 1 << 16
_LONGEST_PHRASE = 60


class Body(Struct, frozen=True, kw_only=True):
    """What came after the header: bytes up to the bound, and what was wrong with its framing."""

    content: bytes
    malformed: str | None = None


def bounded(content: bytes, missing: int | None, channel: Channel) -> Body:
    """Return `content` as the body, cut at 1 MiB; a longer one counts as a flood of `channel`.

    `missing` is how many octets of the length announced did not come; None if none was announced.
    """
    if len(content) > LARGEST_BODY:
        channel.end(Ending.FLOOD, f"the body is larger than {LARGEST_BODY} octets")
        return Body(content=content[:LARGEST_BODY], malformed=f"the body is larger than {LARGEST_BODY} octets")
    return Body(content=content, malformed=f"{missing} octets of the body are missing" if missing else None)


def answer(status: int, phrase: str, content_type: str, body: Body, keep: Callable[[bytes, str], str]) -> ServiceAnswer:
    """Return the answer for an HTTP status, its reason phrase and its body; the body is kept as evidence.

    `data` is the JSON value, or the first 64 KiB as text where the body is none.
    """
    malformed, data = body.malformed, None
    if body.content:
        if problem.is_json(content_type):
            data, fault = json_text.read(body.content)
            malformed = malformed or fault
        else:
            data = body.content[:_LARGEST_TEXT].decode("utf-8", "replace")
    return ServiceAnswer(
        grant=Grant.GRANTED if 200 <= status < 300 else Grant.DENIED,  # noqa: PLR2004  RFC 9110 15.3
        native=f"HTTP {status} {_shown(phrase)}".rstrip(),
        status=status,
        reason=problem.reason(content_type, data),
        data=data,
        body=keep(body.content, content_type or "application/octet-stream") if body.content else None,
        malformed=malformed,
    )


def no_answer(why: str = "") -> ServiceAnswer:
    """Return what stands for an answer that never came, or was no HTTP: `why` tells."""
    return ServiceAnswer(grant=Grant.NONE, native="", malformed=why or None)


def _shown(phrase: str) -> str:
    """Return a peer's words as they may stand on a terminal."""
    return "".join(each if each.isprintable() else "?" for each in phrase[:_LONGEST_PHRASE])
