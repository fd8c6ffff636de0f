"""Reads what the driver reports: the parts of its ids."""

from __future__ import annotations

import re

from buildpacks.driven import driven
from buildpacks.results import CaseId

__all__ = ["JAVA", "case_id"]

_PARTS = re.compile(r"(?s)(?P<name>[^\[(]*)(?P<parameters>.*)")


def case_id(id: str) -> CaseId:
    """The parts of `path/to/ThingTest.java::ThingTest::Inner::name(types)[2]`.

    `[build]` stands for the tests of a module that has none and does not compile.
    """
    place = len(id) if "::" not in id else min(at for at in (id.find("["), id.find("("), len(id)) if at >= 0)
    file, *scope = id[:place].split("::")
    if not scope:
        return CaseId(file)
    match = _PARTS.fullmatch(scope.pop() + id[place:])
    name, parameters = (match["name"], match["parameters"]) if match else ("", "")
    return CaseId(file, tuple(scope), name or parameters, parameters if name else "")


JAVA = driven("the driver of Java", case_id)
"""How the driver reports: see `driver/driver/Driver.java`."""
