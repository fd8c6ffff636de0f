"""The interpreter and the modules of others stay as they are: a repair changes the product."""

from __future__ import annotations

import sys

from gate.decision import Context, Rejection
from gate.languages.python import Construct, Introduced, Kind
from gate.rules.source import SourceRule, Table

__all__ = ["NoForeignPatches"]

_ATTRIBUTES = frozenset({"settrace", "setprofile", "addaudithook", "meta_path", "path_hooks", "path_importer_cache"})
# What programs rightly assign: redirected streams, their own arguments and hooks.
_ASSIGNABLE = Table(
    "sys.stdout", "sys.stderr", "sys.stdin", "sys.argv", "sys.path", "sys.ps1", "sys.ps2", "sys.dont_write_bytecode",
    "os.environ",
)  # fmt: skip


class NoForeignPatches(SourceRule):
    """Denies patching built-in names, modules of the standard library, and the machinery that imports and traces."""

    id = "tamper.interpreter"
    rejection_type = Rejection.TAMPER
    uses = Table(
        "sys.settrace", "sys.setprofile", "sys.monitoring", "sys.addaudithook", "sys.meta_path", "sys.path_hooks",
        "sys.path_importer_cache", "sys.modules", "sys.excepthook", "sys.unraisablehook", "sys.displayhook",
        "sys.__stdout__", "sys.__stderr__", "threading.settrace", "threading.setprofile", "threading.excepthook",
        "builtins.__builtins__", "builtins.*", "__builtin__.*", "gc.callbacks", "bdb.*", "trace.*", "test.*",
    )  # fmt: skip
    hint = "call what you need instead of replacing it for everybody"

    def forbids(self, construct: Construct, path: str, found: Introduced, context: Context) -> bool:
        match construct:
            case Construct(Kind.ATTRIBUTE, name):
                return name in _ATTRIBUTES
            case Construct(Kind.DEFINE, name):
                return name == "__builtins__"
            case Construct(Kind.COMPUTED, name):
                return name.startswith("through __")
            case Construct(Kind.STORE, name) if not _ASSIGNABLE.names(name):
                return name.partition(".")[0] in sys.stdlib_module_names
            case Construct(Kind.USE, name) if name.startswith("builtins."):
                return False
        return super().forbids(construct, path, found, context)
