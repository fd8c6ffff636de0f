"""URLs of endpoints: what may be one, and whether it is on this machine."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

__all__ = ["checked_url", "is_loopback"]


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
    host = (urlsplit(url).hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
