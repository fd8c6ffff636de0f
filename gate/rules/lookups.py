"""Tests may look for files that are not there, and do otherwise if there are: a repair brings none of those."""

from __future__ import annotations

import re
from posixpath import basename

from gate.decision import Context, DenialKind, Denied
from gate.patch import Change
from gate.rules.protected import is_protected

__all__ = ["NothingTestsLookFor"]

_LARGEST = 400_000
_OPTIONAL = rb"(?:try:\s+(?:from\s+{0}\b|import\s+{0}\b)|(?:importorskip|find_spec)\(\s*[\"']{0}[\"'])"
"""How a test names a module that it can do without."""

_TEXT = rb"[\"']((?:[^\"'\n]*/)?{0})[\"']"
"""A text that ends with the name of a file."""


class NothingTestsLookFor:
    """Denies new files whose names are in the tests as what may be there: a golden file, an optional helper."""

    id = "tamper.lookup"
    incremental = True

    def check(self, change: Change, context: Context) -> Denied | None:
        added = [
            path
            for path, file in change.files.items()
            if file.before is None and file.after is not None and not context.lifted(path)
        ]
        for path in added:
            if not is_protected(path, change.files[path], context) and (test := _names(path, context)) is not None:
                reason = f"{path} is a new file that {test} looks for: its tests do otherwise where it is there"
                hint = f"mend the source that the tests exercise; --allow-path {path} allows it"
                return Denied(self.id, DenialKind.TAMPER, reason, hint)
        return None


def _names(path: str, context: Context) -> str | None:
    """The first file of the tests that may look for a file."""
    name = basename(path)
    stem, _, suffix = name.rpartition(".")
    module = suffix in {"py", "pyi"}
    form, word = (_OPTIONAL, stem) if module else (_TEXT, name)
    pattern = re.compile(form.replace(b"{0}", re.escape(word.encode())))
    tests = (other for other in sorted(context.base.files) if other.endswith(".py") and context.protected(other))
    for test in tests:
        content = context.read(test)
        found = pattern.finditer(content) if len(content) <= _LARGEST else ()
        if any(module or _means(match[1].decode("utf-8", "replace"), path, context) for match in found):
            return test
    return None


def _means(text: str, path: str, context: Context) -> bool:
    """Whether a text is a new file, from its folder or one above, and no file that is there."""
    text = text.removeprefix("./")
    end = f"/{text}"
    return (path == text or path.endswith(end)) and not any(
        other == text or other.endswith(end) for other in context.base.files
    )
