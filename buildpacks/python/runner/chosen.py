"""Running tests by ids that may be spelled differently from what pytest calls them (see `buildpacks/text.py`)."""

from __future__ import annotations

import os
import re
from typing import Iterable, List

import pytest

_SURROGATE = re.compile("[\ud800-\udfff]")
_SPELLED = re.compile(r"\\x([89a-f][0-9a-f])|\\u(d[89a-f][0-9a-f]{2})")


class Chosen:
    """Leaves out every test but those of the given ids."""

    def __init__(self, ids: Iterable[str]) -> None:
        self._ids = frozenset(ids)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: List[pytest.Item]) -> None:
        items[:] = [item for item in items if spelled(item.nodeid) in self._ids]


def files_of(ids: Iterable[str]) -> List[str]:
    """The files that tests are in, each once, as arguments of pytest."""
    return list(dict.fromkeys(_file(id.partition("::")[0]) for id in ids))


def spelled(text: str) -> str:
    """A text with what is no character spelled out."""
    return _SURROGATE.sub(lambda found: _spelling(ord(found.group())), text)


def _spelling(code: int) -> str:
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"


def _file(path: str) -> str:
    """The file of that name, else the one whose name is spelled so."""
    if os.path.exists(path):
        return path
    return _SPELLED.sub(lambda found: chr(int(found[2], 16) if found[2] else 0xDC00 + int(found[1], 16)), path)
