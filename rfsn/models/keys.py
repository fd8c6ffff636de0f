"""Keys of providers: from the environment, else from the keyring. They are passed on to the client and nowhere else."""

from __future__ import annotations

import json
import os
from importlib.util import find_spec

from gate import ModelCard
from rfsn.errors import UsageError
from rfsn.machine.endpoint import is_loopback, is_open
from rfsn.models.names import PROVIDERS, Provider
from rfsn.models.request import settings_of

__all__ = ["SERVICE", "key_of", "keys_found"]

SERVICE = "rfsn"
"""The name under which the keyring has keys; the user is the provider."""


def key_of(card: ModelCard) -> str:
    """The key for a model; empty if there is none and the endpoint needs none: it is on this machine, or not encrypted.

    Such an endpoint takes one from its variable alone, and one that is not encrypted only if the user allows that.
    Raises `UsageError` that says what to set, and never quotes a key.
    """
    provider = _provider_of(card)
    settings = settings_of(card)
    variable = settings.key_variable or provider.key_variable
    origin, key = f"the variable {variable}", os.environ.get(variable, "").strip()
    if is_open(card.endpoint) and not settings.key_over_http:
        if key:
            raise UsageError(_too_open(card, variable))
        return ""
    if not key and not is_loopback(card.endpoint):
        origin, key = "the keyring", _in_keyring(provider.name)
    if key and not (key.isascii() and key.isprintable() and " " not in key):
        raise UsageError(f"{card.name}: the key in {origin} has characters that no key has: set it again")
    if not key and not is_loopback(card.endpoint):
        raise UsageError(f"{card.name}: no key for {card.endpoint}: {_remedy(variable, provider.name)}")
    return key


def keys_found() -> tuple[str, ...]:
    """The variables with a key of a known provider that are set."""
    return tuple(sorted(name for name in {each.key_variable for each in PROVIDERS.values()} if os.environ.get(name)))


def _provider_of(card: ModelCard) -> Provider:
    """Whose key a model takes: the provider's in its name, else that of the provider at its endpoint."""
    prefix, colon, _ = card.name.partition(":")
    if colon and prefix in PROVIDERS.keys() - {"chat"}:
        return PROVIDERS[prefix]
    return next((each for each in PROVIDERS.values() if each.endpoint == card.endpoint), PROVIDERS["chat"])


def _too_open(card: ModelCard, variable: str) -> str:
    table = f"key_over_http = true in [models.{json.dumps(card.name)}] of rfsn.toml"
    return (
        f"{card.name}: {card.endpoint} is not encrypted, so others could read the key in {variable}: "
        f"name it with https, unset {variable} if no key is needed, or set {table}"
    )


def _remedy(variable: str, provider: str) -> str:
    if find_spec("keyring") is None:
        return f"set {variable} (or install rfsn[keyring], and run: keyring set {SERVICE} {provider})"
    return f"set {variable}, or run: keyring set {SERVICE} {provider}"


def _in_keyring(provider: str) -> str:
    """The key in the keyring; empty if there is none, or no keyring that can be asked."""
    if find_spec("keyring") is None:
        return ""
    import keyring  # noqa: PLC0415  # an extra, and slow
    from keyring.errors import KeyringError  # noqa: PLC0415

    try:
        return (keyring.get_password(SERVICE, provider) or "").strip()
    except KeyringError:
        return ""
