"""Reads what the driver reports: the parts of its ids."""

from __future__ import annotations

from buildpacks.driven import driven
from buildpacks.results import CaseId

__all__ = ["DRIVER_RUNS", "case_id"]


def case_id(id: str) -> CaseId:
    """The parts of `test::case`: the name of ctest's test or of the command, and the case within it."""
    name, separator, inner = id.partition("::")
    return CaseId("", (), name, f"{separator}{inner}")


DRIVER_RUNS = driven("ctest", case_id)
"""How the driver reports: see `driver/main.cpp`."""
