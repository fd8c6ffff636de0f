"""The interpreter and the modules of others stay as they are: a repair changes the product."""

from __future__ import annotations

from gate.decision import Rejection
from gate.rules.source import SourceRule

__all__ = ["NoForeignPatches"]


class NoForeignPatches(SourceRule):
    """Denies patching built-in names, modules of the standard library, and the machinery that imports and traces."""

    id = "tamper.interpreter"
    rejection_type = Rejection.TAMPER
    hint = "call what you need instead of replacing it for everybody"
