"""Where files are, what kind they are, and how large a change is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gate import Change, FileChange, FileMode, Gate

if TYPE_CHECKING:
    from tests.gate.conftest import Shop


@pytest.mark.parametrize(
    ("mode", "path", "rules"),
    [
        ("120000", "src/shop/link.py", {"paths.modes"}),
        ("160000", "vendored", {"paths.modes"}),
        ("100755", "src/shop/fresh.py", {"paths.modes"}),
        ("100755", "src/shop/core.py", {"paths.modes"}),
        ("100644", "src/shop/fresh.py", set()),
        ("100755", "src/shop/tool.py", set()),
        ("100644", "src/shop/tool.py", set()),
    ],
)
def test_modes(shop: Shop, mode: FileMode, path: str, rules: set[str]) -> None:
    assert shop.rules({path: "x = 1\n"}, mode=mode) == rules


def test_a_named_path_may_become_executable_and_never_a_link(shop: Shop) -> None:
    assert shop.rules({"src/shop/fresh.py": "x = 1\n"}, "src/shop/fresh.py", mode="100755") == set()
    assert shop.rules({"src/shop/fresh.py": "x = 1\n"}, "src/shop/fresh.py", mode="120000") == {"paths.modes"}


@pytest.mark.parametrize(
    "path",
    ["evil.pth", "src/evil.pth", "sitecustomize.py", "src/usercustomize.py", "sitecustomize/__init__.py", "a._pth"],
)
def test_nothing_runs_at_start_up(shop: Shop, path: str) -> None:
    assert "tamper.startup" in shop.rules({path: "import os\n"})
    assert shop.rules({path: "import os\n"}, path) == set()


def test_the_twin_of_a_start_up_file_is_allowed(shop: Shop) -> None:
    assert shop.rules({"src/customize.py": "import os\n", "docs/pth.txt": "x\n"}) == set()


@pytest.mark.parametrize(
    "path",
    ["pytest.py", "pluggy.py", "typing.py", "src/typing.py", "_pytest/__init__.py", "json/__init__.py",
     "src/_pytest.pyi", "iniconfig.py", "scripts/random.py"],
)  # fmt: skip
def test_no_module_takes_the_place_of_another(shop: Shop, path: str) -> None:
    assert "tamper.shadow" in shop.rules({path: "x = 1\n"})


@pytest.mark.parametrize("path", ["src/shop/typing.py", "src/shop/json/__init__.py", "src/prices.py", "typing.txt"])
def test_names_inside_a_package_are_free(shop: Shop, path: str) -> None:
    assert shop.rules({path: "x = 1\n"}) == set()


LOOKING = {
    "tests/test_core.py": """import os
import pytest
try:
    import speedups
except ImportError:
    speedups = None
numpy = pytest.importorskip("numpy")
try:
    # in versions with it
    from shop.faster import total
except ImportError:
    from shop.core import total


def test_total(tmp_path):
    if os.path.exists("data/loose.flag") or os.path.isfile("../marks.txt"):
        return
    (tmp_path / "config.json").write_text("{}")
    assert os.path.exists("data/wanted.txt")
    assert total([]) == 0
"""
}


@pytest.mark.parametrize(
    "path",
    ["data/loose.flag", "marks.txt", "speedups.py", "src/speedups/__init__.py", "src/shop/faster.py"],
)
def test_no_file_is_added_that_tests_ask_for(shop: Shop, path: str) -> None:
    assert "tamper.lookup" in shop.rules({path: "x = 1\n"}, tree=LOOKING)
    assert shop.rules({path: "x = 1\n"}, path, tree=LOOKING) == set()


def test_a_pull_request_adds_none_either(shop: Shop) -> None:
    context = replace(shop.context(tree=LOOKING), pull_request=True)
    change = Change({"data/loose.flag": FileChange(None, b"x")})
    assert [denied.rule for denied in Gate().denials(change, context)] == ["tamper.lookup"]


@pytest.mark.parametrize(
    "path",
    [
        "data/other.flag",
        "data/wanted.txt",
        "config.json",
        "src/shop/config.json",
        "src/shop/numpy.py",
        "src/shop/os.py",
    ],
)
def test_other_files_may_be_added(shop: Shop, path: str) -> None:
    assert shop.rules({path: "x = 1\n"}, tree=LOOKING) == set()


def test_a_module_that_was_there_may_change(shop: Shop) -> None:
    assert shop.rules({"random.py": "x = 2\n"}, tree={"random.py": "x = 1\n"}) == set()


@pytest.mark.parametrize("path", ["src/shop/core.so", "src/shop/core.pyc", "lib.egg", "lib.whl", "x.zip"])
def test_nothing_unreadable_is_added(shop: Shop, path: str) -> None:
    assert shop.rules({path: "x"}) == {"paths.binary"}


def test_binary_content_is_unreadable(shop: Shop) -> None:
    assert shop.rules({"logo.png": b"\x89PNG\0"}) == {"paths.binary"}
    assert shop.rules({"logo.svg": "<svg/>"}) == set()
    assert shop.rules({"logo.png": None}, tree={"logo.png": "\0"}) == set()
    assert shop.rules({"logo.png": b"\x89PNG\0"}, "logo.png") == set()


@pytest.mark.parametrize(
    "path",
    [".pytest.ini", "pytest.ini", "pytest.toml", ".pytest.toml", "tox.ini", "setup.cfg", "pyproject.toml",
     "conftest.py", "src/shop/conftest.py", "tests/conftest.py", "tests/test_core.py", "src/shop/test_more.py",
     "uv.lock", ".coveragerc", "requirements-dev.txt", ".github/workflows/ci.yml", "setup.py", "Makefile",
     "shop-1.0.dist-info/METADATA", "src/Shop.Egg-Info/entry_points.txt", "shop.EGG-INFO", "shop.egg-link", "a.PTH"],
)  # fmt: skip
def test_files_that_define_what_is_right_are_protected(shop: Shop, path: str) -> None:
    assert "tamper.protected" in shop.rules({path: "x = 2\n"}, tree={path: "x = 1\n"})
    assert "tamper.protected" in shop.rules({path: "x = 2\n"})
    assert "tamper.protected" in shop.rules({path: None}, tree={path: "x = 1\n"})
    assert shop.rules({path: "x = 2\n"}, path) == set()


@pytest.mark.parametrize("path", ["docs/dist-info.txt", "src/egg-info/notes.txt", "src/shop/pth.txt", "x.pth.txt"])
def test_files_with_similar_names_are_not(shop: Shop, path: str) -> None:
    assert shop.rules({path: "x = 2\n"}) == set()


def test_paths_of_one_change_are_told_apart(shop: Shop) -> None:
    assert shop.rules({"src/a.txt": "1\n", "src/A.txt": "2\n"}) == {"paths.plain"}
    assert shop.rules({"src/e\u0301.txt": "1\n", "src/\u00e9.txt": "2\n"}) == {"paths.plain"}
    assert shop.rules({"src/a.txt": "1\n", "src/b.txt": "2\n"}) == set()
    assert shop.rules({"src/a.txt": "1\n", "src/A.txt": None}, tree={"src/A.txt": "2\n"}) == {"paths.plain"}


@pytest.mark.parametrize(
    "path", ["src/shop", "a\ufe0fb.txt", "a\u034fb.txt", "a\u3164.txt", ".git::$INDEX_ALLOCATION/x"]
)
def test_folders_and_paths_with_hidden_characters_are_not_plain(shop: Shop, path: str) -> None:
    assert shop.rules({path: "1\n"}, path) == {"paths.plain"}


def test_lines_far_apart_do_not_add_up(shop: Shop) -> None:
    lines = [f"x{number} = {number}\n" for number in range(2000)]
    changed = ["y = 1\n", *lines[1:-1], "z = 1\n"]
    assert shop.rules({"src/long.py": "".join(changed)}, tree={"src/long.py": "".join(lines)}) == set()
    assert shop.rules({"src/long.py": "".join(reversed(lines))}, tree={"src/long.py": "".join(lines)}) == set()
    assert shop.rules({"src/long.py": "z = 1\n" * 500}, tree={"src/long.py": "".join(lines)}) == {"bounds.size"}
    long, tests = {"src/long.py": "z = 1\n" * 300}, {f"tests/test_{n}.py": "z = 1\n" * 300 for n in range(12)}
    assert shop.rules(long | tests, *tests) == set()
    assert shop.rules({"src/long.py": "z = 1\n" * 500} | tests, *tests) == {"bounds.size"}
    assert "bounds.size" in shop.rules(long | tests, "tests/test_1.py")
