"""What of the declared requirements the tests of a project need."""

from __future__ import annotations

from pathlib import Path

from buildpacks.python.needed import for_tests, supported
from buildpacks.view import FolderView


def test_tools_of_maintainers_are_left_out_unless_something_names_them(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "conf.py").write_text("import furo\n")
    (tmp_path / "test_a.py").write_text("from sphinx.testing import path\nCOMMAND = ['mypy', 'a.py']\n")
    texts = [
        "Sphinx>=2",
        "furo",
        "mypy==1.0",
        "ruff",
        "types-six",
        "pytest-mypy",
        "six # why",
        "not a requirement",
        "tox",
    ]
    kept = ["Sphinx>=2", "mypy==1.0", "pytest-mypy", "six # why", "not a requirement"]
    assert for_tests(texts, FolderView(tmp_path)) == kept


def test_a_pytest_that_the_runner_does_not_know_goes_with_the_pins_beside_it() -> None:
    old = ["pytest==2.9.2", "py==1.4.31", "pytest-cov[x]==2.3; python_version > '3'", "six==1.10"]
    assert supported(old) == ["pytest>=3.10", "py", 'pytest-cov[x]; python_version > "3"', "six==1.10"]
    known = ["pytest>=3,<5", "py==1.8"]
    assert supported(known) == known
    for exact in ("pytest==8.3.2", "pytest==7.1.*", "pytest~=9.0.2", "pytest===6.0.1"):
        assert supported([exact, "py==1.8"]) == [exact, "py==1.8"]
