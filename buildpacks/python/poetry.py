"""Poetry's own way of writing requirements and versions, translated to the standard one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from buildpacks.python.tables import Malformed

__all__ = ["poetry_requirements", "poetry_versions"]

_MAX_TEXT = 1_000


def poetry_requirements(table: Mapping[str, Any]) -> Iterator[str]:
    """The requirements of a table of Poetry's (PEP 508), without optional ones and those that no registry has."""
    for name, constraints in table.items():
        for constraint in constraints if isinstance(constraints, list) else [constraints]:
            local = isinstance(constraint, dict) and constraint.keys() & {"path", "file", "git", "url"}
            optional = isinstance(constraint, dict) and constraint.get("optional")
            if not local and not optional:
                yield _poetry_requirement(name, constraint)


def _poetry_requirement(name: str, constraint: Any) -> str:
    from poetry.core.factory import Factory  # noqa: PLC0415  # it takes a third of a second, and few projects need it

    if len(str(constraint)) > _MAX_TEXT:
        raise Malformed(f"{name:.100} in tool.poetry is too long")
    try:
        text = Factory.create_dependency(name, constraint).to_pep_508()
    except Exception as error:  # what it raises depends on what is written there
        raise Malformed(f"{name} in tool.poetry: {error}") from error
    return name if "||" in text else text


def poetry_versions(text: str) -> str:
    """The Python versions that Poetry's constraint allows (PEP 440); empty if it allows all, or disjoint ranges."""
    from poetry.core.constraints.version import parse_constraint  # noqa: PLC0415  # the same

    try:
        versions = str(parse_constraint(text[:_MAX_TEXT] or "*"))
    except Exception as error:  # the same
        raise Malformed(f"python in tool.poetry: {error}") from error
    return "" if versions == "*" or "||" in versions else versions
