"""`--apply` and `--branch` in a repository that somebody else wrote: only what was asked for is written, by us."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gate import Change, FileChange
from rfsn.errors import UsageError
from rfsn.project.branch import branch_is_there, check_name, commit_to_branch
from rfsn.project.delivery import Delivery
from rfsn.source.reading import Reader
from rfsn.source.repository import find_repository
from sandbox import BubblewrapProvider
from sandbox.folders import opened_folder

type Git = Callable[..., str]
type Make = Callable[..., Path]

FILES = {"a.py": "x = 1\n", "src/deep/b.py": "y = 2\n", "run.sh": "#!/bin/sh\n", "z.py": "z = 3\n"}
CHANGE = Change(
    {
        "a.py": FileChange(b"x = 1\n", b"x = 2\n"),
        "src/deep/b.py": FileChange(b"y = 2\n", None),
        "new/file.py": FileChange(None, b"new\n"),
        "run.sh": FileChange(b"#!/bin/sh\n", b"#!/bin/sh\n", "100755"),
    }
)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    provider = BubblewrapProvider()
    yield Reader(provider, tmp_path / "reading")
    provider.close()


def commit(
    folder: Path, reader: Reader, name: str = "fix", revision: str = "HEAD", change: Change = CHANGE
) -> list[str]:
    repository = find_repository(folder)
    return commit_to_branch(repository, change, "/".join(repository.inner(folder)), revision, name, reader, "Fix it\n")


def write(change: Change, folder: Path) -> None:
    with opened_folder(folder) as opened:
        Delivery(str(folder), apply=True).write(change, opened)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
        for path in folder.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def differences(git: Git, folder: Path, base: str = "main", name: str = "fix") -> list[str]:
    return git("diff", "--raw", "--abbrev=7", base, name, cwd=folder).splitlines()


@pytest.mark.parametrize("kind", ["plain", "packed", "worktree", "bare", "sha256", "detached", "submodule", "shallow"])
def test_a_branch_that_git_reads(kind: str, project: Make, git: Git, reader: Reader, tmp_path: Path) -> None:
    folder, main = project(FILES), "main"
    other = tmp_path / "other"
    match kind:
        case "packed":
            git("gc", "--quiet", cwd=folder)
        case "worktree":
            git("worktree", "add", "--quiet", str(other), "-b", "side", cwd=folder)
            folder, main = other, "side"
        case "bare":
            git("clone", "--quiet", "--bare", str(folder), str(other), cwd=tmp_path)
            folder = other
        case "sha256":
            git("init", "--quiet", "--object-format=sha256", "--initial-branch=main", str(other), cwd=tmp_path)
            for path, text in FILES.items():
                (other / path).parent.mkdir(parents=True, exist_ok=True)
                (other / path).write_text(text)
            git("add", "--all", cwd=other)
            git("commit", "--quiet", "--message", "start", cwd=other)
            folder = other
        case "detached":
            git("checkout", "--quiet", "--detach", cwd=folder)
        case "submodule":
            outer = project({"outer.py": ""}, "outer")
            git("-c", "protocol.file.allow=always", "submodule", "add", "--quiet", str(folder), "inner", cwd=outer)
            folder = outer / "inner"
        case "shallow":
            git("clone", "--quiet", "--depth=1", f"file://{folder}", str(other), cwd=tmp_path)
            folder = other
    assert commit(folder, reader, "fix/things") == []
    git("fsck", "--strict", cwd=folder)
    git("fsck", "--no-dangling", cwd=folder)
    changed = {line.split("\t")[1]: line[:14].split()[:2] for line in differences(git, folder, main, "fix/things")}
    assert changed.keys() == CHANGE.files.keys()
    assert changed["run.sh"] == [":100644", "100755"]
    assert git("rev-parse", "fix/things~1", cwd=folder) == git("rev-parse", main, cwd=folder)
    assert git("log", "-1", "--format=%an <%ae>: %s", "fix/things", cwd=folder) == ("rfsn <rfsn@localhost>: Fix it\n")
    if kind != "bare":
        assert git("status", "--porcelain", cwd=folder) == ""
    assert commit(folder, reader, "fix/things") == [], "once more is fine"
    with pytest.raises(UsageError, match="already exists"):
        commit(folder, reader, "fix/things", change=Change({"a.py": FileChange(b"x = 1\n", b"other\n")}))


def test_a_folder_of_a_repository_and_another_revision(project: Make, git: Git, reader: Reader) -> None:
    folder = project(FILES)
    git("tag", "old", cwd=folder)
    (folder / "a.py").write_text("changed\n")
    git("commit", "--quiet", "--all", "--message", "more", cwd=folder)
    change = Change({"b.py": FileChange(b"y = 2\n", b"y = 3\n")})
    assert commit(folder / "src" / "deep", reader, change=change) == []
    assert [line.split("\t")[1] for line in differences(git, folder)] == ["src/deep/b.py"]
    assert commit(folder, reader) == ["a.py"]
    assert commit(folder, reader, "of-old", "old") == []
    assert git("rev-parse", "of-old~1", cwd=folder) == git("rev-parse", "old", cwd=folder)


@pytest.mark.parametrize(
    "config",
    [
        "[core]\n\thooksPath = {hooks}\n",
        "[commit]\n\tgpgSign = true\n[gpg]\n\tprogram = {hooks}/pre-commit\n",
        '[core]\n\tfsmonitor = "touch {proof};"\n',
        '[filter "evil"]\n\tclean = "touch {proof}; cat"\n\trequired = true\n',
        '[core]\n\talternateRefsCommand = "touch {proof};"\n\tsshCommand = "touch {proof};"\n',
        '[extensions]\n\tpartialClone = evil\n[remote "evil"]\n\turl = ext::sh -c "touch {proof}"\n\tpromisor = true\n',
    ],
)
def test_no_program_of_the_repository_runs(
    config: str, project: Make, git: Git, reader: Reader, tmp_path: Path
) -> None:
    folder, proof = project(FILES | {".gitattributes": "* filter=evil\n"}), tmp_path / "proof"
    for hooks in (folder / ".git" / "hooks", tmp_path / "hooks"):
        hooks.mkdir(exist_ok=True)
        for name in ("reference-transaction", "post-commit", "pre-commit", "post-index-change", "commit-msg"):
            (hooks / name).write_text(f"#!/bin/sh\ntouch {proof}\n")
            (hooks / name).chmod(0o755)
    with (folder / ".git" / "config").open("a") as file:
        file.write(config.format(proof=proof, hooks=tmp_path / "hooks"))
    assert commit(folder, reader) == []
    assert not proof.exists()
    (folder / ".git" / "config").write_text("[core]\n\trepositoryformatversion = 0\n")
    assert len(differences(git, folder)) == len(CHANGE.files)


def misdirect(folder: Path, outside: Path, spelling: str) -> None:
    own = folder / ".git"
    match spelling:
        case "objects":
            (own / "objects").rename(outside / "objects")
            (own / "objects").symlink_to(outside / "objects")
        case "fan-out folders":
            for number in range(256):
                at = own / "objects" / f"{number:02x}"
                if not at.exists():
                    at.symlink_to(outside)
        case "refs":
            (own / "refs").rename(outside / "refs")
            (own / "refs").symlink_to(outside / "refs")
        case "heads":
            (own / "refs" / "heads").rename(outside / "heads")
            (own / "refs" / "heads").symlink_to(outside / "heads")
        case "folder of the branch":
            (own / "refs" / "heads" / "fix").symlink_to(outside)
        case "the branch":
            (own / "refs" / "heads" / "fix").mkdir()
            (own / "refs" / "heads" / "fix" / "it").symlink_to(outside / "new")
        case "the lock":
            (own / "refs" / "heads" / "fix").mkdir()
            (own / "refs" / "heads" / "fix" / "it.lock").symlink_to(outside / "new")
        case "alternates":
            (own / "objects" / "info").mkdir(exist_ok=True)
            (own / "objects" / "info" / "alternates").write_text(f"{outside}\n")
        case ".git":
            own.rename(outside / "git")
            own.symlink_to(outside / "git")
        case "commondir":
            (own / "commondir").write_text(f"{outside}\n")
        case "a pipe":
            os.mkfifo(own / "refs" / "heads" / "fix")
        case "a branch around it":
            (own / "refs" / "heads" / "fix").write_bytes((own / "refs" / "heads" / "main").read_bytes())
        case "a packed branch around it":
            head = (own / "refs" / "heads" / "main").read_text().strip()
            (own / "packed-refs").write_text(f"# pack-refs with: peeled fully-peeled sorted\n{head} refs/heads/fix\n")
        case "a packed branch within it":
            head = (own / "refs" / "heads" / "main").read_text().strip()
            (own / "packed-refs").write_text(f"{head} refs/heads/fix/it/more\n")
        case "a packed branch":
            head = (own / "refs" / "heads" / "main").read_text().strip()
            (own / "packed-refs").write_text(f"{head} refs/heads/fix/it\n")


@pytest.mark.parametrize(
    "spelling",
    [
        "objects", "fan-out folders", "refs", "heads", "folder of the branch", "the branch", "the lock", "alternates",
        ".git", "a pipe", "a branch around it", "a packed branch around it", "a packed branch within it",
        "a packed branch",
    ],
)  # fmt: skip
def test_nothing_is_written_elsewhere_or_over_anything(
    spelling: str, project: Make, reader: Reader, tmp_path: Path
) -> None:
    folder, outside = project(FILES), tmp_path / "outside"
    outside.mkdir()
    misdirect(folder, outside, spelling)
    before = contents(outside), contents(folder)
    with pytest.raises(UsageError):
        commit(folder, reader, "fix/it")
    assert contents(outside) == before[0]
    after = contents(folder)
    assert {path: after.get(path) for path in before[1]} == before[1]
    assert not [path for path in after.keys() - before[1].keys() if not path.startswith(".git/objects/")]


def test_a_commondir_file_is_not_believed(project: Make, git: Git, reader: Reader, tmp_path: Path) -> None:
    folder, private = project(FILES), project({"secret": "s"}, "private")
    misdirect(folder, private / ".git", "commondir")
    before = contents(private)
    assert commit(folder, reader) == []
    assert contents(private) == before
    (folder / ".git" / "commondir").unlink()
    assert len(differences(git, folder)) == len(CHANGE.files)
    assert not (tmp_path / "reading").exists()


def test_objects_that_lie_about_their_content_are_found_out(project: Make, git: Git, reader: Reader) -> None:
    """A tree under the id of another: the commit would hold what nobody saw."""
    folder = project(FILES)
    tree = git("rev-parse", "HEAD:src", cwd=folder).strip()
    place = folder / ".git" / "objects" / tree[:2] / tree[2:]
    place.chmod(0o644)
    other = git("rev-parse", "HEAD:src/deep", cwd=folder).strip()
    place.write_bytes((folder / ".git" / "objects" / other[:2] / other[2:]).read_bytes())
    with pytest.raises(UsageError, match="git fsck"):
        commit(folder, reader)
    assert not branch_is_there(find_repository(folder), "fix")


def test_no_object_is_overwritten(project: Make, reader: Reader) -> None:
    folder = project(FILES)
    blob = subprocess.run(
        ["git", "hash-object", "-w", "--stdin"], cwd=folder, input=b"x = 2\n", capture_output=True, check=True
    ).stdout.decode().strip()  # fmt: skip
    place = folder / ".git" / "objects" / blob[:2] / blob[2:]
    before = place.stat().st_mtime_ns, place.stat().st_ino
    assert commit(folder, reader) == []
    assert (place.stat().st_mtime_ns, place.stat().st_ino) == before


@pytest.mark.parametrize(
    "name",
    [
        "-x", "a..b", "../x", "/x", "x/", "x.lock", "HEAD", "@", "@{-1}", "a b", "a\nb", "x/.y", "x//y", "~", "",
        "a\\b",         "\x1b[2J",
    ],
)  # fmt: skip
def test_what_git_would_not_call_a_branch_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="not a valid name for a branch"):
        check_name(name)


@pytest.mark.parametrize("name", ["fix", "fix/least", "ada/2026-11/x", "\u00fc", "-".join("abc"), "a@b"])
def test_ordinary_names_are_fine(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize(
    ("path", "content"),
    [("link/a.py", b"new\n"), ("link/a.py", None), ("link/new.py", b"new\n"), ("file", None), ("file", b"new\n")],
)
def test_apply_follows_no_link(path: str, content: bytes | None, project: Make, tmp_path: Path) -> None:
    folder, outside = project(FILES), tmp_path / "outside"
    outside.mkdir()
    (outside / "a.py").write_text("x = 1\n")
    (folder / "link").symlink_to(outside)
    (folder / "file").symlink_to(outside / "a.py")
    before = None if path == "link/new.py" else b"x = 1\n"
    with pytest.raises(UsageError, match="not written"):
        write(Change({path: FileChange(before, content)}), folder)
    assert contents(outside) == {"a.py": b"x = 1\n"}


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o755, 0o700, 0o444, 0o664])
def test_apply_keeps_who_may_do_what(mode: int, mask: int, project: Make) -> None:
    folder = project(FILES)
    for name in ("a.py", "run.sh", "z.py"):
        (folder / name).chmod(mode)
    change = Change(
        dict(CHANGE.files)
        | {"z.py": FileChange(b"z = 3\n", b"z = 4\n", "100644"), "new.sh": FileChange(None, b"new\n", "100755")}
    )
    before = os.umask(mask)
    try:
        write(change, folder)
    finally:
        os.umask(before)
    modes = {name: stat.S_IMODE((folder / name).stat().st_mode) for name in ("a.py", "run.sh", "z.py")}
    assert modes == {"a.py": mode, "run.sh": mode | (mode & 0o444) >> 2, "z.py": mode & ~0o111}
    assert stat.S_IMODE((folder / "new" / "file.py").stat().st_mode) == 0o666 & ~mask
    assert stat.S_IMODE((folder / "new.sh").stat().st_mode) & ~0o022 == 0o755 & ~mask


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_apply_keeps_owner_and_group(project: Make) -> None:
    folder = project(FILES)
    os.chown(folder / "a.py", 1234, 1235)
    (folder / "a.py").chmod(0o660)
    write(Change({"a.py": FileChange(b"x = 1\n", b"x = 2\n")}), folder)
    found = (folder / "a.py").stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (1234, 1235, 0o660)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another")
def test_apply_gives_nobody_more_than_he_had(project: Make) -> None:
    """An owner who may not give the file away: its group is another then, and gets nothing of the old one's."""
    folder = project(FILES)
    os.chown(folder, 1234, 1234)
    os.chown(folder / "a.py", 4321, 4321)
    (folder / "a.py").chmod(0o4764)
    script = (
        "import os, sys\nfrom pathlib import Path\nfrom sandbox import replace_beneath\n"
        "held = os.open(sys.argv[1], os.O_RDONLY)\nos.setgroups([])\nos.setgid(1234)\nos.setuid(1234)\n"
        "replace_beneath(held, 'a.py', b'new')\n"
    )
    subprocess.run([sys.executable, "-c", script, folder], check=True)
    found = (folder / "a.py").stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (1234, 1234, 0o744)


def test_apply_writes_removes_and_keeps_modes(project: Make) -> None:
    folder = project(FILES)
    (folder / "z.py").chmod(0o755)
    change = Change(dict(CHANGE.files) | {"z.py": FileChange(b"z = 3\n", b"z = 4\n")})
    write(change, folder)
    assert (folder / "a.py").read_text() == "x = 2\n"
    assert not (folder / "src" / "deep" / "b.py").exists()
    assert (folder / "new" / "file.py").read_text() == "new\n"
    assert os.access(folder / "run.sh", os.X_OK)
    assert os.access(folder / "z.py", os.X_OK)
    with pytest.raises(UsageError, match="one of git's own"):
        write(Change({".git/config": FileChange(None, b"")}), folder)
