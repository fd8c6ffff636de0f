"""The process that runs the tests is not the product's to end."""

from __future__ import annotations

from gate.decision import Context, Rejection
from gate.languages.python import Construct, Introduced, Kind
from gate.rules.source import SourceRule, Table

__all__ = ["NoExits"]

_ATTRIBUTES = frozenset(
    {"_exit", "abort", "killpg", "raise_signal", "pthread_kill", "interrupt_main", "_run_exitfuncs"}
)


class NoExits(SourceRule):
    """Denies ending the process: at once, by a signal, at its exit; and by `sys.exit` where no main program stands."""

    id = "tamper.exits"
    rejection_type = Rejection.TAMPER
    uses = Table(
        "os._exit", "os.abort", "os.kill", "os.killpg", "signal.raise_signal", "signal.pthread_kill", "signal.alarm",
        "signal.setitimer", "_thread.interrupt_main", "_thread.exit", "_thread.start_new_thread", "_thread.start_new",
        "thread.interrupt_main", "sys.exitfunc", "posix.*", "nt.*", "atexit.*", "faulthandler.*",
        "threading._shutdown", "threading._register_atexit", "weakref.finalize",
    )  # fmt: skip
    hint = "raise an ordinary exception, or end the process only in the main function of a program"

    def forbids(self, construct: Construct, path: str, found: Introduced, context: Context) -> bool:
        if construct.kind is Kind.EXIT:
            return not path.endswith("__main__.py")
        if construct.kind is Kind.ATTRIBUTE:
            return construct.name in _ATTRIBUTES
        return super().forbids(construct, path, found, context)
