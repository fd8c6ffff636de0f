"""Every command in the documentation works."""

from __future__ import annotations

import json
import os
import pkgutil
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PREFIX = ".venv/bin/rfsn "


def commands() -> list[str]:
    blocks = [block for page in PAGES for block in re.findall(r"```console\n(.*?)```", page.read_text(), re.DOTALL)]
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def test_make_targets_exist() -> None:
    targets = [command.removeprefix("make ") for command in commands() if command.startswith("make ")]
    assert {"repair", "test"} <= set(targets)
    for target in targets:
        subprocess.run(["make", "--dry-run", target], cwd=ROOT, check=True, capture_output=True)


@pytest.mark.slow
def test_the_rfsn_commands_run_in_order(
    environment: dict[str, str], script: Path, project: Callable[..., Path]
) -> None:
    workplace = project({}, "workplace")
    shutil.copytree(ROOT / "examples", workplace / "examples")
    row: dict[str, Any] = {
        "instance_id": "one",
        "files": {
            "one.py": "def one():\n    return 0\n",
            "test_one.py": "from one import one\n\n\ndef test():\n    assert one() == 1\n",
        },
        "test_command": ["python", "-m", "pytest"],
    }
    (workplace / "bugs.jsonl").write_text(json.dumps(row) + "\n")
    make_rows(workplace, project)
    (workplace / ".venv" / "bin").mkdir(parents=True)
    (workplace / ".venv" / "bin" / "rfsn").symlink_to(script)
    chosen = [command for command in dict.fromkeys(commands()) if command.startswith(PREFIX)]
    assert len(chosen) >= 5
    for command in chosen:
        ran = subprocess.run(
            ["sh", "-c", command], cwd=workplace, env=environment, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, f"{command}\n{ran.stderr}"
    assert json.loads((workplace / "my-session" / "report.json").read_text())["status"] == "repaired"


def make_rows(workplace: Path, project: Callable[..., Path]) -> None:
    """A data set with a bug of a repository, its clone, and a prediction."""
    source = "def one():\n    return 0\n"
    files = {"one.py": source, "test_one.py": "from one import one\n\n\ndef test():\n    assert one() == 1\n"}
    project(files, "workplace/clones/someone__one")
    gold = "--- a/one.py\n+++ b/one.py\n@@ -1,2 +1,2 @@\n def one():\n-    return 0\n+    return 1\n"
    row = {
        "instance_id": "one",
        "repo": "someone/one",
        "base_commit": "main",
        "test_patch": "",
        "patch": gold,
        "test_command": ["python", "-m", "pytest"],
        "FAIL_TO_PASS": ["test_one.py::test"],
    }
    (workplace / "rows.jsonl").write_text(json.dumps(row) + "\n")
    (workplace / "predictions.jsonl").write_text(json.dumps({"instance_id": "one", "model_patch": gold}) + "\n")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        assert "://" in target or (page.parent / target).exists(), target


def test_paths_named_in_the_readme_exist() -> None:
    for path in re.findall(r"`((?:rfsn|planners|gate|buildpacks|sandbox|tests)/[\w/.]+)`", PAGES[0].read_text()):
        assert os.path.lexists(ROOT / path), path


def terms() -> list[tuple[str, list[str]]]:
    """The terms of the glossary, each with its code names."""
    rows = re.findall(r"^\| ([\w -]+) \| .* \| (`.*) \|$", (ROOT / "docs" / "glossary.md").read_text(), re.MULTILINE)
    return [(term, re.findall(r"`([^`]+)`", names)) for term, names in rows]


def test_each_term_is_defined_once() -> None:
    named = [term for term, _ in terms()]
    assert len(named) > 40
    assert len(named) == len(set(named))


@pytest.mark.parametrize(("term", "names"), terms())
def test_the_code_names_of_a_term_exist(term: str, names: list[str]) -> None:
    assert names, term
    for name in names:
        if "/" in name:
            assert (ROOT / name).is_file(), name
        else:
            assert pkgutil.resolve_name(name) is not None, name
