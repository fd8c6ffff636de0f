"""The command line. Each command imports what it needs when it runs, so that `rfsn --help` is fast."""

from __future__ import annotations

import gc
import os
import sys

from rfsn.machine.guard import check_packages

__all__ = ["main"]

_OBJECTS_BETWEEN = 50_000
"""New objects between two searches for cycles: with the usual 700, they take a fifth of the time of a start."""


def main() -> None:
    """The console script `rfsn`."""
    _speak_utf8()
    gc.set_threshold(_OBJECTS_BETWEEN)
    if problem := check_packages():
        print(f"rfsn: {ascii(problem)[1:-1]}", file=sys.stderr)
        sys.exit(2)
    from rfsn.machine.terminal import closing, hold_standard_streams, say  # noqa: PLC0415  # nothing before the check

    hold_standard_streams()
    try:
        from rfsn.cli.app import app  # noqa: PLC0415  # the same

        app()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except Exception as error:  # noqa: BLE001  # the outermost edge: no traceback reaches a user
        say(f"rfsn: a defect in rfsn: {type(error).__name__}: {error}")
        code = 3
    else:
        code = 0
    gc.freeze()  # what is still there goes with the process, without being looked through for cycles
    sys.exit(closing(code))


def _speak_utf8() -> None:
    """Restart in Python's UTF-8 mode if the locale has another encoding.

    File names, the output of tools and what is printed are then the same under every locale, as they are in sandboxes.
    """
    if sys.flags.utf8_mode or sys.getfilesystemencoding() == "utf-8":
        return
    os.execv(sys.executable, [sys.orig_argv[0], "-X", "utf8", *sys.orig_argv[1:]])  # noqa: S606  # ourselves again
