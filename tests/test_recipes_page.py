"""The job of docs/recipes.md: its lines do what the page says."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "recipes.md").read_text()
LINES = [
    re.findall(r"^ +- run: (.*)$", block, re.MULTILINE) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
]

SOURCE = "def least(a, b):\n    return a if a > b else b\n"
TEST = "from thing import least\n\n\ndef test_least():\n    assert least(1, 2) == 1\n    assert least(4, 3) == 3\n"


def test_the_lines_of_the_jobs(
    project: Callable[..., Path], git: Callable[..., str], script: Path, environment: dict[str, str]
) -> None:
    folder = project({"thing.py": SOURCE, "test_thing.py": TEST})
    with_rfsn = environment | {"PATH": f"{script.parent}:{environment['PATH']}"}

    def run(line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-c", line], cwd=folder, env=with_rfsn, capture_output=True, text=True, check=False
        )

    repair, gate = LINES
    assert [run(line).returncode for line in repair] == [0] * len(repair)
    assert json.loads((folder / "rfsn.json").read_text())["status"] == "repaired"
    assert (folder / "rfsn-session" / "report.html").is_file()
    (folder / "thing.py").write_text(SOURCE.replace(">", "<"))
    git("commit", "--quiet", "--all", "--message", "mend", cwd=folder)
    ran = [run(line) for line in gate]
    assert [one.returncode for one in ran] == [0] * len(gate), ran[-1].stdout
    assert ran[-1].stdout == "allowed: thing.py\n"
