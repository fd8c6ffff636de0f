"""Reads what the driver reports: the parts of its ids."""

from __future__ import annotations

from buildpacks.driven import driven
from buildpacks.results import CaseId

__all__ = ["CARGO_TEST", "case_id"]

_SOURCE = ".rs::"


def case_id(id: str) -> CaseId:
    """The parts of `src/lib.rs::module::name`: the source of the test target, the modules, and the test.

    `[build]` stands for the tests of a source that has none and does not compile.
    """
    place = id.find(_SOURCE)
    if place < 0:
        return CaseId(id)
    file = id[: place + len(_SOURCE) - 2]
    *scope, name = id[place + len(_SOURCE) :].split("::")
    return CaseId(file, tuple(scope), name)


CARGO_TEST = driven("cargo test", case_id)
"""How the driver reports: see `driver/main.rs`."""
