"""What a sandbox writes is bounded, and gone afterwards."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sandbox import Command, Ending, Limits, Mount, discard, make_marked, remove_tree, scratch_folder
from sandbox.mounts import filesystem, mount_sized, unmount_beneath
from sandbox.quota import DiskQuota

if TYPE_CHECKING:
    from tests.sandbox.conftest import Box

FILL = "for i in $(seq 200); do head -c 1000000 /dev/zero > part$i || exit 7; done"


def can_mount(folder: Path) -> bool:
    with scratch_folder(folder, 1 << 20) as made:
        return filesystem(made) == "tmpfs"


def test_a_workspace_that_is_filled_ends_the_command_and_frees_the_disk(box: Box) -> None:
    box.reopen(limits=Limits(disk_bytes=20_000_000))
    result = box.sh(f"{FILL}; sleep 20", timeout_s=20)
    assert result.ending is Ending.OUTPUT_LIMIT
    assert sum(path.stat().st_size for path in box.workspace.iterdir()) < 200_000_000
    for path in box.workspace.iterdir():
        path.unlink()
    assert box.sh("echo still").stdout == b"still\n"


def test_a_lasting_process_that_fills_the_workspace_is_ended(box: Box) -> None:
    box.reopen(limits=Limits(disk_bytes=20_000_000))
    process = box.sandbox.spawn(Command(("sh", "-c", f"{FILL}; sleep 20"), 20))
    assert process.stdout.read() == b""
    assert process.kill().ending is Ending.OUTPUT_LIMIT


def test_a_writable_mount_counts(box: Box, tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    mount = Mount(tmp_path / "results", "/results", writable=True)
    box.reopen(limits=Limits(disk_bytes=20_000_000), mounts=(*box.spec.mounts, mount))
    assert (
        box.sandbox.run(Command(("sh", "-c", f"cd $0; {FILL}; sleep 20", "/results"), 20)).ending is Ending.OUTPUT_LIMIT
    )


@pytest.mark.parametrize("backend", ["bubblewrap", "docker"])
def test_a_scratch_folder_of_a_size_never_touches_the_disk(
    backend: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    if not can_mount(tmp_path):
        pytest.skip("this user may not mount")
    box: Box = request.getfixturevalue(backend)
    disk = tmp_path / "disk"  # nobody else writes to it
    disk.mkdir()
    assert mount_sized(disk, 64 << 20)
    with scratch_folder(disk, 5 << 20) as folder:
        tree = folder / "repo"
        tree.mkdir()
        free = os.statvfs(disk).f_bfree
        box.reopen(workspace=tree)
        result = box.sh(FILL, timeout_s=60)
        assert result.exit_code == 7
        assert b"No space left on device" in result.stderr
        many = box.sh("rm part*; i=0; while true > file$i; do i=$((i+1)); done; echo $i", timeout_s=60)
        assert int(many.stdout) <= 5 * 256
        assert abs(os.statvfs(disk).f_bfree - free) * os.statvfs(disk).f_frsize < 4 << 20
        box.sandbox.close()
    assert list(disk.glob("workspace-*")) == []
    unmount_beneath(tmp_path)


@pytest.mark.parametrize("backend", ["bubblewrap", "docker"])
def test_overlays_leave_the_trees_below_as_they_are(
    backend: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    box: Box = request.getfixturevalue(backend)
    if not box.provider.overlays(tmp_path):
        pytest.skip("no layers here")
    lowest, low, tree = (tmp_path / name for name in ("lowest", "low", "tree"))
    for folder in (lowest, low, tree):
        folder.mkdir()
    (lowest / "a").write_text("lowest")
    (lowest / "b").write_text("lowest")
    (low / "b").write_text("low")
    box.reopen(workspace=tree, lower=(lowest, low))
    assert box.sh("cat a b; echo new > a; echo more >> b; rm b; echo c > c").stdout == b"lowestlow"
    assert box.sandbox.read("c") == b"c\n"
    assert box.sandbox.read("a") == b"new\n"
    box.sandbox.write("d", b"controller")
    assert box.sh("cat d; ls").stdout == b"controllera\nc\nd\n"
    box.sandbox.close()
    assert (lowest / "a").read_text() + (lowest / "b").read_text() + (low / "b").read_text() == "lowestlowestlow"
    assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text()


def test_files_deleted_while_open_are_noticed_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = 100 << 20
    monkeypatch.setattr("sandbox.quota._free", lambda _: (free, 0))
    quota = DiskQuota([tmp_path], 10 << 20)
    free = 50 << 20
    assert not quota.exceeded()
    free = 1 << 20
    time.sleep(0.2)
    assert quota.exceeded()


def test_others_may_write_to_the_same_disk(tmp_path: Path) -> None:
    (tmp_path / "ours").mkdir()
    quota = DiskQuota([tmp_path / "ours"], 5 << 20)
    (tmp_path / "theirs").write_bytes(b"x" * (20 << 20))
    os.sync()
    assert not quota.exceeded()


def test_removing_takes_mounts_that_a_dead_controller_left(tmp_path: Path) -> None:
    if not can_mount(tmp_path):
        pytest.skip("this user may not mount")
    inner = tmp_path / "scratch" / "with space, comma"
    inner.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", inner], check=True)
    (inner / "file").write_text("x")
    remove_tree(tmp_path / "scratch")
    assert not (tmp_path / "scratch").exists()
    assert unmount_beneath(tmp_path) == []


def test_a_folder_that_cannot_be_removed_is_left_and_reported(tmp_path: Path) -> None:
    stuck = tmp_path / "stuck"
    make_marked(stuck)
    (stuck / "file").write_text("x")
    if subprocess.run(["chattr", "+i", stuck / "file"], check=False, capture_output=True).returncode:
        pytest.skip("no file can be made immutable here")
    try:
        assert discard(stuck) is False
        assert (stuck / "file").exists()
    finally:
        subprocess.run(["chattr", "-i", stuck / "file"], check=True)
    assert discard(stuck) is True
    assert not stuck.exists()
