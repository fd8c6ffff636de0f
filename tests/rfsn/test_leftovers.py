"""Leftovers of killed controllers are found wherever they are, and folders in use are left alone."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rfsn.machine.home import TEMPORARY
from rfsn.sessions.leftovers import remove_scratch
from sandbox import make_marked
from sandbox.maker import Maker
from sandbox.mounts import mount_sized, mounted, unmount_beneath

AS_ANOTHER_USER = """
import os
from rfsn.machine.home import TEMPORARY
from rfsn.sessions.leftovers import remove_scratch

os.setgroups([])
os.setgid(65534)
os.setuid(65534)
print(remove_scratch())
"""


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Path]:
    """The folder of a session anywhere, with a workspace mounted in it."""
    workspace = tmp_path / "session" / "scratch" / "workspace-x"
    workspace.parent.parent.mkdir()
    make_marked(workspace.parent)
    workspace.mkdir()
    (tmp_path / "session" / "journal.jsonl").touch()
    if not mount_sized(workspace, 1 << 20):
        pytest.skip("this user may not mount")
    yield tmp_path / "session"
    unmount_beneath(tmp_path)


def test_mounts_of_a_dead_session_are_removed_wherever_it_is(session: Path) -> None:
    with (session / "journal.jsonl").open("a") as used:
        fcntl.flock(used, fcntl.LOCK_EX)
        assert str(session / "scratch") not in remove_scratch()
        assert session / "scratch" / "workspace-x" in mounted()
    assert str(session / "scratch") in remove_scratch()
    assert session / "scratch" / "workspace-x" not in mounted()
    assert not (session / "scratch").exists()


def test_folders_of_another_user_are_not_a_problem(session: Path) -> None:
    session.chmod(0o700)
    environment = os.environ | {"RFSN_HOME": f"/tmp/nowhere-{os.getpid()}"}
    code = [sys.executable, "-P", "-c", AS_ANOTHER_USER]
    with (session / "journal.jsonl").open("a") as used:
        fcntl.flock(used, fcntl.LOCK_EX)  # or a session that starts beside this test removes what lies there unused
        done = subprocess.run(code, env=environment, capture_output=True, text=True, check=False)
        assert (done.stdout, done.stderr) == ("[]\n", "")
        assert session / "scratch" / "workspace-x" in mounted()


def test_resuming_an_ended_session_also_removes_leftovers(
    rfsn: Callable[..., Any], examples: Path, tmp_path: Path
) -> None:
    """A controller that is killed while it writes the results has already ended its session."""
    assert rfsn("repair", examples / "intervals", "--max-steps", "1", "--out", tmp_path / "session").code == 1
    (tmp_path / "tmp").mkdir()
    left = tmp_path / "tmp" / f"{TEMPORARY}{replace(Maker.own(), started='0')}.0123"
    make_marked(left)
    ran = rfsn("resume", tmp_path / "session", env={"TMPDIR": str(tmp_path / "tmp")})
    assert ran.code == 1
    assert not left.exists()
