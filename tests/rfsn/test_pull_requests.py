"""A maintainer's ordinary pull request: a fix with its own tests, a version, notes, a dependency."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from buildpacks import Touched
from buildpacks.view import FolderView
from gate import Change, FileChange, Gate, new_requirements
from gate.metadata import is_metadata
from rfsn.config import Config
from rfsn.project.fence import Fence
from rfsn.project.parts import find_parts
from tests.conftest import run_git

type Files = Mapping[str, str | None]

CODE = "def least(a, b):\n    return a if a > b else b\n"
FIXED = CODE.replace(">", "<")
TEST = "from shop.calc import least\n\n\ndef test_least():\n    assert least(1, 2) == 1\n"
MORE = TEST + "\n\ndef test_equal():\n    assert least(2, 2) == 2\n"
PROJECT = """[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "shop"
version = "1.0.0"
description = "A shop"
dependencies = ["attrs>=22", "click"]

[project.optional-dependencies]
fast = ["orjson"]

[project.scripts]
shop = "shop.main:main"

[dependency-groups]
dev = ["pytest", "mypy"]

[tool.poetry]
version = "1.0.0"

[tool.poetry.dependencies]
click = "^8"

[tool.bumpversion]
current_version = "1.0.0"

[tool.pytest.ini_options]
testpaths = ["tests"]
"""
SETUP_CFG = """[metadata]
version = 1.0.0

[options]
install_requires =
    attrs
    click

[options.extras_require]
fast =
    orjson

[bumpversion]
current_version = 1.0.0

[tool:pytest]
testpaths = tests
"""
SETUP = """from setuptools import setup

VERSION = "1.0.0"
setup(name="shop", version="1.0.0", install_requires=["attrs", "click"], packages=["shop"])
"""
BASE = {
    "shop/__init__.py": "__version__ = '1.0.0'\n",
    "shop/calc.py": CODE,
    "tests/test_calc.py": TEST,
    "tests/data/a.json": "1",
    "golden/total.json": "1",
    "conftest.py": "",
    "pyproject.toml": PROJECT,
    "setup.cfg": SETUP_CFG,
    "setup.py": SETUP,
    "requirements.txt": "attrs==22.1\nclick>=8  # the command line\n",
    "requirements/dev.txt": "pytest\nmypy\n",
    "constraints.txt": "attrs<25\n",
    "uv.lock": "version = 1\n",
    "Pipfile.lock": "{}\n",
    "CHANGELOG.md": "# 1.0.0\n",
    "README.md": "A shop\n",
    "VERSION": "1.0.0\n",
}
TOUCHED = Touched(
    ("tests/test_calc.py",),
    opened=tuple(
        (path, "tests/test_calc.py") for path in ("golden/total.json", "CHANGELOG.md", "README.md", "VERSION")
    ),
)


def within(path: str, old: str, new: str) -> Files:
    """A file of the base with one text in another's place."""
    assert BASE[path].count(old) == 1 or old == "1.0.0"
    return {path: BASE[path].replace(old, new)}


VERSIONS = [within(path, "1.0.0", "1.0.1") for path in ("pyproject.toml", "setup.cfg", "setup.py", "VERSION")]
RELEASE = {path: text for files in VERSIONS for path, text in files.items()}
NEW_TEST = {"tests/test_more.py": MORE}
HONEST: list[Files] = [
    {},
    {"tests/test_calc.py": MORE},
    NEW_TEST,
    {"tests/unit/test_more.py": MORE},
    {"tests/unit/__init__.py": "", "tests/unit/test_more.py": MORE},
    {"tests/data/b.json": "2", **NEW_TEST},
    {"tests/data/a.json": "2", **NEW_TEST},
    {"golden/more.json": "2", **NEW_TEST},
    {"golden/total.json": "2", "tests/test_calc.py": MORE},
    {"tests/helpers.py": "def check(x):\n    assert x\n", **NEW_TEST},
    {"tests/test_calc.py": "import pytest\n" + MORE},
    {"tests/test_calc.py": MORE.replace("test_equal", "test_the_same")},
    {"shop/more_test.py": MORE},
    *VERSIONS,
    RELEASE,
    {"shop/__init__.py": "__version__ = '1.0.1'\n", **RELEASE},
    {"CHANGELOG.md": "# 1.0.1\n\n- least\n\n# 1.0.0\n"},
    {"CHANGES.rst": "1.0.1\n"},
    {"changelog.d/12.bugfix.md": "least\n"},
    {"README.md": "A shop, mended\n"},
    {"CHANGELOG.md": "# 1.0.1\n", **NEW_TEST, **RELEASE},
    within("pyproject.toml", '"click"', '"click", "tomli"'),
    within("pyproject.toml", "attrs>=22", "attrs>=23"),
    within("pyproject.toml", '["orjson"]', '["orjson", "msgspec"]'),
    within("pyproject.toml", '"mypy"', '"mypy", "ruff"'),
    within("pyproject.toml", 'click = "^8"', 'click = "^8"\nrich = "^13"'),
    within("pyproject.toml", 'description = "A shop"', 'description = "The shop"\nrequires-python = ">=3.9"'),
    within("pyproject.toml", 'description = "A shop"', 'authors = [{name = "Ada"}]\nkeywords = ["shop"]'),
    within("setup.cfg", "    click", "    click\n    rich>=13"),
    within("setup.cfg", "    orjson", "    orjson\nall =\n    rich"),
    within("setup.py", '"click"', '"click>=8", "rich"'),
    within("requirements.txt", "attrs==22.1", "attrs==23.1"),
    within("requirements.txt", "click>=8", "rich\nclick>=8"),
    within("requirements.txt", "click>=8", "rich[all] ; python_version > '3.8'\nclick>=8"),
    within("requirements/dev.txt", "mypy", "mypy\nruff==0.5"),
    within("constraints.txt", "attrs<25", "attrs<26"),
    {"requirements-docs.txt": "sphinx\n"},
    {
        "uv.lock": "version = 1\n\n[[package]]\nname = 'rich'\n",
        **within("pyproject.toml", '"click"', '"click", "rich"'),
    },
    {"Pipfile.lock": '{"default": {}}\n'},
    {"shop/more.py": "import rich\n\n\nrich.print\n", **within("pyproject.toml", '"click"', '"click", "rich"')},
    {"shop/more.py": "import rich\n", **within("requirements.txt", "click>=8", "rich\nclick>=8"), **NEW_TEST},
    {"shop/more.py": "X = 1\n", "CHANGELOG.md": "# 2\n", **NEW_TEST, **RELEASE},
]
NEVER: list[Files] = [
    {"conftest.py": "collect_ignore = ['tests']\n"},
    {"tests/conftest.py": "collect_ignore_glob = ['*']\n"},
    {"pytest.ini": "[pytest]\naddopts = --co\n"},
    {"tox.ini": "[pytest]\naddopts = --co\n"},
    {"pyproject.toml": None},
    {"pyproject.toml": "[project]\n"},
    {".github/workflows/ci.yml": "on: push\n"},
    {"sitecustomize.py": "X = 1\n"},
    {"pytest.py": "X = 1\n"},
    within("pyproject.toml", 'testpaths = ["tests"]', 'testpaths = ["tests"]\naddopts = "--co"'),
    within("pyproject.toml", "setuptools.build_meta", "evil"),
    within(
        "pyproject.toml", "[project.scripts]", '[project.entry-points.pytest11]\nevil = "evil"\n\n[project.scripts]'
    ),
    within("pyproject.toml", '"click"', '"click", "pytest-evil"'),
    within("pyproject.toml", '"click"', '"evil @ https://example.org/evil.whl"'),
    within("setup.cfg", "testpaths = tests", "testpaths = docs"),
    within("setup.cfg", "    click", "    pluggy==0.1"),
    within("setup.py", "from setuptools", "import os\nfrom setuptools"),
    within("setup.py", '["attrs", "click"]', "__import__('os').listdir()"),
    within("requirements.txt", "click>=8", "--index-url https://example.org\nclick>=8"),
    within("requirements.txt", "click>=8", "-e ./evil"),
    {"tests/requirements/conftest.py": "import shop\n"},
    {"tests/requirements/pytest.ini": "pytest\n"},
]
SOURCES = ["src/history.ts", "src/version.rs", "shop/changes.js", "shop/news.py", "requirements/thing.py"]


@pytest.fixture(scope="module")
def denied(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, str]]:
    """The rules that deny a fix with these files besides, each with its hint."""
    folder = tmp_path_factory.mktemp("shop")
    for path, text in BASE.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    view = FolderView(folder)

    def check(files: Files, config: Config) -> dict[str, str]:
        context = Fence(view, find_parts(view), config).observing(TOUCHED).context()
        return {denied.rule: denied.hint for denied in Gate().denials(change_of(files), context)}

    return check


def change_of(files: Files) -> Change:
    """A fix with these files besides."""
    return Change(
        {
            path: FileChange(BASE[path].encode() if path in BASE else None, text.encode() if text is not None else None)
            for path, text in {"shop/calc.py": FIXED, **files}.items()
        }
    )


def test_no_honest_pull_request_is_denied(denied: Callable[..., dict[str, str]]) -> None:
    assert len(HONEST) >= 40
    assert [(files, rules) for files in HONEST if (rules := denied(files, Config(pull_request=True)))] == []


def test_without_the_option_the_hint_names_it(denied: Callable[..., dict[str, str]]) -> None:
    hints = [hint for files in HONEST for rule, hint in denied(files, Config()).items() if rule == "tamper.protected"]
    assert len(hints) >= 35
    assert all("--pull-request" in hint for hint in hints)


@pytest.mark.parametrize("files", NEVER, ids=lambda files: next(iter(files)))
def test_how_tests_run_stays_protected(files: Files, denied: Callable[..., dict[str, str]]) -> None:
    assert denied(files, Config(pull_request=True))


@pytest.mark.parametrize("path", SOURCES)
def test_source_is_neither_notes_nor_a_list_of_requirements(path: str) -> None:
    assert not is_metadata(path, FileChange(None, b"six\n"))
    assert is_metadata(f"{path.rpartition('.')[0].replace('thing', 'dev')}.txt", FileChange(None, b"six\n"))


def test_a_test_that_the_command_names_may_change_and_what_else_it_names_may_not(tmp_path: Path) -> None:
    for path in ("tests/test_calc.py", "tests/test_more.py", "run.py"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text("")
    view = FolderView(tmp_path)
    command = ("python", "run.py", "tests/test_calc.py")

    def lifted(path: str, **options: Any) -> bool:
        fence = Fence(view, find_parts(view), Config(test=command, **options))
        assert fence.protected(path)
        return fence.lifted(path)

    for option in ("pull_request", "allow_test_edits"):
        assert lifted("tests/test_calc.py", **{option: True})
        assert not lifted("run.py", **{option: True})
        assert not lifted("tests/test_calc.py", protect=("tests/test_calc.py",), **{option: True})
    assert not lifted("tests/test_calc.py")


def test_what_a_change_requires_anew() -> None:
    more = within("pyproject.toml", '"click"', '"click>=9", "rich>=13"')
    assert new_requirements(change_of({**more, "requirements.txt": "attrs==23\nclick\ntomli\n"})) == (
        "rich>=13",
        "tomli",
    )
    assert new_requirements(change_of(RELEASE)) == ()


@pytest.fixture
def judged(project: Callable[..., Path], rfsn: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    about = '[project]\nname = "shop"\nversion = "1.0.0"\n'
    files = {"shop/__init__.py": "", "shop/calc.py": CODE, "tests/test_calc.py": TEST, "pyproject.toml": about}
    repo = project(files)

    def judge(changed: Files, *options: str) -> Any:
        for path, text in changed.items():
            (repo / path).write_text(text or "")
        run_git("add", "--all", cwd=repo)
        (tmp_path / "pr.diff").write_text(run_git("diff", "--cached", cwd=repo))
        run_git("reset", "--quiet", "--hard", cwd=repo)
        return rfsn("judge", tmp_path / "pr.diff", "--repo", repo, "--json", *options)

    return judge


def test_a_pull_request_is_judged_with_its_tests(judged: Callable[..., Any]) -> None:
    honest = {"shop/calc.py": FIXED, "tests/test_calc.py": MORE, "tests/test_more.py": MORE, "CHANGELOG.md": "# 2\n"}
    honest["pyproject.toml"] = '[project]\nname = "shop"\nversion = "1.0.1"\n'
    ran = judged(honest, "--pull-request")
    assert (ran.code, ran.json["status"]) == (0, "repaired")
    assert ran.json["tests"]["fixed"] == ["tests/test_calc.py::test_least"]


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"tests/test_calc.py": TEST.replace("== 1", "== 2")}, "targets that do not pass"),
        (
            {"shop/calc.py": FIXED, "tests/test_more.py": MORE.replace("== 2", "== 3")},
            "fail with the tests of the patch",
        ),
        (
            {"shop/calc.py": FIXED, "tests/test_calc.py": MORE.replace("test_least", "test_first")},
            "that the patch takes",
        ),
    ],
)
def test_its_tests_never_stand_for_those_of_the_base(changed: Files, said: str, judged: Callable[..., Any]) -> None:
    ran = judged(changed, "--pull-request")
    assert (ran.code, ran.json["status"]) == (1, "not_repaired")
    assert said in ran.out


def test_what_tests_ask_for_changes_where_that_is_allowed(judged: Callable[..., Any]) -> None:
    other = {"shop/calc.py": FIXED.replace("a if", "a  if"), "tests/test_calc.py": TEST.replace("== 1", "> 0")}
    wrong = {"tests/test_calc.py": TEST.replace("== 1", "== 2")}
    ran = judged(wrong, "--pull-request")
    assert ran.code == 1
    assert "the patch changes tests/test_calc.py, whose tests ran as they were: --allow-test-edits" in ran.out
    assert judged(other, "--pull-request", "--allow-test-edits").code == 0
