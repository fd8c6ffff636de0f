"""What may have gone wrong besides the patch, as a log tells it: the signatures of the SWE-bench harness."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["NO_TESTS_COLLECTED", "Cause", "cause_in"]


@dataclass(frozen=True, slots=True)
class Cause:
    """The name of a cause, and whether only the machine can be at fault (a patch can print the text all the same)."""

    reason: str
    of_machine: bool


NO_TESTS_COLLECTED = Cause("no_tests_collected", of_machine=False)

_SIGNATURES = (
    (Cause("browser_launch_failed", of_machine=True), "Failed to launch|Failed to connect to the bus"),
    (Cause("display_unavailable", of_machine=True), "cannot open display|Missing X server|unable to open X display"),
    (Cause("out_of_memory", of_machine=True), "Cannot allocate memory|OutOfMemoryError|^Killed$"),
    (
        Cause("container_unavailable", of_machine=True),
        "Error response from daemon|Cannot connect to the Docker daemon",
    ),
    (Cause("network_unreachable", of_machine=True), "Could not resolve host|Temporary failure in name resolution"),
    (Cause("missing_module", of_machine=False), "Cannot find module|MODULE_NOT_FOUND|ModuleNotFoundError"),
    (NO_TESTS_COLLECTED, "no tests ran|collected 0 items"),
    (Cause("tests_timed_out", of_machine=False), r"Timeout error: \d+ seconds exceeded"),
)
_COMPILED = tuple((cause, re.compile(pattern, re.MULTILINE)) for cause, pattern in _SIGNATURES)


def cause_in(text: str) -> Cause | None:
    """The first of the known causes whose signature is in a text."""
    return next((cause for cause, pattern in _COMPILED if pattern.search(text)), None)
