from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from sandbox import UnsafePath, copy_tree, iter_files, read_beneath, remove_tree, write_beneath


@pytest.mark.parametrize(
    "path", ["", "/", "/etc/passwd", "..", "../x", "a/../b", "a//b", "a/", "./a", ".", "a\0b", "a/."]
)
def test_paths_that_are_not_plain_are_refused(tmp_path: Path, path: str) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(UnsafePath):
        read_beneath(tmp_path, path, 10)
    with pytest.raises(UnsafePath):
        write_beneath(tmp_path, path, b"x")
    assert list(tmp_path.rglob("*")) == [tmp_path / "a"]


@pytest.fixture
def trapped(tmp_path: Path) -> Path:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("secret")
    root = tmp_path / "root"
    root.mkdir()
    (root / "file").write_text("file")
    (root / "folder").mkdir()
    (root / "link").symlink_to(root / "file")
    (root / "dangling").symlink_to(tmp_path / "outside" / "new")
    (root / "way out").symlink_to(tmp_path / "outside")
    os.mkfifo(root / "fifo")
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(root)
        server.bind("socket")
        os.chdir(here)
    return root


@pytest.mark.parametrize(
    "path", ["link", "dangling", "way out/secret", "way out/new", "fifo", "socket", "folder", "file/x", "x" * 300]
)
def test_traps_are_refused(trapped: Path, path: str) -> None:
    with pytest.raises(UnsafePath):
        read_beneath(trapped, path, 10)
    with pytest.raises(UnsafePath):
        write_beneath(trapped, path, b"x")
    assert [entry.name for entry in (trapped.parent / "outside").iterdir()] == ["secret"]


def test_read_is_capped(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"0123456789")
    assert read_beneath(tmp_path, "x", 4) == b"0123"
    assert read_beneath(tmp_path, "x", 100) == b"0123456789"
    assert read_beneath(tmp_path, "x", 0) == b""


def test_what_is_missing_is_not_found(tmp_path: Path) -> None:
    for path in ("x", "a/b/c"):
        with pytest.raises(FileNotFoundError):
            read_beneath(tmp_path, path, 1)


def test_write_makes_folders_and_modes(tmp_path: Path) -> None:
    write_beneath(tmp_path, "a/b/plain", b"1")
    write_beneath(tmp_path, "a/b/run", b"2", executable=True)
    assert (tmp_path / "a/b/plain").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "a/b/run").stat().st_mode & 0o777 == 0o755
    write_beneath(tmp_path, "a/b/run", b"3")
    assert (tmp_path / "a/b/run").read_bytes() == b"3"
    assert sorted(iter_files(tmp_path)) == ["a/b/plain", "a/b/run"]


def test_write_leaves_what_was_linked_to_the_name(tmp_path: Path) -> None:
    (tmp_path / "original").write_text("same")
    (tmp_path / "root").mkdir()
    os.link(tmp_path / "original", tmp_path / "root" / "x")
    write_beneath(tmp_path / "root", "x", b"changed")
    assert (tmp_path / "original").read_text() == "same"


def test_copy_keeps_links_and_bits_and_leaves_out_the_rest(trapped: Path, tmp_path: Path) -> None:
    (trapped / "file").chmod(0o700)
    (trapped / "folder" / "plain").write_bytes(b"\xff" * 3_000_000)
    copy = tmp_path / "deep" / "copy"
    copy_tree(trapped, copy)
    assert sorted(entry.name for entry in copy.iterdir()) == ["dangling", "file", "folder", "link", "way out"]
    assert (copy / "way out").readlink() == tmp_path / "outside"
    assert os.access(copy / "file", os.X_OK)
    assert not (copy / "folder" / "plain").stat().st_mode & 0o111
    assert (copy / "folder" / "plain").read_bytes() == b"\xff" * 3_000_000
    assert (copy / "file").stat().st_nlink == 1
    with pytest.raises(FileExistsError):
        copy_tree(trapped, copy)


def test_iter_files_is_sorted_and_sees_plain_files_only(trapped: Path) -> None:
    for name in (".git/config", "a/b", "a-b", "sub/.git", "folder/x"):
        (trapped / name).parent.mkdir(exist_ok=True)
        (trapped / name).write_text("")
    assert list(iter_files(trapped)) == ["a-b", "a/b", "file", "folder/x"]


def test_remove_takes_read_only_folders_and_follows_nothing(trapped: Path) -> None:
    (trapped / "folder" / "inner").mkdir()
    (trapped / "folder" / "inner" / "x").write_text("")
    for name in ("folder/inner", "folder", "."):
        (trapped / name).chmod(0)
    remove_tree(trapped)
    assert not trapped.exists()
    assert (trapped.parent / "outside" / "secret").read_text() == "secret"
    assert (trapped.parent / "outside").stat().st_mode & 0o700 == 0o700
    remove_tree(trapped)


def test_remove_of_a_link_or_a_file_removes_just_that(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    remove_tree(tmp_path / "link")
    (tmp_path / "file").write_text("")
    remove_tree(tmp_path / "file")
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder"]


def test_remove_takes_any_depth(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    folder = os.open(root, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("d", dir_fd=folder)
        inner = os.open("d", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(folder)
    remove_tree(root)
    assert not root.exists()
