"""What users set for endpoints: it is recorded, so no key may be in it; and whether one is on this machine."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

__all__ = ["checked_fields", "checked_url", "checked_variable", "is_loopback", "is_open"]

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEY = re.compile(r"(?:x-)?api-?key|(?:proxy-)?authorization|password|secret|(?:access|auth|bearer)-token")


def checked_url(url: str) -> str:
    """The URL, if it can be an endpoint. It is recorded and shown, so nothing secret may be in it.

    Raises `ValueError` for any other, and does not quote it.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError("not a URL") from error
    if parts.scheme not in {"http", "https"} or not host:
        raise ValueError("not the URL of an endpoint; allowed: a URL with http or https, and a host")
    if "@" in parts.netloc:
        raise ValueError("it has credentials, which would be recorded: a key comes from the environment")
    if "?" in url or "#" in url:
        raise ValueError("it has a query or a fragment, which would be recorded: a key comes from the environment")
    if not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError("it has characters that no URL has")
    return url


def is_loopback(url: str) -> bool:
    """Whether an endpoint is on this machine: what is sent there does not leave it."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":  # a name like models.localhost may be anybody's, by the name server that is asked
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_open(url: str) -> bool:
    """Whether others can read what is sent to an endpoint: it is not encrypted, and leaves this machine."""
    return urlsplit(url).scheme == "http" and not is_loopback(url)


def checked_variable(name: str) -> str:
    """The name of the variable that has a key. Raises `ValueError` that does not quote it: it may be the key itself."""
    if not _VARIABLE.fullmatch(name):
        raise ValueError("not the name of an environment variable: the key itself is never in a configuration")
    return name


def checked_fields(fields: dict[str, Any]) -> dict[str, Any]:
    """Further fields of a request, if none is a key. Raises `ValueError` that names the field and quotes no value."""
    from gate import PrivateKind, private_spans  # noqa: PLC0415  # a fifth of a second, for those who set fields

    for name, text in _texts(fields):
        if _KEY.fullmatch(name.lower().replace("_", "-")) or any(
            span.kind is PrivateKind.CREDENTIAL for span in private_spans(text)
        ):
            raise ValueError(f"{name} has a key, which would be recorded: it comes from the environment")
    return fields


def _texts(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a value, with the name of its field."""
    match value:
        case str():
            yield name, value
        case dict():
            for key, item in value.items():
                yield from _texts(item, key)
        case list():
            for item in value:
                yield from _texts(item, name)
