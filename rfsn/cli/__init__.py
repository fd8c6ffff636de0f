"""The command line. Each command imports what it needs when it runs, so that `rfsn --help` is quick."""

from __future__ import annotations

import sys

from rfsn.guard import check_packages

__all__ = ["main"]


def main() -> None:
    """The console script `rfsn`."""
    if problem := check_packages():
        print(f"rfsn: {problem}", file=sys.stderr)
        sys.exit(2)
    from rfsn.cli.app import app  # noqa: PLC0415  # nothing of ours is imported before the check

    app()
