"""Code is what a reader sees: none is generated, decoded or looked up by a computed name at run time."""

from __future__ import annotations

from gate.rules.source import SourceRule

__all__ = ["NoDynamicCode", "NoObfuscation"]


class NoDynamicCode(SourceRule):
    """Denies running text as code, and reaching into the internals of functions and modules."""

    id = "danger.dynamic-code"
    capability = "dynamic-code"
    hint = "write the code itself"


class NoObfuscation(SourceRule):
    """Denies computed names, modules passed around as values, decoders, and strings that nobody can read."""

    id = "danger.obfuscation"
    capability = "obfuscation"
    hint = "name what you use, as plain text"
