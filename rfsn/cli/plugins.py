"""What plugins add to: the gate's rules and the search's edit operators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from planners.search.registry import OPERATORS
from rfsn.cli.commands import guarded
from rfsn.machine.terminal import give_json, tell
from rfsn.plugins import Installed, installed_operators

__all__ = ["list_plugins", "operators"]


def operators(*, as_json: bool) -> int:
    """`rfsn operators`: the search's own, and those that are installed; none of these is imported."""
    own = [operator.id for operator in OPERATORS]
    return guarded(lambda: list_plugins("operators", own, installed_operators(), as_json=as_json), as_json=as_json)


def list_plugins(what: str, own: Sequence[str], installed: Sequence[Installed], *, as_json: bool) -> int:
    """Print rfsn's own ids, then the plugins."""
    if as_json:
        give_json({what: own, "installed": [asdict(one) for one in installed]})
        return 0
    for line in (*own, *(f"{one.name}  ({one.object} of {one.distribution})" for one in installed)):
        tell(line)
    return 0
