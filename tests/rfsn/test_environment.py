"""Environments: they have what a project declares, and anything that cannot be installed is reported."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox import make_marked

type Rfsn = Callable[..., Any]
type Make = Callable[..., Path]

SOURCE = "def least(a, b):\n    return a if a > b else b\n"
TEST = "from thing import least\n\n\ndef test_least():\n    assert least(1, 2) == 1\n    assert least(4, 3) == 3\n"
BUILT = '[build-system]\nrequires = ["setuptools>=77"]\nbuild-backend = "setuptools.build_meta"\n'
PROJECT = '[project]\nname = "thing"\nversion = "1.2.3"\n'


def test_a_project_is_installed_with_what_it_needs(rfsn: Rfsn, project: Make) -> None:
    test = TEST + (
        "\n\ndef test_environment():\n    import iniconfig\n    from importlib.metadata import version\n"
        "    assert version('thing') == '1.2.3'\n"
    )
    settings = BUILT + PROJECT + 'dependencies = ["iniconfig"]\n[tool.setuptools.packages.find]\nwhere = ["src"]\n'
    files = {"src/thing/__init__.py": SOURCE, "tests/test_thing.py": test, "pyproject.toml": settings}
    result = rfsn("repair", project(files), "--json").json
    assert result["status"] == "repaired", result
    assert result["tests"]["failing"] == ["tests/test_thing.py::test_least"]


@pytest.mark.thorough
def test_files_that_a_build_writes_into_the_tree_are_there(rfsn: Rfsn, project: Make, git: Callable[..., str]) -> None:
    settings = (
        '[build-system]\nrequires = ["setuptools>=77", "setuptools-scm>=8"]\nbuild-backend = "setuptools.build_meta"\n'
        '[project]\nname = "thing"\ndynamic = ["version"]\n[tool.setuptools_scm]\nversion_file = "src/thing/_v.py"\n'
        '[tool.setuptools.packages.find]\nwhere = ["src"]\n'
    )
    source = "from thing._v import __version__\n\n\n" + SOURCE
    test = TEST + "\n\ndef test_version():\n    from thing import __version__\n    assert __version__ == '4.5.6'\n"
    folder = project({"src/thing/__init__.py": source, "tests/test_thing.py": test, "pyproject.toml": settings})
    git("tag", "v4.5.6", cwd=folder)
    result = rfsn("repair", folder, "--json").json
    assert result["status"] == "repaired", result
    assert result["tests"]["passed"] == 1
    assert "_v.py" not in result["patch"]


@pytest.mark.thorough
def test_a_build_that_fails_leaves_the_tree_on_the_path(rfsn: Rfsn, project: Make) -> None:
    broken = BUILT + PROJECT + '[tool.setuptools.cmdclass]\nbuild_py = "nowhere.Nothing"\n'
    files = {"src/thing.py": SOURCE, "tests/test_thing.py": TEST, "pyproject.toml": broken}
    result = rfsn("repair", project(files), "--json").json
    assert result["status"] == "repaired", result
    assert "did not build and is only on the path" in result["environment"]
    assert "nowhere" in Path(result["environment"].split("; see ")[1].removesuffix(")")).read_text()


def test_variables_reach_the_tests(rfsn: Rfsn, project: Make) -> None:
    test = TEST + "\n\ndef test_mode():\n    import os\n    assert os.environ['MODE'] == 'a=b'\n"
    folder = project({"thing.py": SOURCE, "test_thing.py": test})
    assert rfsn("repair", folder, "--max-steps", "1", "--json").json["tests"]["passed"] == 0
    assert rfsn("repair", folder, "--env", "MODE=a=b", "--max-steps", "1", "--json").json["tests"]["passed"] == 1
    assert rfsn("repair", folder, "--env", "MODE").code == 2


def test_nothing_of_the_controllers_environment_does(rfsn: Rfsn, project: Make) -> None:
    test = TEST + "\n\ndef test_secret():\n    import os\n    assert 'API_KEY' not in os.environ\n"
    folder = project({"thing.py": SOURCE, "test_thing.py": test})
    ran = rfsn("repair", folder, "--max-steps", "1", "--json", env={"API_KEY": "secret"})
    assert ran.json["tests"]["passed"] == 1


def test_offline_makes_no_environment_that_is_not_cached(rfsn: Rfsn, project: Make, tmp_path: Path) -> None:
    folder = project({"thing.py": SOURCE, "test_thing.py": TEST})
    empty = {"RFSN_HOME": str(tmp_path / "home")}
    ran = rfsn("repair", folder, "--offline", "--json", env=empty)
    assert (ran.code, ran.json["status"]) == (3, "infra_error")
    assert "--offline was given" in ran.json["reason"]
    assert rfsn("repair", folder, "--max-steps", "1").code == 1
    assert rfsn("repair", folder, "--offline", "--json").code == 0


@pytest.mark.thorough
def test_the_least_recently_used_is_removed_first(rfsn: Rfsn, project: Make, tmp_path: Path) -> None:
    environments = tmp_path / "home" / "cache" / "environments"
    for age, name in enumerate(("newer", "older", "used", "oldest")):
        environments.mkdir(parents=True, exist_ok=True)
        make_marked(environments / name)
        (environments / name / "complete").touch()
        (environments / name / "file").write_bytes(b"x" * 100_000)
        os.utime(environments / name, (time.time() - 100 * age, time.time() - 100 * age))
    folder = project({"thing.py": SOURCE, "test_thing.py": TEST})
    home = {"RFSN_HOME": str(tmp_path / "home")}
    with (environments / "used.lock").open("w") as used:
        fcntl.flock(used, fcntl.LOCK_SH)
        ran = rfsn("repair", folder, "--json", env=home | {"RFSN_CACHE_GIB": "0.000001"})
    assert ran.json["status"] == "repaired", ran.json
    evidence = json.loads((Path(ran.json["folder"]) / "evidence.json").read_text())
    left = {folder.name for folder in environments.iterdir() if folder.is_dir()}
    assert left == {"used", evidence["environment"]["parts"][0]["cache_key"]}
    assert rfsn("repair", folder, "--max-steps", "1", env=home | {"RFSN_CACHE_GIB": "0.000001"}).code == 1
    assert (environments / "used").is_dir(), "nothing was made, so nothing goes"


def test_sessions_share_one_environment_at_the_same_time(rfsn: Rfsn, project: Make, home: Path) -> None:
    folder = project({"thing.py": SOURCE, "test_thing.py": TEST})
    first = rfsn("repair", folder, "--json").json
    evidence = json.loads((Path(first["folder"]) / "evidence.json").read_text())
    key = evidence["environment"]["parts"][0]["cache_key"]
    with (home / "cache" / "environments" / f"{key}.lock").open("a") as other:
        fcntl.flock(other, fcntl.LOCK_SH)
        assert rfsn("repair", folder, "--json").json["status"] == "repaired"


@pytest.mark.thorough
def test_without_a_sandbox_a_trusted_project_is_repaired_too(rfsn: Rfsn, project: Make) -> None:
    """Its paths are this machine's, so it is not installed but put on the path; the session says that it is trusted."""
    settings = BUILT + PROJECT + '[tool.setuptools.packages.find]\nwhere = ["src"]\n'
    files = {"src/thing/__init__.py": SOURCE, "tests/test_thing.py": TEST, "pyproject.toml": settings}
    result = rfsn("repair", project(files, "a folder"), "--sandbox", "local", "--json").json
    assert result["status"] == "repaired", result
    assert "the repository is trusted" in result["source"]
    ran = rfsn("verify", result["folder"])
    assert ran.code == 2
    assert "ran without a sandbox" in ran.err


@pytest.mark.thorough
def test_a_project_that_its_own_test_tools_need_is_tested_itself(rfsn: Rfsn, project: Make) -> None:
    """What needs rich needs mdurl: the one of the index must not stand in for the one of the repository."""
    settings = BUILT + '[project]\nname = "MDURL"\nversion = "7"\n[tool.setuptools.packages.find]\nwhere = ["src"]\n'
    test = TEST.replace("from thing", "from mdurl") + (
        "\n\ndef test_version():\n    from importlib.metadata import version\n    assert version('mdurl') == '7'\n"
    )
    files = {
        "src/mdurl/__init__.py": SOURCE,
        "tests/test_it.py": test,
        "pyproject.toml": settings,
        "requirements.txt": "rich\n",
    }
    result = rfsn("repair", project(files), "--json").json
    assert result["status"] == "repaired", result
    assert "src/mdurl/__init__.py" in result["patch"]
