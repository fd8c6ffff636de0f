"""What of a repository's declarations may reach a resolver, and which of its own packages are installed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from buildpacks import BuildpackError
from buildpacks.python.provide import _FINISH
from buildpacks.python.requirements import read_needs
from buildpacks.view import PartView
from tests.buildpacks.test_requirements import Tree

NO_NAMES = [
    "--index-url=http://127.0.0.1:1/",
    "--find-links /repo",
    "-r /etc/passwd",
    "-c constraints.txt",
    "-e git+https://code.example/x#egg=x",
    "--config-setting=x=y",
    "x @ http://127.0.0.1:1/x-1-py3-none-any.whl",
    "x @ file:///etc/x-1.tar.gz",
    "x @ git+ssh://git@code.example/x",
    "https://code.example/x-1-py3-none-any.whl",
    "git+https://code.example/x",
    "/etc/x-1-py3-none-any.whl",
    "x\n--index-url http://127.0.0.1:1/",
    "x\r--index-url http://127.0.0.1:1/",
    "x \\\n--index-url http://127.0.0.1:1/",
    "x; --index-url",
    "x --index-url http://127.0.0.1:1/",
    "${HOME}",
    "",
    "\0",
]


@pytest.mark.parametrize("text", NO_NAMES)
def test_only_requirements_by_name_are_fetched(text: str) -> None:
    quoted = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\0", "\\u0000")
    settings = f'[project]\nname = "thing"\nversion = "1"\ndependencies = ["iniconfig", "{quoted}"]\n'
    needs = read_needs(Tree({"pyproject.toml": settings}))
    assert needs.requirements == ("iniconfig",)
    assert needs.left_out == ((text.strip(),) if text.strip() else ()) or "file:" in text


@pytest.mark.parametrize("text", NO_NAMES)
def test_a_build_that_wants_anything_else_is_refused(text: str) -> None:
    quoted = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\0", "\\u0000")
    with pytest.raises(BuildpackError, match=r"build-system\.requires"):
        read_needs(Tree({"pyproject.toml": f'[build-system]\nrequires = ["setuptools", "{quoted}"]\n'}))


@pytest.mark.parametrize("text", [text for text in NO_NAMES if "\0" not in text])
def test_of_requirement_files_only_names_count(text: str) -> None:
    needs = read_needs(Tree({"requirements.txt": f"iniconfig\n{text}\n"}))
    assert set(needs.requirements) <= {"iniconfig", "x"}


HELPER = (
    '[project]\nname = "helper"\nversion = "1"\ndependencies = ["attrs"]\n[build-system]\nrequires = ["hatchling"]\n'
)
MAIN = '[project]\nname = "thing"\nversion = "1"\ndependencies = ["helper", "six"]\n'


@pytest.mark.parametrize(
    "more",
    [
        {"requirements.txt": "-e libs/helper\n"},
        {"requirements.txt": "--editable=./libs/helper[all]\n"},
        {"requirements.txt": "./libs/helper\n"},
        {"requirements.txt": "helper @ file:libs/helper\n"},
        {"pyproject.toml": MAIN + '[tool.uv.sources]\nhelper = { path = "libs/helper", editable = true }\n'},
        {
            "pyproject.toml": MAIN + "[tool.uv.sources]\nhelper = { workspace = true }\n"
            '[tool.uv.workspace]\nmembers = ["libs/*"]\n'
        },
        {"pyproject.toml": MAIN + '[tool.poetry.dependencies]\nhelper = { path = "libs/helper" }\n'},
        {"Pipfile": '[packages]\nhelper = { path = "libs/helper" }\n'},
    ],
)
def test_a_package_of_the_repository_is_built_there_and_not_fetched(more: Mapping[str, str]) -> None:
    needs = read_needs(Tree({"pyproject.toml": MAIN, "libs/helper/pyproject.toml": HELPER, **more}))
    assert needs.packages == (".", "libs/helper")
    assert set(needs.requirements) == {"six", "attrs"}
    assert needs.build == ("setuptools>=40.8", "wheel", "hatchling", "editables")


@pytest.mark.parametrize(
    "source", ["workspace = true", 'path = "../helper"', 'git = "https://x/y"', 'url = "https://x/y.whl"']
)
def test_no_registry_is_asked_for_what_has_another_source(source: str) -> None:
    """A package of that name there could be anybody's. Here only a folder of the workspace is the source."""
    pyproject = f"{MAIN}[tool.uv.sources]\nhelper = [{{ {source} }}]\nsix = {{ index = 'own' }}\n"
    needs = read_needs(Tree({"pyproject.toml": pyproject}))
    assert needs.requirements == ("six",)
    assert "helper (its source is not a registry)" in needs.left_out


def test_a_project_beside_a_part_is_built_from_the_tree() -> None:
    api = f"{MAIN}[tool.uv.sources]\nhelper = {{ path = '../../libs/helper' }}\n"
    files = {"services/api/pyproject.toml": api, "libs/helper/pyproject.toml": HELPER}
    needs = read_needs(PartView(Tree(files), "services/api"))
    assert needs.packages == (".", "../../libs/helper")
    assert set(needs.requirements) == {"six", "attrs"}
    alone = read_needs(Tree({"pyproject.toml": api}))
    assert alone.left_out == (
        "../../libs/helper (no project there inside of REPO)",
        "helper (its source is not a registry)",
    )
    above = read_needs(PartView(Tree(files), "libs/helper"))
    assert above.packages == (".",)


def test_all_members_of_a_workspace_are_installed_where_its_top_is_no_project() -> None:
    other = HELPER.replace("helper", "other").replace("attrs", "helper")
    top = '[tool.uv.workspace]\nmembers = ["libs/*"]\n'
    files = {"pyproject.toml": top, "libs/helper/pyproject.toml": HELPER, "libs/other/pyproject.toml": other}
    needs = read_needs(Tree(files))
    assert needs.packages == ("libs/helper", "libs/other")
    assert needs.requirements == ("attrs",)


@pytest.mark.parametrize("place", ["../outside", "/etc", "libs/../../outside", "libs/nothing", "libs/none/../../.."])
def test_a_place_outside_the_repository_is_left_out(place: str) -> None:
    needs = read_needs(Tree({"pyproject.toml": MAIN, "requirements.txt": f"-e {place}\n", "libs/x.py": ""}))
    assert needs.packages == (".",)
    assert len(needs.left_out) == 1


def test_compiled_files_that_were_cut_short_are_not_left(tmp_path: Path) -> None:
    """As on a disk that is full, which Python 3.12.1's compiler does not notice."""
    folder = tmp_path / "python3.12" / "site-packages"
    folder.mkdir(parents=True)
    finish = [sys.executable, "-I", "-S", "-c", _FINISH, str(tmp_path), "last"]
    for name in ("whole", "cut"):
        (folder / f"{name}.py").write_text("def f(x):\n    return x + 1\n")
    subprocess.run(finish, check=True)
    whole, cut = sorted((folder / "__pycache__").iterdir(), reverse=True)
    cut.write_bytes(cut.read_bytes()[:-10])
    subprocess.run(finish, check=True)
    assert [*(folder / "__pycache__").iterdir()] == [whole]


def test_neither_tests_of_packages_nor_the_largest_beyond_a_limit_are_compiled(tmp_path: Path) -> None:
    folder = tmp_path / "python3.12" / "site-packages"
    large = "#" * (11 << 20)
    for path, text in {"a/b.py": "", "a/tests/c.py": "", "large.py": large, "larger.py": f"{large}#"}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    subprocess.run([sys.executable, "-I", "-S", "-c", _FINISH, str(tmp_path), "last"], check=True)
    assert sorted(path.name.partition(".")[0] for path in tmp_path.rglob("*.pyc")) == ["b", "large"]
