"""What a run writes to its tree is found, in an overlay and in a copy, and what is kept cannot be written to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from buildpacks import RunRequest
from rfsn.trials.rewriting import Kept, rewritten
from sandbox import SandboxProvider
from tests.rfsn.court import Court, courts

WRITER = """
import os, shutil
from pathlib import Path


def act():
    for step in (
        lambda: Path("tests/test_a.py").write_text("# nothing"),
        lambda: os.remove("tests/g.json"),
        lambda: Path("tests/new.py").write_text("1"),
        lambda: Path("notes.txt").write_text("2"),
        lambda: shutil.rmtree("tests/sub"),
        lambda: Path("same.txt").write_text("a"),
        lambda: (os.mkdir("tests/__pycache__"), Path("tests/__pycache__/a.pyc").write_text("")),
    ):
        try:
            step()
        except OSError:
            pass
"""
BASE = {
    "calc.py": "def act():\n    pass\n",
    "tests/test_a.py": "from calc import act\n\n\ndef test_a():\n    act()\n",
    "tests/g.json": "1",
    "tests/sub/x.json": "1",
    "notes.txt": "a",
    "same.txt": "a",
    "gone.txt": "a",
}
TESTS = {"tests/test_a.py": "changed", "tests/g.json": "removed", "tests/new.py": "new", "tests/sub/x.json": "removed"}


@pytest.fixture(scope="module")
def court(tmp_path_factory: pytest.TempPathFactory, provider: SandboxProvider) -> Iterator[Court]:
    with courts(tmp_path_factory.mktemp("court"), BASE, [], provider) as court:
        yield court


@pytest.mark.parametrize("removed", [{}, {"gone.txt": None}], ids=["an overlay", "a copy"])
def test_what_a_run_writes(court: Court, removed: dict[str, None]) -> None:
    assert court.baseline.rewritten == ()
    change = court.change({"calc.py": WRITER, **removed})
    request = RunRequest((), 5, 5)
    written = dict(court.bench.run_tests(request, 60, change).rewritten)
    assert written == {**TESTS, "notes.txt": "changed", "tests/": "written"}
    kept = Kept(lambda path: path.startswith("tests/"))
    assert dict(court.bench.run_tests(request, 60, change, kept).rewritten) == {"notes.txt": "changed"}
    borne = Kept(kept.keeps, frozenset({"tests/", "tests/g.json"}))
    written = dict(court.bench.run_tests(request, 60, change, borne).rewritten)
    assert written == {"notes.txt": "changed", "tests/": "written", "tests/g.json": "removed", "tests/new.py": "new"}


def test_a_folder_that_becomes_a_file_hides_what_was_in_it(court: Court) -> None:
    act = "import shutil\n\n\ndef act():\n    shutil.rmtree('tests/sub')\n    open('tests/sub', 'w').close()\n"
    written = court.bench.run_tests(RunRequest((), 5, 5), 60, court.change({"calc.py": act})).rewritten
    assert dict(written) == {"tests/": "written", "tests/sub": "new", "tests/sub/x.json": "removed"}


@pytest.mark.parametrize("many", [9_000, 12_000])
def test_what_is_found_is_bounded(tmp_path: Path, many: int) -> None:
    """However many files there are, and however many in the trees beneath."""
    base = [f"folder{number % 100}/{number}.txt" for number in range(20_000)]
    for folder in range(100):
        (tmp_path / f"folder{folder}").mkdir()
    for number in range(many):
        (tmp_path / f"folder{number % 100}" / f"new{number}").touch()
    found = rewritten(tmp_path, {}, lambda _: None, base, layered=True)
    assert len(found) == (1 if many > 10_000 else many + 100)
    assert (found[0][0] == "") is (many > 10_000)
