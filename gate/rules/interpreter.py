"""A repair changes the product, and leaves the interpreter and other people's modules as they are."""

from __future__ import annotations

from gate.decision import DenialKind
from gate.rules.source import SourceRule

__all__ = ["NoForeignPatches"]


class NoForeignPatches(SourceRule):
    """Denies patching built-ins, modules of the standard library, and the machinery of imports and tracing."""

    id = "tamper.interpreter"
    rejection_type = DenialKind.TAMPER
    capability = "patching"
    hint = "call what you need instead of replacing it for everyone"
