"""Listing what plugins can extend: the gate's rules, the search's edit operators and the planners."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from planners.meta import OWN_MAKERS
from planners.search.language import Operator
from planners.search.registry import OPERATORS
from rfsn.cli.commands import guarded
from rfsn.machine.terminal import give_json, tell
from rfsn.plugins import Installed, installed_operators, installed_planners

__all__ = ["list_plugins", "operators", "planners"]


def operators(*, as_json: bool) -> int:
    """`rfsn operators`: the search's own and the installed ones, of which none is imported."""
    described = [
        {"id": own.id, "language": own.language, "widened": bool(own.width), "description": own.description}
        for own in OPERATORS
    ]
    lines = [_line(operator) for operator in OPERATORS]
    return guarded(
        lambda: list_plugins("operators", described, lines, installed_operators(), as_json=as_json), as_json=as_json
    )


def planners(*, as_json: bool) -> int:
    """`rfsn planners`: rfsn's own and the installed ones, of which none is imported."""
    described = [{"name": name, "description": about} for name, about in OWN_MAKERS.items()]
    lines = [f"{name:<{max(map(len, OWN_MAKERS))}}  {about}" for name, about in OWN_MAKERS.items()]
    return guarded(
        lambda: list_plugins("planners", described, lines, installed_planners(), as_json=as_json), as_json=as_json
    )


def _line(operator: Operator) -> str:
    """An operator as a line; one that only the widened search uses is marked."""
    widened = " (widened search)" if operator.width else ""
    return f"{operator.language}  {operator.id:<{_WIDEST}}  {operator.description}{widened}"


_WIDEST = max(len(operator.id) for operator in OPERATORS)


def list_plugins(
    what: str, own: Sequence[object], lines: Sequence[str], installed: Sequence[Installed], *, as_json: bool
) -> int:
    """Print rfsn's own, as JSON values or as lines, then the installed plugins."""
    if as_json:
        give_json({what: own, "installed": [asdict(plugin) for plugin in installed]})
        return 0
    for line in lines:
        tell(line)
    for plugin in installed:
        tell(f"{plugin.name}  ({plugin.object} of {plugin.distribution})")
    return 0
