"""What a person at a terminal sees."""

from __future__ import annotations

import os
import pty
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest


def on_terminal(command: list[str | Path], environment: dict[str, str]) -> tuple[int, str, str]:
    """Run a command whose stderr is a terminal; its exit code, stdout, and what was sent to the terminal."""
    ours, theirs = pty.openpty()
    size = {"COLUMNS": "100", "LINES": "30", "TERM": "xterm"}
    process = subprocess.Popen(command, env=environment | size, stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    seen = bytearray()
    while True:
        try:
            part = os.read(ours, 1 << 16)
        except OSError:  # how Linux says that nobody has the other end any more
            break
        if not part:
            break
        seen += part
    os.close(ours)
    out, _ = process.communicate(timeout=60)
    return process.returncode, out.decode(), seen.decode(errors="replace")


def test_the_live_view_shows_where_a_repair_stands(
    script: Path, environment: dict[str, str], project: Callable[..., Path]
) -> None:
    files = {
        "thing.py": "def least(a, b):\n    return a if a > b else b\n",
        "test_thing.py": (
            "import pytest\n\nfrom thing import least\n\n\n"
            "@pytest.mark.parametrize('a', [1, 2], ids=['[red]one', '[/bold]two'])\n"
            "def test_least(a):\n    assert least(a, 9) == a\n"
        ),
    }
    model = ("--model", "m", "--base-url", "http://127.0.0.1:9/v1")
    code, out, seen = on_terminal([script, "repair", project(files), *model], environment)
    assert code == 0
    assert "+++ b/thing.py" in out
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen)
    for text in (
        "budget",
        "candidates",
        "best so far",
        "reproduce: run the tests as they are",
        "of 900 s, step 1 of 200",
        "0.0000 of 2 USD",
    ):
        assert text in plain, text
    assert "2 of 2 fail" in plain
    assert plain.rstrip().splitlines()[-1].startswith("patch: ")
    assert "Traceback" not in plain


@pytest.mark.thorough
def test_json_is_silent_on_a_terminal_too(script: Path, environment: dict[str, str], examples: Path) -> None:
    code, out, seen = on_terminal([script, "repair", examples / "stock", "--json"], environment)
    assert (code, seen) == (0, "")
    assert out.startswith("{")
