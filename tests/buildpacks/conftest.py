"""What the tests of several packs share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from buildpacks.view import FolderView


@pytest.fixture
def tree(tmp_path: Path) -> Callable[[Mapping[str, str]], FolderView]:
    """A tree with these files."""

    def make(files: Mapping[str, str]) -> FolderView:
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return FolderView(tmp_path)

    return make


@pytest.fixture
def diff(example: Path, git: Callable[..., str], tmp_path: Path) -> Callable[[str, str, str], Path]:
    """A diff of the `example` of a module of tests, in which the first occurrence of a text is replaced."""

    def make(path: str, old: str, new: str) -> Path:
        before = (example / path).read_text()
        assert old in before
        (example / path).write_text(before.replace(old, new, 1))
        (tmp_path / "p.diff").write_text(git("diff", cwd=example))
        git("checkout", "--quiet", ".", cwd=example)
        return tmp_path / "p.diff"

    return make
