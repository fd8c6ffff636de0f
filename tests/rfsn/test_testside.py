"""What a run shows to belong to the tests, and what it does not."""

from __future__ import annotations

import pytest

from buildpacks import Touched
from rfsn.project.testside import test_side as side_of

TEST, CODE = "tests/test_a.py", "shop/calc.py"


class Tree:
    """A tree of these files."""

    def __init__(self, files: dict[str, str]) -> None:
        self._files = files

    def files(self) -> list[str]:
        return sorted(self._files)

    def exists(self, path: str) -> bool:
        return path in self._files

    def read(self, path: str) -> bytes:
        return self._files[path].encode()


def found(files: dict[str, str], touched: Touched) -> set[str]:
    side = side_of(Tree({TEST: "", CODE: "", **files}), lambda path: path.startswith("tests/"), touched)
    return {*side.files, *side.folders}


def imported(*pairs: tuple[str, str], collected: tuple[str, ...] = (TEST,), plugins: tuple[str, ...] = ()) -> Touched:
    return Touched(collected, plugins, pairs)


def opened(*pairs: tuple[str, str]) -> Touched:
    return Touched((TEST,), (), ((CODE, TEST),), pairs)


@pytest.mark.parametrize(
    ("files", "touched", "expected"),
    [
        ({}, imported((CODE, TEST)), set()),
        ({"a.py": "import unittest\n"}, imported(("a.py", TEST)), {"a.py"}),
        ({"a.py": "def assert_same(x):\n    pass\n"}, imported(("a.py", TEST)), {"a.py"}),
        ({"a.py": "import unittest\n", CODE: "from a import x\n"}, imported(("a.py", TEST)), set()),
        ({"a.py": "import unittest\n"}, imported(("a.py", CODE)), set()),
        ({"a/b.py": "import unittest\n", "pyproject.toml": "name = 'a'\n"}, imported(("a/b.py", TEST)), set()),
        (
            {"checks/check_a.py": "", "checks/help.py": ""},
            imported(
                (CODE, "checks/check_a.py"), ("checks/help.py", "checks/check_a.py"), collected=("checks/check_a.py",)
            ),
            {"checks/check_a.py", "checks/help.py", "checks/"},
        ),
        (
            {"app/check_app.py": "", "app/app.py": ""},
            imported((CODE, "app/check_app.py"), ("app/app.py", "app/check_app.py"), collected=("app/check_app.py",)),
            {"app/check_app.py"},
        ),
        ({"plug.py": ""}, imported(plugins=("plug.py",)), {"plug.py"}),
        ({"plug.py": "", "setup.py": "py_modules=['plug']\n"}, imported(plugins=("plug.py",)), set()),
        ({"g.json": ""}, opened(("g.json", TEST)), {"g.json"}),
        ({"g.json": ""}, opened(("g.json", CODE)), set()),
        ({"g/a.json": "", "g/b.json": ""}, opened(("g/a.json", TEST)), {"g/a.json", "g/"}),
        ({"g/a.json": "", "g/b.json": ""}, opened(("g/a.json", TEST), ("g/b.json", CODE)), {"g/a.json"}),
        ({}, opened(("absent.json", TEST)), {"absent.json"}),
        ({"shop/more.py": ""}, opened(("shop/more.py", TEST), (CODE, TEST)), set()),
        ({"g/want.py": ""}, opened(("g/want.py", TEST)), {"g/want.py", "g/"}),
    ],
)
def test_what_belongs_to_the_tests(files: dict[str, str], touched: Touched, expected: set[str]) -> None:
    assert found(files, touched) == expected
