"""Code is what a reader sees: none is made, decoded or found by a computed name while the program runs."""

from __future__ import annotations

from gate.rules.source import SourceRule

__all__ = ["NoDynamicCode", "NoObfuscation"]


class NoDynamicCode(SourceRule):
    """Denies running text as code, and reaching into the insides of functions and modules."""

    id = "danger.dynamic-code"
    hint = "write the code itself"


class NoObfuscation(SourceRule):
    """Denies names that are computed, modules passed around as values, decoders, and texts that nobody can read."""

    id = "danger.obfuscation"
    hint = "name what you use, as plain text"
