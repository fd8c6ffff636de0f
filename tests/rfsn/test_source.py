"""Snapshots: what the user sees, byte for byte, whatever the repository would like git to do."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from gate import CreateFile, DeleteFile, Edit, EditFile, Patch, RenameFile, SetMode, apply, content_hash
from rfsn.errors import UsageError
from rfsn.source.snapshot import render_diff, take_files
from rfsn.source.source import take_source

type Git = Callable[..., str]
type Make = Callable[..., Path]

ODD = {
    "crlf.py": b"x = 1\r\ny = 2\r\n",
    "latin.py": b"# -*- coding: latin-1 -*-\nname = '\xe4'\n",
    "bom.py": b"\xef\xbb\xbfx = 1\n",
    "no newline.txt": b"end",
    "\u00fcber/\u00e4.py": b"x = 1\n",
    "empty.py": b"",
}


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }


def odd_project(make: Make, git: Git) -> Path:
    folder = make({})
    for path, content in ODD.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(content)
    (folder / ".gitattributes").write_text("* text=auto eol=lf\n*.py filter=evil ident\n")
    git("add", "--all", cwd=folder)
    git("commit", "--quiet", "--message", "odd", cwd=folder)
    return folder


def test_bytes_stay_as_they_are(project: Make, git: Git, tmp_path: Path) -> None:
    folder = odd_project(project, git)
    expected = ODD | {".gitattributes": b"* text=auto eol=lf\n*.py filter=evil ident\n"}
    snapshot = take_source(str(folder), None, tmp_path / "base")
    assert files_of(tmp_path / "base") == expected
    assert snapshot.files == len(expected)
    assert git("status", "--porcelain", cwd=tmp_path / "base") == ""
    assert git("rev-list", "--all", "--count", cwd=tmp_path / "base").strip() == "1"
    assert git("remote", cwd=tmp_path / "base") == ""
    again = take_source(str(folder), None, tmp_path / "again")
    assert again.tree == snapshot.tree


def test_nothing_of_a_hostile_repository_runs(project: Make, git: Git, tmp_path: Path) -> None:
    folder = project({"a.py": "x = 1\n", ".gitattributes": "*.py filter=evil diff=evil\n"})
    proof = tmp_path / "proof"
    evil = f"touch {proof}; cat"
    for key in ("filter.evil.clean", "filter.evil.smudge", "diff.evil.textconv", "core.fsmonitor", "core.sshCommand"):
        git("config", key, evil, cwd=folder)
    git("config", "uploadpack.packObjectsHook", evil, cwd=folder)
    git("config", "core.hooksPath", ".hooks", cwd=folder)
    for hook in ("post-checkout", "pre-commit", "post-index-change", "reference-transaction"):
        path = folder / ".hooks" / hook
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\ntouch {proof}\n")
        path.chmod(0o755)
    (folder / "a.py").write_text("x = 2\n")
    take_source(str(folder), None, tmp_path / "working-tree")
    take_source(str(folder), "HEAD", tmp_path / "commit")
    assert not proof.exists()
    assert (tmp_path / "working-tree" / "a.py").read_text() == "x = 2\n"
    assert (tmp_path / "commit" / "a.py").read_text() == "x = 1\n"


def test_the_day_of_the_commit_is_known(project: Make, git: Git, tmp_path: Path) -> None:
    folder = project({"a.py": "x = 1\n"})
    git("init", "--quiet", cwd=tmp_path / "new")
    (tmp_path / "new" / "a.py").write_text("")
    git("-c", "gpg.program=false", "commit", "--amend", "--no-edit", "--date=@0", cwd=folder)
    raw = git("cat-file", "commit", "HEAD", cwd=folder)
    for seconds, day in (("1496300000", "2017-06-01"), ("12345", ""), ("99999999999", "")):
        text = re.sub(r"(?m)^(committer .*>) \d+", rf"\1 {seconds}", raw)
        (tmp_path / "commit").write_text(text)
        made = git("hash-object", "-t", "commit", "--literally", "-w", str(tmp_path / "commit"), cwd=folder).strip()
        git("update-ref", "HEAD", made, cwd=folder)
        dates = [take_source(str(folder), ref, tmp_path / f"{seconds}-{ref}").date for ref in (None, "HEAD")]
        assert dates == [day, day]
    assert take_source(str(tmp_path / "new"), None, tmp_path / "none").date == ""


def test_submodules_are_left_alone(project: Make, git: Git, tmp_path: Path) -> None:
    modules = '[submodule "evil"]\n\tpath = evil\n\turl = ext::touch proof\n'
    folder = project({"a.py": "x = 1\n", ".gitmodules": modules})
    commit = git("rev-parse", "HEAD", cwd=folder).strip()
    git("update-index", "--add", "--cacheinfo", f"160000,{commit},evil", cwd=folder)
    git("commit", "--quiet", "--message", "a submodule", cwd=folder)
    git("config", "submodule.evil.update", "!touch proof", cwd=folder)
    for ref in (None, "HEAD"):
        base = tmp_path / f"base-{ref}"
        take_source(str(folder), ref, base)
        assert sorted(path.name for path in base.iterdir() if path.name != ".git" and path.is_file()) == [
            ".gitmodules",
            "a.py",
        ]
    assert not list(tmp_path.rglob("proof"))


def test_objects_that_another_repository_lends_are_not_read(project: Make, git: Git, tmp_path: Path) -> None:
    """They could be anybody's: the working tree needs none of them; a commit does, and the message has the remedy."""
    lender = project({"a.py": "x = 1\n"}, "lender")
    borrower = tmp_path / "borrower"
    git("clone", "--quiet", "--shared", str(lender), str(borrower), cwd=tmp_path)
    take_source(str(borrower), None, tmp_path / "base")
    assert (tmp_path / "base" / "a.py").read_text() == "x = 1\n"
    git("fsck", "--full", cwd=tmp_path / "base")
    with pytest.raises(UsageError, match="git repack -a -d"):
        take_source(str(borrower), "HEAD", tmp_path / "again")
    git("repack", "-a", "-d", "--quiet", cwd=borrower)
    (borrower / ".git" / "objects" / "info" / "alternates").unlink()
    take_source(str(borrower), "HEAD", tmp_path / "again")
    assert (tmp_path / "again" / "a.py").read_text() == "x = 1\n"


def test_no_file_that_git_ignores_gets_into_the_base(project: Make, git: Git, tmp_path: Path) -> None:
    """What is not in the base cannot be sent to a model either. A tracked file is never ignored, as in git."""
    rules = {".gitignore": ".env*\n!.env.example\n/build/\n*.log\n", "sub/.gitignore": "local.py\n", "kept.log": ""}
    folder = project({"a.py": "", ".env.example": "", "sub/b.py": ""} | rules)
    git("add", "--force", "kept.log", cwd=folder)
    git("commit", "--quiet", "--amend", "--no-edit", cwd=folder)
    (folder / ".git" / "info").mkdir(exist_ok=True)
    (folder / ".git" / "info" / "exclude").write_text("notes.txt\n")
    for path in (
        ".env",
        ".env.prod",
        "sub/.env",
        "build/x.py",
        "sub/local.py",
        "sub/deep/x.log",
        "notes.txt",
        "new.py",
    ):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text("TOKEN = 1\n")
    take_source(str(folder), None, tmp_path / "base")
    listed = git("ls-files", "--cached", "--others", "--exclude-standard", cwd=folder).split()
    taken = ["a.py", ".env.example", "kept.log", "new.py", "sub/b.py", ".gitignore", "sub/.gitignore"]
    assert sorted(files_of(tmp_path / "base")) == sorted(listed) == sorted(taken)


@pytest.mark.parametrize("place", ["default", "configured", "of the repository"])
def test_what_the_user_ignores_everywhere_is_ignored(
    project: Make, git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """A repository's own setting is not trusted: it could name any file of this machine."""
    home = tmp_path / "home"
    (home / ".config" / "git").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL"):
        monkeypatch.delenv(name, raising=False)
    folder = project({"a.py": ""})
    where = home / ".config" / "git" / "ignore" if place == "default" else home / "mine"
    where.write_text("private.txt\n")
    if place == "configured":
        (home / ".gitconfig").write_text("[core]\n\texcludesFile = ~/mine\n")
    if place == "of the repository":
        git("config", "core.excludesFile", str(where), cwd=folder)
    (folder / "private.txt").write_text("")
    take_source(str(folder), None, tmp_path / "base")
    ignored = place != "of the repository"
    assert sorted(files_of(tmp_path / "base")) == ["a.py", *([] if ignored else ["private.txt"])]


def test_links_pipes_and_modes(project: Make, tmp_path: Path) -> None:
    folder = project({"run.sh": "#!/bin/sh\n", "a.py": ""})
    (folder / "run.sh").chmod(0o755)
    (folder / "link").symlink_to("/etc/passwd")
    (folder / "loop").symlink_to("loop")
    os.mkfifo(folder / "pipe")
    take_source(str(folder), None, tmp_path / "base")
    assert (tmp_path / "base" / "link").is_symlink()
    assert (tmp_path / "base" / "loop").is_symlink()
    assert not (tmp_path / "base" / "pipe").exists()
    assert (tmp_path / "base" / "run.sh").stat().st_mode & 0o111


def test_a_folder_of_a_repository_is_a_source(project: Make, git: Git, tmp_path: Path) -> None:
    folder = project({"outer.py": "", "inner/a.py": "x = 1\n", "inner/b/c.py": ""})
    (folder / "inner" / "new.py").write_text("")
    take_source(str(folder / "inner"), None, tmp_path / "tree")
    assert sorted(files_of(tmp_path / "tree")) == ["a.py", "b/c.py", "new.py"]
    take_source(str(folder / "inner"), "HEAD", tmp_path / "commit")
    assert sorted(files_of(tmp_path / "commit")) == ["a.py", "b/c.py"]
    assert git("status", "--porcelain", cwd=folder).strip() == "?? inner/new.py"


def test_a_file_url_is_fetched_without_history(project: Make, git: Git, tmp_path: Path) -> None:
    folder = project({"a.py": "x = 1\n"})
    (folder / "a.py").write_text("x = 2\n")
    git("commit", "--quiet", "--all", "--message", "two", cwd=folder)
    take_source(f"file://{folder}", None, tmp_path / "base")
    assert (tmp_path / "base" / "a.py").read_text() == "x = 2\n"
    assert git("rev-list", "--all", "--count", cwd=tmp_path / "base").strip() == "1"


@pytest.mark.parametrize(
    ("source", "ref", "said"),
    [
        ("ext::sh -c 'touch /tmp/rfsn-proof'", None, "transport helpers"),
        ("file:///no/such/repository", None, "no such folder"),
        ("--upload-pack=touch /tmp/rfsn-proof", None, "no such folder"),
        (".", "--output=/tmp/rfsn-proof", "invalid revision"),
    ],
)
def test_an_invalid_source_is_refused(source: str, ref: str | None, said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=said):
        take_source(source, ref, tmp_path / "base")
    assert not (tmp_path / "base").exists()
    assert not Path("/tmp/rfsn-proof").exists()


def test_an_empty_repository_is_refused(project: Make, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing to repair"):
        take_source(str(project({})), None, tmp_path / "base")


def test_a_rendered_diff_applies_to_the_users_tree(project: Make, git: Git, tmp_path: Path) -> None:
    folder = odd_project(project, git)
    base = tmp_path / "base"
    take_source(str(folder), None, base)

    def read(path: str) -> bytes:
        try:
            return (base / path).read_bytes()
        except NotADirectoryError as error:
            raise FileNotFoundError(path) from error

    def edit(path: str, start: int, end: int, text: bytes) -> EditFile:
        return EditFile(path, content_hash(ODD[path]), (Edit(start, end, text),))

    patch: Patch = (
        edit("crlf.py", 4, 5, b"3"),
        edit("latin.py", 34, 35, b"\xf6"),
        edit("bom.py", 3, 4, b"z"),
        edit("no newline.txt", 0, 0, b"the "),
        RenameFile("\u00fcber/\u00e4.py", "plain.py"),
        DeleteFile("empty.py"),
        CreateFile("new/file.py", b"\x00binary\xff", "100755"),
        SetMode("crlf.py", "100755"),
    )
    change = apply(patch, read)
    diff = render_diff(base, change)
    assert git("status", "--porcelain", cwd=base) == "", "rendering changed the snapshot"
    (tmp_path / "patch.diff").write_bytes(diff.encode("utf-8", "surrogateescape"))
    options = ["-c", "core.autocrlf=false", "apply", "--whitespace=nowarn", str(tmp_path / "patch.diff")]
    (folder / ".gitattributes").unlink()
    subprocess.run(["git", *options], cwd=folder, check=True)
    for path, file in change.files.items():
        if file.after is None:
            assert not (folder / path).exists()
        else:
            assert (folder / path).read_bytes() == file.after
    assert (folder / "new/file.py").stat().st_mode & 0o111
    assert (folder / "crlf.py").stat().st_mode & 0o111


def test_inline_files_stay_beneath_the_folder(tmp_path: Path) -> None:
    take_files({"a/b.py": "x = 1\n"}, "a row", tmp_path / "base")
    assert files_of(tmp_path / "base") == {"a/b.py": b"x = 1\n"}
    with pytest.raises(UsageError, match="outside"):
        take_files({"../outside.py": "x = 1\n"}, "a row", tmp_path / "other")
    assert not (tmp_path / "outside.py").exists()


@pytest.mark.parametrize("name", ["git~1/config", ".git\u200c/config", "a/.GIT /x", ".git:x/config", ".git"])
def test_no_patch_adds_a_name_that_git_reserves(name: str, project: Make, tmp_path: Path) -> None:
    patch = f"--- /dev/null\n+++ b/{name}\n@@ -0,0 +1 @@\n+x\n"
    with pytest.raises(UsageError):
        take_source(str(project({"a.py": "x = 1\n"})), None, tmp_path / "base", patch)
    assert not (tmp_path / "base").exists()
    assert not (tmp_path / "base.partial").exists()
