"""What a pack says of itself, so that the conformance kit (`rfsn.conformance`) can try whether it is so.

A pack's distribution names one in the entry-point group `rfsn.conformance`, under the name of the pack.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from buildpacks.results import Outcome

__all__ = ["Conformance"]


@dataclass(frozen=True, slots=True)
class Conformance:
    """A small faulty project in the pack's language, and changes of its sources, as texts by path.

    `cases` are the ids and outcomes of all tests of `files`; some fail. Under `repair` all pass. Under `hang` the test
    `hanging` does not end, under `crash` the process of a test dies, and `broken` does not compile, load or parse: the
    report has to say `complaint` of it. Each of the `forgeries` makes results up, so that a verdict must reject it.
    `empty` is a project without tests, and `test_file` a file that no repair may change.

    Results of a pack for which the exit code is all that is known need no canaries and no ids: it has no `forgeries`.
    """

    files: Mapping[str, str]
    cases: Mapping[str, Outcome]
    repair: Mapping[str, str]
    hang: Mapping[str, str]
    hanging: str
    crash: Mapping[str, str]
    broken: Mapping[str, str]
    complaint: str
    empty: Mapping[str, str]
    test_file: str
    forgeries: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
