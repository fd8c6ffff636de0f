"""Reading entry points: the only module that does. Listing reads metadata; a plugin is imported when it is used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint, entry_points
from typing import Any, cast

import structlog

from gate import ChangeRule
from gate.rules import CHANGE_RULES, PROPOSAL_RULES
from planners.search.language import Operator, Replacement, Site
from planners.search.registry import LANGUAGES, OPERATORS
from rfsn.errors import UsageError

__all__ = [
    "Installed",
    "buildpack_entries",
    "installed_operators",
    "installed_rules",
    "load_operators",
    "load_rules",
]

_BUILDPACKS = "rfsn.buildpacks"
_GATE_RULES = "rfsn.gate_rules"
_OPERATORS = "rfsn.operators"

_log = structlog.get_logger("rfsn")


@dataclass(frozen=True, slots=True)
class Installed:
    """A plugin as the metadata of its distribution describes it: it was not imported."""

    name: str
    object: str
    distribution: str


def buildpack_entries() -> tuple[EntryPoint, ...]:
    """The entry points of the installed buildpacks, by name; `rfsn.project.packs` loads them."""
    return tuple(sorted(entry_points(group=_BUILDPACKS), key=lambda entry: entry.name))


def installed_rules() -> tuple[Installed, ...]:
    """The gate rules that are installed beside rfsn, by name."""
    return _installed(_GATE_RULES)


def installed_operators() -> tuple[Installed, ...]:
    """The edit operators that are installed beside rfsn, by name."""
    return _installed(_OPERATORS)


def load_rules(names: Sequence[str]) -> tuple[ChangeRule, ...]:
    """The enabled gate rules, in the order in which they are named. Raises `UsageError` for an invalid one.

    A rule gets what the gate's own rules get, and runs after them: it can deny more, but allow nothing.
    """
    taken = {*(rule.id for rule in PROPOSAL_RULES), *(rule.id for rule in CHANGE_RULES)}
    rules: list[ChangeRule] = []
    for name in names:
        rule = _load_rule(_entry(_GATE_RULES, "gate rule", name))
        if rule.id in taken:
            raise UsageError(f"the gate rule {name!r} has the id {rule.id!r}, which another rule already has")
        taken.add(rule.id)
        rules.append(rule)
    return tuple(rules)


def load_operators(names: Sequence[str]) -> tuple[Operator, ...]:
    """The enabled edit operators, in the order in which they are named. Raises `UsageError` for an invalid one.

    A site at which one raises is skipped; the log has a warning for the first of them.
    """
    taken = {operator.id for operator in OPERATORS}
    operators: list[Operator] = []
    for name in names:
        for operator in _load_operators(_entry(_OPERATORS, "edit operator", name)):
            if problem := _problem(operator):
                raise UsageError(f"invalid edit operator {name!r}: {problem}")
            if operator.id in taken:
                raise UsageError(
                    f"the edit operator {name!r} has the id {operator.id!r}, which another one already has"
                )
            taken.add(operator.id)
            operators.append(_guarded(operator))
    return tuple(operators)


def _installed(group: str) -> tuple[Installed, ...]:
    entries = entry_points(group=group)
    plugins = [Installed(entry.name, entry.value, entry.dist.name if entry.dist else "") for entry in entries]
    return tuple(sorted(plugins, key=lambda plugin: (plugin.name, plugin.object)))


def _entry(group: str, what: str, name: str) -> EntryPoint:
    entries = entry_points(group=group, name=name)
    if len(entries) != 1:
        known = ", ".join(plugin.name for plugin in _installed(group)) or "none"
        problem = "is not installed" if not entries else "is installed more than once"
        raise UsageError(f"the {what} {name!r} {problem} (installed: {known})")
    return next(iter(entries))


def _load_rule(entry: EntryPoint) -> ChangeRule:
    try:
        rule = entry.load()()
    except Exception as error:
        raise UsageError(f"the gate rule {entry.name!r} cannot be loaded: {type(error).__name__}: {error}") from error
    id, incremental = getattr(rule, "id", None), getattr(rule, "incremental", None)
    if not (isinstance(id, str) and id and isinstance(incremental, bool) and callable(getattr(rule, "check", None))):
        raise UsageError(f"invalid gate rule {entry.name!r}: it needs id, incremental and check")
    return cast("ChangeRule", rule)


def _load_operators(entry: EntryPoint) -> tuple[Operator, ...]:
    try:
        loaded = entry.load()
        made = loaded if isinstance(loaded, Operator) else loaded()
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        raise UsageError(f"the edit operator {entry.name!r} cannot be loaded: {why}") from error
    operators = made if isinstance(made, tuple) else (made,)
    if not operators or not all(isinstance(operator, Operator) for operator in operators):
        raise UsageError(f"invalid edit operator {entry.name!r}: it must be an Operator, or return one or several")
    return operators


def _problem(operator: Any) -> str:
    """What is wrong with an operator; empty if nothing is. Its fields may hold anything."""
    id, nodes = operator.id, operator.nodes
    if not isinstance(id, str) or not id or "+" in id:
        return "its id must be a non-empty string without +"
    if not isinstance(operator.frequency, int | float) or not 0 < operator.frequency <= 100:
        return "its frequency must be a percentage above 0"
    if not all(isinstance(number, int) and number >= 1 for number in (operator.sites, operator.options)):
        return "its sites and options must be whole numbers, 1 or more"
    languages = {language.name: language for language in LANGUAGES.values()}
    language = languages.get(operator.language) if isinstance(operator.language, str) else None
    if language is None:
        return f"its language must be one of: {', '.join(languages)}"
    if not isinstance(nodes, tuple) or not nodes or not all(map(language.is_kind_of_node, nodes)):
        return f"its nodes must be a tuple of kinds of nodes of {language.name}"
    if not callable(operator.expand):
        return "its expand must be callable"
    return "" if operator.width in (0, 1) else "its width must be 0 or 1"


def _guarded(operator: Operator) -> Operator:
    """The operator, made to skip a site if it raises there or returns anything but edits of the source."""
    warned = False

    def expand(site: Site, scope: Any) -> Iterator[Replacement]:
        nonlocal warned
        try:
            for replacement in operator.expand(site, scope):
                _check(replacement, site)
                yield replacement
        except Exception as error:  # noqa: BLE001  # whatever a plugin raises, the search continues
            if not warned:
                warned = True
                why = f"{type(error).__name__}: {error}"
                _log.warning(
                    "an edit operator failed: its sites are skipped", operator=operator.id, at=site.location, why=why
                )

    return replace(operator, expand=expand)


def _check(replacement: Any, site: Site) -> None:
    """Raise `ValueError` or `TypeError` for anything that is not an edit of the site's source."""
    if not isinstance(replacement, Replacement) or not replacement.edits or not 0 < replacement.weight <= 1:
        raise TypeError(f"{replacement!r} is not a Replacement with edits and a weight above 0 and at most 1")
    if replacement.block and site.region(block=True) is None:
        raise ValueError(f"{replacement!r} edits a block, but the site is not a statement")
    site.patch(replacement)
