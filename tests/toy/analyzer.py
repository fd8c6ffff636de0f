"""The analyzer of the toy language: `@NAME` at the end of a line uses something of the host."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from gate import Construct, FileChange, Kind
from gate.languages.api import Compared
from gate.languages.tables import DottedNames, Table


class SumsAnalyzer:
    name = "sums"
    suffixes = (".sums",)
    tables: Mapping[str, Table] = {"tamper.exits": Table(DottedNames("host.stop"))}
    packages = None
    places = None

    def compare(self, file: FileChange) -> Compared | None:
        before, after = (self._constructs(content or b"") for content in (file.before, file.after))
        return Compared(before, after, frozenset())

    def _constructs(self, content: bytes) -> Counter[Construct]:
        words = content.decode("ascii", "replace").split()
        return Counter(Construct(Kind.USE, word.removeprefix("@")) for word in words if word.startswith("@"))

    def forget(self) -> None:
        """It has no cache."""
