"""Tests may ask whether a file is there, and do otherwise if it is: a repair brings none of those."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from posixpath import basename, dirname, join, normpath

from gate.decision import Context, DenialKind, Denied
from gate.patch import Change

__all__ = ["NothingTestsLookFor"]

_LARGEST = 400_000
_ASKED = re.compile(r"^(?!\s*assert\b).*\b(?:exists|isfile|isdir|is_file|is_dir|lexists|access)\s*\(.*$", re.MULTILINE)
"""A line that asks for a file; what a test asserts is no question."""

_TEXT = re.compile(r"""["']([^"'\n]{1,200})["']""")
_TRIED = re.compile(r"^[ \t]*try:[^\n]*\n(?:[ \t]+[^\n]*\n){0,3}?[ \t]+(?:from|import)[ \t]+([\w.]+)", re.MULTILINE)
_SKIPPED = re.compile(r"""\bimportorskip\(\s*["']([\w.]+)["']""")
_TOPS = ("", "src", "lib")


class NothingTestsLookFor:
    """Denies new files for which a test of the base looks: it asks whether they exist, or imports them in a `try`.

    A pull request brings none either: it may have tests of its own, but those of the base run as they were.
    """

    id = "tamper.lookup"
    incremental = True

    def check(self, change: Change, context: Context) -> Denied | None:
        added = [path for path, file in change.files.items() if file.before is None and file.after is not None]
        added = [path for path in added if not (context.protected(path) or context.lifted(path))]
        if not added:
            return None
        words = [_word(path) for path in added]
        for test in sorted(context.base.files):
            if test.endswith(".py") and context.protected(test):
                content = context.read(test)[:_LARGEST]
                if not any(word in content for word in words):
                    continue
                asked = set(_asked_for(content.decode("utf-8", "replace"), test))
                if found := next((path for path in added if path in asked), None):
                    reason = f"{found} is a new file that {test} asks for: its tests do otherwise where it is there"
                    hint = f"mend the source that the tests exercise; --allow-path {found} allows it"
                    return Denied(self.id, DenialKind.TAMPER, reason, hint)
        return None


def _word(path: str) -> bytes:
    """What a text or an import that means a file has in any case."""
    name = basename(dirname(path)) if basename(path) == "__init__.py" else basename(path)
    return name.removesuffix(".py").encode()


def _asked_for(text: str, test: str) -> Iterator[str]:
    """The paths that a file of tests asks for: from the root, from its own folder and those above."""
    folder = dirname(test)
    places = {"", folder, dirname(folder)}
    for line in _ASKED.findall(text):
        for named in _TEXT.findall(line):
            yield from (normpath(join(place, named)) for place in places)
    for module in {*_TRIED.findall(text), *_SKIPPED.findall(text)}:
        if module.partition(".")[0] not in sys.stdlib_module_names:
            stem = module.replace(".", "/")
            for top in {*_TOPS, *places}:
                yield from (normpath(join(top, f"{stem}{end}")) for end in (".py", "/__init__.py"))
