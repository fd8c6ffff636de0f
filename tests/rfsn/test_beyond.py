"""Tests that the command leaves out: a patch that breaks those of what it changes is no repair."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rfsn.trials.beyond import _words

type Rfsn = Callable[..., Any]
type Make = Callable[..., Path]
type Git = Callable[..., str]

CLIP = """\
def clip(value, low, high):
    if value < low:
        return low
    if value > low:
        return high
    return value
"""
PROJECT = {
    "shop/__init__.py": "",
    "shop/clip.py": CLIP,
    "tests/test_orders.py": "from shop.clip import clip\n\n\ndef test_order():\n    assert clip(5, 0, 10) == 5\n",
    "tests/test_clip.py": (
        "import pytest\n\nfrom shop.clip import clip\n\n\n"
        "@pytest.mark.parametrize(('value', 'clipped'), [(-1, 0), (11, 10)])\n"
        "def test_clip(value, clipped):\n    assert clip(value, 0, 10) == clipped\n"
    ),
    "tests/test_failing.py": "from shop.clip import clip\n\n\ndef test_it():\n    assert clip(3, 0, 10) == 7\n",
    "tests/test_broken.py": "from shop.clip import gone\n\n\ndef test_it():\n    assert gone\n",
}
COMMAND = ("--test", "python -m pytest tests/test_orders.py")
LOST = "pass on the base, are not run by the command, and no longer pass: tests/test_clip.py::test_clip[11-10]"


def test_the_search_keeps_what_the_command_does_not_run(rfsn: Rfsn, project: Make) -> None:
    ran = rfsn("repair", project(PROJECT), *COMMAND, "--json").json
    assert ran["status"] == "repaired", ran
    assert "+    if value > high:" in ran["patch"]


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("condition", "name", "reasons"),
    [
        ("value < low", "test_clip", [LOST]),
        ("value < low", "test_shop_clip", [LOST.replace("test_clip.py", "test_shop_clip.py")]),
        ("value < low", "test_trim", [LOST.replace("test_clip.py", "test_trim.py")]),
        ("value > high", "test_clip", []),
    ],
)
def test_a_patch_from_elsewhere_is_judged_by_them_too(
    condition: str, name: str, reasons: list[str], rfsn: Rfsn, project: Make, git: Git, tmp_path: Path
) -> None:
    files = {path.replace("test_clip", name): text for path, text in PROJECT.items()}
    folder = project(files)
    (folder / "shop/clip.py").write_text(CLIP.replace("value > low", condition))
    (tmp_path / "p.diff").write_text(git("diff", cwd=folder))
    git("checkout", "--quiet", ".", cwd=folder)
    verdict = rfsn("judge", tmp_path / "p.diff", "--repo", folder, *COMMAND, "--json").json["verdict"]
    assert (verdict["accepted"], verdict["reasons"]) == (not reasons, reasons)


def test_files_that_say_nothing_of_a_change_are_not_run_and_those_that_it_breaks_on_loading_count(
    rfsn: Rfsn, project: Make, git: Git, tmp_path: Path
) -> None:
    files = {
        **PROJECT,
        "shop/other.py": "X = 1\n",
        "tests/test_apart.py": (
            "from pathlib import Path\n\n\ndef test_apart():\n"
            "    assert 'X' in next(Path('.').rglob('o*er.py')).read_text()\n"
        ),
        "tests/test_other.py": "from shop.other import X\n\n\ndef test_x():\n    assert X\n",
    }
    folder = project(files)
    (folder / "shop/clip.py").write_text(CLIP.replace("value > low", "value > high"))
    (folder / "shop/other.py").write_text("Y = 1\n")
    (tmp_path / "p.diff").write_text(git("diff", cwd=folder))
    git("checkout", "--quiet", ".", cwd=folder)
    verdict = rfsn("judge", tmp_path / "p.diff", "--repo", folder, *COMMAND, "--json").json["verdict"]
    assert verdict["reasons"] == [LOST.replace("test_clip.py::test_clip[11-10]", "test_other.py::test_x")]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("test_pycode_ast", ("pycode", "ast")),
        ("HTTPServerTest", ("http", "server")),
        ("foo.test", ("foo",)),
        ("tests", ()),
        ("utf8_spec", ("utf", "8")),
    ],
)
def test_a_file_of_tests_is_known_by_its_words(name: str, words: tuple[str, ...]) -> None:
    assert _words(name) == words
