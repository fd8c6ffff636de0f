"""Sessions in projects that are older than the interpreter: another environment is found, said and kept."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from buildpacks import BuildpackError
from buildpacks.python import interpreters

type Rfsn = Callable[..., Any]
type Make = Callable[..., Path]

FILES = {
    "thing.py": "def least(a, b):\n    return a if a > b else b\n",
    "tests/test_thing.py": (
        "from collections import Mapping\n\nfrom thing import least\n\n\ndef test_least():\n"
        "    assert least(1, 2) == 1\n    assert issubclass(dict, Mapping)\n"
    ),
    "tests/test_other.py": "def test_other():\n    pass\n",
}


@pytest.fixture
def old(project: Make, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of the time of Python 3.9, which has what its tests import."""
    try:
        interpreters.asked("3.9")
    except BuildpackError as error:
        pytest.skip(str(error))
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2021-02-03T12:00:00Z")
    return project(FILES)


def test_an_environment_of_the_time_of_the_commit_takes_the_place_of_the_first(
    old: Path, rfsn: Rfsn, tmp_path: Path
) -> None:
    session = tmp_path / "session"
    ran = rfsn("repair", old, "--out", session)
    assert ran.code == 0, ran.err
    first, second = [line for line in ran.err.splitlines() if "; tests: " in line]
    assert "instead of" not in first
    assert "Python 3.9 (" in second
    assert ", packages as of 2021-02-03 in " in second
    why = (
        r"instead of Python 3\.\d+ \(\S+\): tests/test_thing.py, line 1: ImportError: cannot import name 'Mapping' from"
    )
    assert re.search(why, second), second
    # What was chosen is kept: the audit reaches the same verdict in it, and the replay agrees.
    assert rfsn("verify", session).code == 0
    assert rfsn("replay", session).code == 0
    report = (session / "report.json").read_text()
    assert '"instead_of": "Python 3.' in report
    assert "packages as of 2021-02-03" in (session / "report.html").read_text()


def test_an_interpreter_that_the_user_names_stays(old: Path, rfsn: Rfsn) -> None:
    ran = rfsn("repair", old, "--python", "{}.{}".format(*sys.version_info), "--json").json
    assert (ran["status"], ran["instead_of"]) == ("infra_error", None)
    assert "cannot import name 'Mapping'" in ran["reason"]
