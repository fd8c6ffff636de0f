"""A repository that somebody else wrote, its `.git` included: nothing of it runs, nothing of the host comes into it."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha1
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rfsn.errors import InfraError, UsageError
from rfsn.source import copying
from rfsn.source.gitconfig import parse_config
from rfsn.source.ignore import Rules, is_ignored
from rfsn.source.objects import tree_of_files
from rfsn.source.snapshot import opened_base, render_diff, take_files
from rfsn.source.source import take_source

type Git = Callable[..., str]
type Make = Callable[..., Path]

CANARY = "the host's own secret"
FILES = {"a.py": "x = 1\n", "src/b.py": "y = 2\n"}


@pytest.fixture
def proof(tmp_path: Path) -> Path:
    """A file that appears once a program of the repository runs on the host."""
    return tmp_path / "proof"


@pytest.fixture
def private(project: Make) -> Path:
    """Another repository of the user's."""
    return project({"secret.txt": CANARY}, "private")


def taken(source: Path, into: Path, ref: str | None = None, sandbox: str = "auto") -> dict[str, bytes]:
    """The files of the snapshot, links as what they lead to."""
    take_source(str(source), ref, into, sandbox=sandbox)
    return files_in(into)


def attempted(source: Path, into: Path, ref: str | None = None) -> tuple[dict[str, bytes], str]:
    """The files of the snapshot, or what was said instead of taking it."""
    try:
        return taken(source, into, ref), ""
    except (UsageError, InfraError) as error:  # a sandbox cannot be set up where a mount is gone for a moment
        return {}, str(error)


def files_in(folder: Path) -> dict[str, bytes]:
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name == ".git" or name.startswith(".git/"):
            continue
        if path.is_symlink():
            found[name] = b"-> " + os.fsencode(path.readlink())
        elif path.is_file():
            found[name] = path.read_bytes()
    return found


def nothing_is_left(folder: Path) -> None:
    assert not [path.name for path in folder.iterdir() if path.name.endswith((".reading", ".partial", ".git"))]


# --- programs that a configuration names -----------------------------------------------------------------------------

PROGRAMS = {
    "promisor": "[core]\n\trepositoryformatversion = 1\n[extensions]\n\tpartialClone = evil\n"
    '[remote "evil"]\n\turl = ext::sh -c "touch {proof}"\n\tpromisor = true\n[protocol "ext"]\n\tallow = always\n',
    "promisor-uploadpack": '[remote "evil"]\n\turl = /\n\tuploadpack = "touch {proof};"\n\tpromisor = true\n',
    "promisor-vcs": '[remote "evil"]\n\tvcs = "ext::touch {proof}"\n\tpromisor = true\n',
    "sshCommand": '[core]\n\tsshCommand = "touch {proof};"\n[remote "evil"]\n\turl = ssh://a/b\n\tpromisor = true\n',
    "fsmonitor": '[core]\n\tfsmonitor = "touch {proof};"\n',
    "hooksPath": "[core]\n\thooksPath = {hooks}\n",
    "filter": '[filter "evil"]\n\tclean = "touch {proof}; cat"\n\tsmudge = "touch {proof}; cat"\n'
    '\tprocess = "touch {proof}"\n\trequired = true\n',
    "include": "[include]\n\tpath = evil.config\n",
    "alternateRefs": '[core]\n\talternateRefsCommand = "touch {proof};"\n',
    "gpg": "[commit]\n\tgpgSign = true\n[gpg]\n\tprogram = {hooks}/pre-commit\n",
    "alias-pager": '[alias]\n\tls-files = "!touch {proof}"\n[core]\n\tpager = "touch {proof};"\n',
    "diff": '[diff]\n\texternal = "touch {proof};"\n[diff "evil"]\n\ttextconv = "touch {proof};"\n',
}


@pytest.mark.parametrize("ref", [None, "HEAD"])
@pytest.mark.parametrize("spelling", PROGRAMS)
def test_no_program_of_its_configuration_runs(
    spelling: str, ref: str | None, project: Make, proof: Path, tmp_path: Path
) -> None:
    folder = project(FILES | {".gitattributes": "*.py filter=evil diff=evil\n"})
    hooks = folder / ".git" / "evil-hooks"
    for at in (hooks, folder / ".git" / "hooks"):
        at.mkdir(exist_ok=True)
        for name in ("post-index-change", "reference-transaction", "post-checkout", "pre-commit"):
            (at / name).write_text(f"#!/bin/sh\ntouch {proof}\n")
            (at / name).chmod(0o755)
    text = PROGRAMS[spelling].format(proof=proof, hooks=hooks)
    (folder / ".git" / "evil.config").write_text(PROGRAMS["fsmonitor"].format(proof=proof))
    with (folder / ".git" / "config").open("a") as config:
        config.write(text)
    if spelling.startswith(("promisor", "sshCommand")):  # what is missing would be fetched
        blob = blob_id(b"y = 2\n")
        (folder / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
        (folder / ".git" / "index").unlink()
    if spelling.startswith(("promisor", "sshCommand")) and ref:
        with pytest.raises(UsageError, match=r"partial clone"):
            take_source(str(folder), ref, tmp_path / "base")
    else:
        assert taken(folder, tmp_path / "base", ref)["a.py"] == b"x = 1\n"
    assert not proof.exists()
    nothing_is_left(tmp_path)


def blob_id(content: bytes) -> str:
    return sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


# --- indexes and trees that git itself would never write -------------------------------------------------------------


def index_of(entries: dict[str, tuple[int, str]]) -> bytes:
    """An index (version 2) with these entries: mode and id by path, whatever the path."""
    made = b"DIRC" + struct.pack(">II", 2, len(entries))
    for path, (mode, id) in sorted(entries.items()):
        name = os.fsencode(path)
        entry = bytes(24) + struct.pack(">I", mode) + bytes(12) + bytes.fromhex(id)
        entry += struct.pack(">H", min(len(name), 0xFFF)) + name
        made += entry + b"\0" * (8 - len(entry) % 8)
    return made + sha1(made, usedforsecurity=False).digest()


NAMES = [
    "link/stolen.txt", ".git/config", ".GIT/config", ".git/hooks/pre-commit", "src/.git/config", "../outside.txt",
    "/etc/hostname", "src/../../outside.txt", "./a.py", "a.py/b", "link", "link/", "git~1/config", "src//b.py",
    ".git", "..", ".git /config", ".git./config", "x\n../../outside", ".g\u200cit/config", "src/.Git/objects/x",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_an_index_writes_and_reads_nowhere_else(name: str, project: Make, proof: Path, tmp_path: Path) -> None:
    folder = project(FILES)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "stolen.txt").write_text(CANARY)
    (tmp_path / "outside.txt").write_text(CANARY)
    (folder / "link").symlink_to(outside)
    (folder / "evil").mkdir()
    evil = b'[core]\n\tfsmonitor = "touch %s;"\n' % os.fsencode(proof)
    (folder / "src" / ".Git").mkdir()
    (folder / "src" / ".Git" / "config").write_bytes(evil)
    index = index_of({"a.py": (0o100644, blob_id(b"x = 1\n")), name: (0o100644, blob_id(evil))})
    (folder / ".git" / "index").write_bytes(index)
    found = taken(folder, tmp_path / "base")
    assert {path: found[path] for path in FILES} == {path: text.encode() for path, text in FILES.items()}
    assert found["link"] == b"-> " + os.fsencode(outside), "links are taken as such"
    assert CANARY.encode() not in b"".join(found.values())
    assert evil not in found.values()
    assert (tmp_path / "base" / ".git" / "config").read_text().startswith("[core]\n\trepositoryformatversion = 0\n")
    assert sorted(path.name for path in outside.iterdir()) == ["stolen.txt"]
    assert not proof.exists()


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ([("40000", ".git", {"config": b"evil"})], "invalid path"),
        ([("40000", ".GIT", {"config": b"evil"})], None),
        ([("100644", "../outside", b"evil")], "invalid path"),
        ([("100644", "..", b"evil")], "invalid path"),
        ([("120000", "link", b"../git"), ("40000", "link", {"config": b"evil"})], None),
        ([("120000", ".gitmodules", b"/etc/passwd")], None),
        ([("100644", "a/b", b"evil")], None),
        ([("100777", "odd.py", b"odd")], None),
        ([("104755", "suid.py", b"odd")], None),
        ([("020644", "device", b"odd")], None),
    ],
)  # fmt: skip
def test_a_tree_writes_nowhere_else(
    entries: list[tuple[str, str, Any]], says: str | None, project: Make, git: Git, tmp_path: Path
) -> None:
    folder = project(FILES)

    def put(kind: str, content: bytes) -> bytes:
        done = subprocess.run(
            ["git", "hash-object", "--literally", "-w", "-t", kind, "--stdin"],
            cwd=folder, input=content, capture_output=True, check=True,
        )  # fmt: skip
        return bytes.fromhex(done.stdout.decode().strip())

    def tree(items: list[tuple[str, str, Any]]) -> bytes:
        made = b""
        for mode, name, content in items:
            inner = [("100644", key, value) for key, value in content.items()] if isinstance(content, dict) else None
            id = tree(inner) if inner is not None else put("blob", content)
            made += f"{mode} {name}".encode() + b"\0" + id
        return put("tree", made)

    root = tree([("100644", "a.py", b"x = 1\n"), *entries]).hex()
    commit = git("commit-tree", root, "-m", "evil", cwd=folder).strip()
    outside = {path.name for path in tmp_path.iterdir()}
    found, said = attempted(folder, tmp_path / "base", commit)
    if said:
        assert "cannot be read" in said
        assert says is None or says in said
    else:
        assert says is None
        assert found.pop("a.py") == b"x = 1\n"
        assert not any(".git" in path.lower().split("/")[:1] for path in found)
        modes = {path.stat().st_mode & 0o7777 for path in (tmp_path / "base").glob("*.py")}
        assert modes <= {0o644, 0o755}
        assert (tmp_path / "base" / ".git" / "config").read_text().startswith("[core]")
    assert {path.name for path in tmp_path.iterdir()} - outside <= {"base"}


def test_a_folder_that_became_a_link_brings_nothing_of_the_host(project: Make, tmp_path: Path) -> None:
    folder = project({"a.py": "", "data/secret.txt": "harmless", "deep/er/secret.txt": "harmless"})
    outside = tmp_path / "outside"
    (outside / "er").mkdir(parents=True)
    for at in (outside, outside / "er"):
        (at / "secret.txt").write_text(CANARY)
    for replaced in ("data", "deep"):
        (folder / replaced).rename(tmp_path / f"old-{replaced}")
        (folder / replaced).symlink_to(outside)
    assert taken(folder, tmp_path / "base") == {
        "a.py": b"",
        "data": b"-> " + os.fsencode(outside),
        "deep": b"-> " + os.fsencode(outside),
    }


# --- what takes another repository for this one ----------------------------------------------------------------------


def gitfile(folder: Path, private: Path, spelling: str) -> None:
    own = folder / ".git"
    theirs = private / ".git"
    match spelling:
        case "gitdir":
            own.rename(folder / "old")
            own.write_text(f"gitdir: {theirs}\n")
        case "relative gitdir":
            own.rename(folder / "old")
            own.write_text(f"gitdir: {os.path.relpath(theirs, folder)}\n")
        case "link":
            own.rename(folder / "old")
            own.symlink_to(theirs)
        case "link to a file":
            own.rename(folder / "old")
            (folder / "file").write_text(f"gitdir: {theirs}\n")
            own.symlink_to("file")
        case "made-up worktree":
            own.rename(folder / "old")
            made = folder / "store" / "worktrees" / "x"
            made.mkdir(parents=True)
            (made / "HEAD").write_text("ref: refs/heads/main\n")
            (made / "commondir").write_text(f"{theirs}\n")
            (made / "gitdir").write_text(f"{own}\n")
            own.write_text(f"gitdir: {made}\n")
        case "worktree behind a link":
            own.rename(folder / "old")
            (theirs / "worktrees" / "x").mkdir(parents=True)
            (theirs / "worktrees" / "x" / "HEAD").write_text("ref: refs/heads/main\n")
            (theirs / "worktrees" / "x" / "gitdir").write_text(f"{private.parent}/elsewhere/.git\n")
            (folder / "store").symlink_to(theirs)
            own.write_text(f"gitdir: {folder}/store/worktrees/x\n")
        case "stolen submodule":
            own.rename(folder / "old")
            own.write_text(f"gitdir: {theirs}\n")
            (folder / "config").write_text(f"[core]\n\tworktree = {folder}\n")
        case "commondir":
            (own / "commondir").write_text(f"{theirs}\n")
            for name in ("refs", "objects", "packed-refs"):
                if (own / name).exists():
                    (own / name).rename(folder / f"old-{name}")
        case "core.worktree":
            with (own / "config").open("a") as config:
                config.write(f"[core]\n\tworktree = {private}\n")
        case "alternates":
            (own / "objects" / "info").mkdir(exist_ok=True)
            (own / "objects" / "info" / "alternates").write_text(f"{theirs}/objects\n")
            (own / "refs" / "heads" / "main").write_bytes((theirs / "refs" / "heads" / "main").read_bytes())
        case "relative alternates":
            (own / "objects" / "info").mkdir(exist_ok=True)
            there = os.path.relpath(theirs / "objects", own / "objects")
            (own / "objects" / "info" / "alternates").write_text(f"# harmless\n{there}\n")
            (own / "refs" / "heads" / "main").write_bytes((theirs / "refs" / "heads" / "main").read_bytes())
        case "objects":
            (own / "objects").rename(folder / "old")
            (own / "objects").symlink_to(theirs / "objects")
            (own / "refs" / "heads" / "main").write_bytes((theirs / "refs" / "heads" / "main").read_bytes())
        case "link among objects":
            head = (theirs / "refs" / "heads" / "main").read_text().strip()
            (own / "objects" / head[:2]).mkdir(exist_ok=True)
            for place in (theirs / "objects").glob("??/*"):
                target = own / "objects" / place.parent.name / place.name
                target.parent.mkdir(exist_ok=True)
                if not target.exists():
                    target.symlink_to(place)
            (own / "refs" / "heads" / "main").write_text(f"{head}\n")
        case "refs":
            (own / "refs").rename(folder / "old")
            (own / "refs").symlink_to(theirs / "refs")
        case "link among refs":
            (own / "refs" / "heads" / "main").unlink()
            (own / "refs" / "heads" / "main").symlink_to(theirs / "refs" / "heads" / "main")
        case "index":
            (own / "index").unlink()
            (own / "index").symlink_to(theirs / "index")
        case "HEAD":
            (own / "HEAD").unlink()
            (own / "HEAD").symlink_to(theirs / "refs" / "heads" / "main")


SPELLINGS = [
    "gitdir", "relative gitdir", "link", "link to a file", "made-up worktree", "worktree behind a link",
    "stolen submodule", "commondir", "core.worktree", "alternates", "relative alternates", "objects",
    "link among objects", "refs", "link among refs", "index", "HEAD",
]  # fmt: skip


@pytest.mark.parametrize("ref", [None, "HEAD", "main"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_another_repository_is_never_taken(
    spelling: str, ref: str | None, project: Make, private: Path, tmp_path: Path
) -> None:
    folder = project(FILES)
    gitfile(folder, private, spelling)
    found, said = attempted(folder, tmp_path / "base", ref)
    if said:
        remedies = ("clone", "git init", "remove it", "git repack", "log --all", "git fsck", "git worktree repair")
        assert any(remedy in said for remedy in remedies), said
    else:
        assert found["a.py"] == b"x = 1\n"
        assert "secret.txt" not in found
        assert CANARY.encode() not in b"".join(found.values())


# --- what a reader would wait for ------------------------------------------------------------------------------------

PIPES = [
    ".gitignore", "src/.gitignore", "pipe", "a.py", ".gitattributes", ".gitmodules", ".git/index", ".git/config",
    ".git/info/exclude", ".git/packed-refs", ".git/refs/heads/main", ".git/refs/tags/v1", ".git/FETCH_HEAD",
    ".git/objects/info/alternates", ".git/objects/pack/pipe.idx", ".git/objects/ab/cdef", ".git/shallow",
    ".git/sharedindex.x", "sub/.git/HEAD", "sub/.git", ".git/commondir", ".git/objects/info/commit-graph",
]  # fmt: skip


@pytest.mark.parametrize("kind", ["pipe", "socket"])
@pytest.mark.parametrize("name", PIPES)
def test_nothing_waits_for_a_pipe(
    name: str, kind: str, project: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project(FILES)
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    else:
        monkeypatch.chdir(path.parent)
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
        monkeypatch.undo()
    for ref in (None, "HEAD"):
        if ref and kind == "socket":
            continue
        found, said = attempted(folder, tmp_path / f"base-{ref}", ref)
        if said:
            assert ref or ".git is neither" in said
            assert ".git" in said or "revision" in said
        else:
            assert found["src/b.py"] == b"y = 2\n"
            assert ("a.py" in found) == (ref is not None or name != "a.py")


def test_a_pipe_as_head_is_no_repository(project: Make, tmp_path: Path) -> None:
    folder = project(FILES)
    (folder / ".git" / "HEAD").unlink()
    os.mkfifo(folder / ".git" / "HEAD")
    with pytest.raises(UsageError, match="is not a git repository"):
        take_source(str(folder), None, tmp_path / "base")


# --- how much there may be -------------------------------------------------------------------------------------------


def test_what_has_no_end_is_refused_with_a_remedy(
    project: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project(FILES)
    with (folder / "sparse.bin").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(UsageError, match=r"sparse\.bin.*\.gitignore"):
        take_source(str(folder), None, tmp_path / "base")
    (folder / ".gitignore").write_text("sparse.bin\n")
    assert "sparse.bin" not in taken(folder, tmp_path / "base")
    with monkeypatch.context() as patched:
        patched.setattr(copying, "MAX_FILES", 2)
        with pytest.raises(UsageError, match="more than 2 files"):
            take_source(str(folder), None, tmp_path / "many")
    deep = folder
    for _ in range(copying.MAX_DEPTH + 5):
        deep /= "d"
        deep.mkdir()
    with pytest.raises(UsageError, match="deep"):
        take_source(str(folder), None, tmp_path / "deep")
    nothing_is_left(tmp_path)


@pytest.mark.parametrize("pattern", ["*a" * 30 + "b", "/".join(["**", "*a*a*b"] * 25), "[a-z]*" * 40 + "!"])
def test_ignore_rules_take_bounded_time(pattern: str) -> None:
    """A backtracking matcher would take longer than the universe has."""
    rules = Rules(pattern.encode() + b"\n")
    assert rules.verdict([b"a" * 255] * 30, is_folder=False) is None


# --- a session that came from somebody else --------------------------------------------------------------------------


def test_a_snapshot_that_came_back_is_only_data(proof: Path, private: Path, tmp_path: Path) -> None:
    from gate import Change, FileChange
    from rfsn.errors import JournalError
    from rfsn.project.diffs import read_diff

    base = tmp_path / "base"
    snapshot = take_files(FILES, "a test", base)
    assert tree_of_files(base) == snapshot.tree
    with (base / ".git" / "config").open("a") as config:
        config.write(
            "".join(PROGRAMS[name].format(proof=proof, hooks="/") for name in ("promisor", "fsmonitor", "diff"))
        )
    (base / ".git" / "info" / "attributes").write_text("* filter=evil diff=evil\n")
    change = Change({"a.py": FileChange(b"x = 1\n", b"x = 2\n")})
    diff = render_diff(base, change)
    assert "+x = 2" in diff
    assert dict(read_diff(diff.encode(), base).files)["a.py"].after == b"x = 2\n"
    assert not proof.exists()
    alternates = base / ".git" / "objects" / "info" / "alternates"
    alternates.write_text(f"{private}/.git/objects\n")
    with pytest.raises(JournalError, match="not a snapshot"), opened_base(base):
        pass
    alternates.unlink()
    os.mkfifo(base / ".git" / "objects" / "pack" / "pipe.idx")
    with pytest.raises(JournalError, match=r"pipe\.idx"), opened_base(base):
        pass
    (base / "new.py").write_text("")
    assert tree_of_files(base) != snapshot.tree


@pytest.mark.parametrize("name", [".git/config", ".GIT/config", "a/.git/hooks/x", "git~1/config"])
def test_files_given_as_text_are_not_gits(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="git itself"):
        take_files({"a.py": "", name: "[core]\n"}, "a row", tmp_path / "base")


# --- honest twins ----------------------------------------------------------------------------------------------------


def make_twin(kind: str, project: Make, git: Git, tmp_path: Path) -> Path:
    folder = project(FILES | {".gitignore": "*.log\nbuild/\n", "kept.log": "x"})
    git("add", "--force", "kept.log", cwd=folder)
    git("commit", "--quiet", "--message", "more", cwd=folder)
    git("tag", "v1.2.3", cwd=folder)
    other = tmp_path / "twin"
    match kind:
        case "worktree":
            git("worktree", "add", "--quiet", str(other), "-b", "side", cwd=folder)
            return other
        case "submodule":
            outer = project({"outer.py": ""}, "outer")
            git("-c", "protocol.file.allow=always", "submodule", "add", "--quiet", str(folder), "inner", cwd=outer)
            return outer / "inner"
        case "shared":
            git("clone", "--quiet", "--shared", str(folder), str(other), cwd=tmp_path)
            return other
        case "shallow":
            git("clone", "--quiet", "--depth=1", f"file://{folder}", str(other), cwd=tmp_path)
            return other
        case "sha256":
            git("init", "--quiet", "--object-format=sha256", str(other), cwd=tmp_path)
            for path, content in files_in(folder).items():
                (other / path).parent.mkdir(exist_ok=True)
                (other / path).write_bytes(content)
            git("add", "--all", "--force", cwd=other)
            git("commit", "--quiet", "--message", "start", cwd=other)
            return other
        case "detached":
            git("checkout", "--quiet", "--detach", cwd=folder)
        case "split index":
            git("update-index", "--split-index", cwd=folder)
        case "index v4":
            git("update-index", "--index-version", "4", cwd=folder)
        case "packed":
            git("gc", "--quiet", cwd=folder)
        case "pipes":
            os.mkfifo(folder / "pipe")
            os.mkfifo(folder / ".git" / "pipe")
        case "another user's":
            if os.geteuid() == 0:
                for one in (folder, *folder.rglob("*")):
                    os.lchown(one, 12345, 12345)
        case "unborn":
            (folder / ".git").rename(tmp_path / "old")
            git("init", "--quiet", cwd=folder)
            git("add", "--force", "kept.log", cwd=folder)
        case "sparse":
            git("sparse-checkout", "set", "--sparse-index", "src", cwd=folder)
            git("sparse-checkout", "disable", cwd=folder)
            git("sparse-checkout", "set", "src", cwd=folder)
    return folder


TWINS = [
    "plain", "worktree", "submodule", "shared", "shallow", "sha256", "detached", "split index", "index v4", "packed",
    "pipes", "another user's", "unborn", "sparse",
]  # fmt: skip


@pytest.mark.parametrize("kind", TWINS)
def test_honest_repositories_are_taken_as_they_are(kind: str, project: Make, git: Git, tmp_path: Path) -> None:
    folder = make_twin(kind, project, git, tmp_path)
    (folder / "new.py").write_text("new\n")
    (folder / "ignored.log").write_text("")
    (folder / "build").mkdir()
    (folder / "build" / "made.py").write_text("")
    expected = {"src/b.py": b"y = 2\n", ".gitignore": b"*.log\nbuild/\n", "new.py": b"new\n", "kept.log": b"x"}
    found = taken(folder, tmp_path / "tree")
    assert {**expected, **found} == found
    assert found.keys() - expected.keys() <= {"a.py"}
    if kind not in {"unborn", "shared"}:
        del expected["new.py"]
        assert taken(folder, tmp_path / "commit", "HEAD") == expected | {"a.py": b"x = 1\n"}
    if kind in {"plain", "worktree", "detached", "packed"}:
        assert take_source(str(folder), None, tmp_path / "again").version == "1.2.3"
    nothing_is_left(tmp_path)


def test_a_bare_repository_and_a_file_url_are_commits(project: Make, git: Git, tmp_path: Path) -> None:
    folder = project(FILES)
    bare = tmp_path / "bare.git"
    git("clone", "--quiet", "--bare", str(folder), str(bare), cwd=tmp_path)
    expected = {path: text.encode() for path, text in FILES.items()}
    assert taken(bare, tmp_path / "bare") == expected
    (folder / "a.py").write_text("changed\n")
    snapshot = take_source(f"file://{folder}", None, tmp_path / "url")
    assert files_in(tmp_path / "url") == expected
    assert snapshot.origin == f"file://{folder} at HEAD"


def test_two_thousand_odd_names_are_taken(project: Make, git: Git, tmp_path: Path) -> None:
    folder = project({})
    odd = [
        "%d",
        " %d",
        "%d ",
        "-%d",
        "a\n%d",
        "\u00e9%d",
        "\\%d",
        "'%d\"",
        "*%d",
        "#%d",
        "!%d",
        "%%%d",
        "\t%d",
        "con.%d",
    ]
    for number in range(1_980):
        (folder / (odd[number % len(odd)] % number)).write_text(str(number))
    for name in (b"\xff\xfe", b".gitignored", b"...", b"git", b".git-x"):
        (folder / os.fsdecode(name)).write_text("")
    git("add", "--all", cwd=folder)
    git("commit", "--quiet", "--message", "odd", cwd=folder)
    expected = files_in(folder)
    assert len(expected) == 1_985
    snapshot = take_source(str(folder), None, tmp_path / "tree")
    assert files_in(tmp_path / "tree") == expected
    assert (
        take_source(str(folder), "HEAD", tmp_path / "commit").tree == snapshot.tree == tree_of_files(tmp_path / "tree")
    )


def test_what_is_not_fetched_is_named(project: Make, git: Git, tmp_path: Path) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n"
    folder = project(FILES | {"big.bin": pointer, "src/small.bin": "content"})
    inner = project({"x.py": ""}, "inner")
    git("-c", "protocol.file.allow=always", "submodule", "add", "--quiet", str(inner), "sub", cwd=folder)
    git("commit", "--quiet", "--message", "sub", cwd=folder)
    for ref in (None, "HEAD"):
        snapshot = take_source(str(folder), ref, tmp_path / f"base-{ref}")
        assert (snapshot.submodules, snapshot.pointers) == (("sub",), ("big.bin",))
        assert not (tmp_path / f"base-{ref}" / "sub" / "x.py").exists()


def test_a_repository_within_is_not_entered(project: Make, tmp_path: Path) -> None:
    folder = project(FILES)
    project({"private.py": CANARY}, "project/nested")
    (folder / "empty" / ".git").mkdir(parents=True)
    (folder / "empty" / "own.py").write_text("mine")
    found = taken(folder, tmp_path / "base")
    assert found.keys() == {*FILES, "empty/own.py"}


def test_local_says_that_the_repository_is_trusted(project: Make, tmp_path: Path) -> None:
    folder = project(FILES)
    for ref in (None, "HEAD"):
        snapshot = take_source(str(folder), ref, tmp_path / f"base-{ref}", sandbox="local")
        assert snapshot.files == 2
        assert snapshot.origin.endswith("(local: the repository is trusted)")


PARTS = ["a", "b", "ab", "a.b", "c"]
GLOB = st.lists(
    st.sampled_from(["a", "b", "c", ".", "*", "?", "[ab]", "[!a]", "[a-b]", "\\a", "[[:alpha:]]", "[]a]", "[^]b]"]),
    min_size=1,
    max_size=4,
).map("".join)
PATTERN = st.tuples(
    st.sampled_from(["", "!"]),
    st.sampled_from(["", "/"]),
    st.lists(
        st.one_of(st.sampled_from([*PARTS, "**"]), GLOB.filter(lambda one: "**" not in one)), min_size=1, max_size=3
    ),
    st.sampled_from(["", "/", " ", "\\ ", "\r"]),
).map(lambda parts: parts[0] + parts[1] + "/".join(parts[2]) + parts[3])


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tree")
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    for one in PARTS:
        for two in PARTS[:3]:
            (folder / one / two).mkdir(parents=True)
            for three in PARTS[:4]:
                (folder / one / two / three).touch()
        (folder / one / "c").touch()
    return folder


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(PATTERN, min_size=1, max_size=4), st.lists(PATTERN, max_size=3))
def test_ignored_is_what_git_ignores(tree: Path, top: list[str], inner: list[str]) -> None:
    (tree / ".gitignore").write_text("\n".join(top) + "\n")
    (tree / "a" / ".gitignore").write_text("\n".join(inner))
    listing = ["git", "-C", str(tree), "ls-files", "-z", "--others", "--exclude-standard"]
    expected = set(filter(None, subprocess.run(listing, capture_output=True, check=True).stdout.split(b"\0")))
    found: set[bytes] = set()
    rules = {depth: Rules(path.read_bytes()) for depth, path in enumerate((tree / ".gitignore", tree / "a/.gitignore"))}

    def walk(names: list[bytes]) -> None:
        for entry in os.scandir(b"/".join([os.fsencode(tree), *names])):
            path = [*names, entry.name]
            levels = [(1, rules[1])] if path[0] == b"a" and len(path) > 1 else []
            if entry.name != b".git" and not is_ignored([*levels, (0, rules[0])], path, is_folder=entry.is_dir()):
                walk(path) if entry.is_dir() else found.add(b"/".join(path))

    walk([])
    assert found == expected


def test_a_configuration_reads_as_git_reads_it(tmp_path: Path) -> None:
    text = (
        '[core]\n\tworktree = "a \\"b\\" # c" ; no\n\tbare\n[Remote "X\\"Y"] promisor = true\n[a.B]\n'
        "\tk = one \\\n two\\tthree   # no\n; c\n[bad\n\tx = 1\n[core]\n\tempty =\n"
    )
    (tmp_path / "config").write_text(text.replace("[bad\n\tx = 1\n", ""))
    listing = ["git", "config", "--file", str(tmp_path / "config"), "--list", "-z"]
    said = subprocess.run(listing, capture_output=True, check=True, text=True).stdout
    expected: dict[str, list[str]] = {}
    for item in filter(None, said.split("\0")):
        key, _, value = item.partition("\n")
        expected.setdefault(key, []).append(value if "\n" in item else "true")
    assert parse_config(text.replace("[bad\n\tx = 1\n", "").encode()) == expected
    assert parse_config(text.encode())["core.worktree"] == ['a "b" # c']


def test_a_kill_in_the_midst_leaves_nothing_that_a_resume_does_not_clean(
    rfsn: Callable[..., Any], project: Make, script: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    """The controller is killed while git reads in the sandbox; what is left over of that may also be hostile."""
    folder = project(
        {f"src/m{number}.py": f"x = {number}\n" for number in range(300)} | {"test_a.py": "def test(): pass\n"}
    )
    session = tmp_path / "session"
    begun = subprocess.Popen(
        [script, "repair", folder, "--ref", "HEAD", "--out", session], env=environment, stderr=subprocess.DEVNULL
    )
    while begun.poll() is None and not (session / "base.partial").exists() and not (session / "base").exists():
        pass
    begun.kill()
    begun.wait()
    (session / "base.reading").mkdir(exist_ok=True)
    (session / "base.reading" / "link").symlink_to(folder)
    (session / "base.partial" / "left").mkdir(parents=True, exist_ok=True)
    done = rfsn("resume", session, "--json")
    assert done.json["status"] == "nothing_to_repair", done.json
    assert len(files_in(session / "base")) == 301
    nothing_is_left(session)
    assert len(files_in(folder)) == 301, "what a link leads to stays"
    assert rfsn("verify", session).code == 0


@pytest.mark.skipif("DOCKER_HOST" not in os.environ, reason="needs a Docker engine")
def test_a_container_reads_where_bubblewrap_cannot(project: Make, git: Git, tmp_path: Path) -> None:
    from rfsn.source.reading import Reader
    from rfsn.source.repository import find_repository
    from sandbox.docker import hosted_programs

    folder = project(FILES)
    git("tag", "v3.1", cwd=folder)
    provider = hosted_programs()
    try:
        reader = Reader(provider, tmp_path / "reading")
        found = reader.tracked(find_repository(folder))
        assert (found.files, found.tag) == (tuple(FILES), "v3.1")
        with reader.commit(find_repository(folder), "HEAD", "") as made:
            assert files_in(made.folder) == {path: text.encode() for path, text in FILES.items()}
    finally:
        provider.close()


SWAP = """
import ctypes, os, sys, time
exchange = ctypes.CDLL(None, use_errno=True).renameat2
os.symlink(sys.argv[2], sys.argv[1] + ".link")
print("ready", flush=True)
while True:
    if exchange(-100, sys.argv[1].encode(), -100, (sys.argv[1] + ".link").encode(), 2):
        sys.exit(os.strerror(ctypes.get_errno()))
    time.sleep(0.005)
"""


@pytest.mark.parametrize("place", ["objects", "."])
def test_a_folder_of_git_that_becomes_a_link_meanwhile_brings_nothing_of_another_repository(
    place: str, project: Make, private: Path, git: Git, tmp_path: Path
) -> None:
    """Objects are shared by their ids alone: whoever knows one of another repository could ask for it here."""
    hostile = project(FILES, "hostile")
    (hostile / ".git" / "refs" / "heads" / "steal").write_text(git("rev-parse", "HEAD", cwd=private))
    swapped, by = (hostile / ".git" / place).resolve(), (private / ".git" / place).resolve()
    with subprocess.Popen(
        [sys.executable, "-c", SWAP, swapped, by], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            for number in range(12):
                found, _ = attempted(hostile, tmp_path / f"base-{number}", "steal")
                assert CANARY.encode() not in b"".join(found.values())
            assert process.poll() is None
        finally:
            process.kill()
