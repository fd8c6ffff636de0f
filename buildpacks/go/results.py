"""Reads what the driver reports: the parts of its ids."""

from __future__ import annotations

import re

from buildpacks.driven import driven
from buildpacks.results import CaseId

__all__ = ["GO_TEST", "case_id"]

_TEST = re.compile(r"(?:Test|Example|Fuzz)(?:[^a-zß-öø-ÿ].*)?|\[.*")


def case_id(id: str) -> CaseId:
    """The parts of `folder/TestName/subtest`; the scope is the package, by its folder.

    A folder with a name like that of a test has a backslash before it. `[build]` stands for the tests of a package that
    has none and does not compile.
    """
    parts = id.split("/")
    place = next((place for place, part in enumerate(parts) if _TEST.fullmatch(part)), len(parts))
    folder, name = "/".join(parts[:place]), "".join(parts[place : place + 1])
    inner = parts[place + 1 :]
    return CaseId("", (folder,) if folder else (), name, "".join(f"/{part}" for part in inner))


GO_TEST = driven("go test", case_id)
"""How the driver reports: see `driver/main.go`."""
