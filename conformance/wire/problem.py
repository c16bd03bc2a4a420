"""Reading `application/problem+json` (RFC 9457)."""

from typing import Any

MEDIA_TYPE = "application/problem+json"
_LONGEST = 100


def media_type(content_type: str) -> str:
    """Return the media type of a Content-Type header, lowercase and without parameters."""
    return content_type.partition(";")[0].strip().lower()


def is_json(content_type: str) -> bool:
    """Return whether the media type is JSON or has its suffix (RFC 6839)."""
    kind = media_type(content_type)
    return kind == "application/json" or kind.endswith("+json")


def reason(content_type: str, document: Any) -> str | None:
    """Return the `reason` member of a problem document; None if this is none, or it has none that is text."""
    if media_type(content_type) != MEDIA_TYPE or not isinstance(document, dict):
        return None
    found = document.get("reason")
    return found[:_LONGEST] if isinstance(found, str) else None
