"""Random repositories of others: whatever is in `.git` and in the tree, taking it reads and writes nothing else."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from rfsn.errors import RfsnError
from rfsn.source.source import take_source
from sandbox import SandboxError
from tests.soak.common import FILES, Lane, git_project

__all__ = ["random_sources"]

SECRET = "what only the user of this machine may read"  # a canary

type Change = Callable[[Path], None]
"""What is done to a repository of the usual form."""

_GIT_NAMES = (
    "HEAD", "config", "index", "packed-refs", "shallow", "commondir", "gitdir", "refs/heads/main", "refs/heads/master",
    "refs/heads", "refs/tags/v1", "refs", "objects/info/alternates", "objects/info", "objects/pack", "objects",
    "objects/info/commit-graph", "objects/pack/multi-pack-index", "info/exclude", "info/attributes", "info/grafts",
    "info/sparse-checkout", "hooks/post-index-change", "hooks/reference-transaction",
    "modules/x/config", "worktrees/x/gitdir",
    "sharedindex.0000000000000000000000000000000000000000", "logs/HEAD", "config.worktree", "reftable/tables.list", "",
)  # fmt: skip
_TREE_NAMES = (
    "stock.py", "test_stock.py", ".gitignore", ".gitattributes", ".gitmodules", "src", "src/.gitignore", "src/.git",
    "src/.git/HEAD", ".GIT", ".git.", "git~1", "a\nb", "\x1b[31m", "-rf", " ", "\u202e", "x" * 255, ".git\u200c", "con",
)  # fmt: skip
_LINES = (
    '[core]\n\tfsmonitor = "touch {proof};"\n',
    "[core]\n\tworktree = {outside}\n",
    '[remote "x"]\n\turl = ext::sh -c "touch {proof}"\n\tpromisor = true\n[extensions]\n\tpartialClone = x\n',
    '[remote "x"]\n\turl = {outside}\n\tuploadpack = "touch {proof};"\n\tpromisor = true\n',
    '[filter "x"]\n\tclean = "touch {proof}; cat"\n\tsmudge = "touch {proof}; cat"\n',
    "[include]\n\tpath = {outside}/secret.txt\n",
    "[extensions]\n\tobjectFormat = sha256\n",
    "[extensions]\n\trefStorage = reftable\n",
    "[core]\n\tbare = true\n",
    "[index]\n\tversion = 4\n",
)
_TEXTS = (
    b"", b"\0", b"ref: refs/heads/main\n", b"ref: ../../../outside/HEAD\n", b"gitdir: {outside}/.git\n",
    b"{outside}/.git\n", b"../outside/.git/objects\n", b"*\n", b"!*\n", b"[" * 5_000, b"a" * 100_000, b"\xff\xfe",
    b"DIRC\0\0\0\2\xff\xff\xff\xff",
    b"* filter=x diff=x\n", b"**/**/**/**/**/**/**/**/a\n",
    b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
)  # fmt: skip


def random_sources(number: int, count: int) -> list[str]:
    """The problems of `count` repositories, made from the seed `number`."""
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        world = _World(Path(name))

        @seed(number)
        @settings(
            max_examples=count,
            database=None,
            deadline=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )
        @given(st.lists(_changes(world), min_size=1, max_size=6), st.sampled_from([None, "HEAD", "main", "v1"]))
        def look(changes: list[Change], ref: str | None) -> None:
            world.look(changes, ref)

        look()
        return world.problems


class _World:
    """A folder with a repository of somebody else's, made anew for each trial, and one of the user's beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.proof = folder / "proof"
        self.outside = git_project(folder / "outside", {"secret.txt": SECRET})
        self._pattern = git_project(folder / "pattern", FILES)
        self._before = _state(self.outside)
        self.problems: list[str] = []

    def look(self, changes: list[Change], ref: str | None) -> None:
        """One trial."""
        source, session = self.folder / "source", self.folder / "session"
        shutil.copytree(self._pattern, source, symlinks=True)
        session.mkdir()
        said = [getattr(change, "__doc__", None) or "" for change in changes]
        try:
            for change in changes:
                with suppress(OSError, ValueError):
                    change(source)
            self._take(source, session, ref, said)
        finally:
            for folder in (source, session):
                shutil.rmtree(folder)

    def _take(self, source: Path, session: Path, ref: str | None, said: list[str]) -> None:
        try:
            take_source(str(source), ref, session / "base")
        except (RfsnError, SandboxError, OSError) as error:
            if not str(error):
                self.problems.append(f"{said}, {ref}: an error without a word")
        except Exception as error:  # noqa: BLE001  # that is what is looked for
            self.problems.append(f"{said}, {ref}: {type(error).__name__}: {error}")
        if self.proof.exists():
            self.proof.unlink()
            self.problems.append(f"{said}, {ref}: a program of the repository ran")
        if _state(self.outside) != self._before:
            self._before = _state(self.outside)
            self.problems.append(f"{said}, {ref}: something of the user's was changed")
        if any(SECRET.encode() in content for content in _state(session).values()):
            self.problems.append(f"{said}, {ref}: something of the user's was taken")
        others = {path.name for path in self.folder.iterdir()} - {"source", "session", "outside", "pattern"}
        if others:
            self.problems.append(f"{said}, {ref}: {others} appeared")
        if left := Lane(self.folder).processes():
            self.problems.append(f"{said}, {ref}: processes are left: {left}")


def _changes(world: _World) -> st.SearchStrategy[Change]:
    places = st.one_of(
        st.sampled_from(_GIT_NAMES).map(lambda name: f".git/{name}".rstrip("/")),
        st.sampled_from(_TREE_NAMES),
        st.text(min_size=1, max_size=20).filter(lambda name: "/" not in name and "\0" not in name),
    )
    texts = st.one_of(st.sampled_from(_TEXTS), st.binary(max_size=200))
    targets = st.sampled_from([str(world.outside), "../outside", "/etc/passwd", "..", ".", "loop", ".git", "/dev/zero"])
    return st.one_of(
        st.builds(_written, places, texts.map(lambda text: text.replace(b"{outside}", os.fsencode(world.outside)))),
        st.builds(_linked, places, targets),
        st.builds(_piped, places),
        st.builds(_emptied, places),
        st.builds(_configured, st.sampled_from(_LINES), st.just(world)),
        st.builds(_flipped, st.sampled_from(["index", "HEAD", "packed-refs", "config"]), st.integers(0, 400)),
        st.builds(_indexed, places, st.sampled_from([0o100644, 0o120000, 0o160000, 0o100755])),
        st.builds(_bare_file, st.just(world)),
    )


def _named(change: Change, what: str) -> Change:
    change.__doc__ = what
    return change


def _clear(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif path.is_symlink() or path.exists():
        path.unlink()
    path.parent.mkdir(parents=True, exist_ok=True)


def _written(place: str, text: bytes) -> Change:
    def change(source: Path) -> None:
        _clear(source / place)
        (source / place).write_bytes(text)

    return _named(change, f"{place!r} holds {text[:80]!r}")


def _linked(place: str, target: str) -> Change:
    def change(source: Path) -> None:
        _clear(source / place)
        (source / place).symlink_to(target)

    return _named(change, f"{place!r} leads to {target}")


def _piped(place: str) -> Change:
    def change(source: Path) -> None:
        _clear(source / place)
        os.mkfifo(source / place)

    return _named(change, f"{place!r} is a pipe")


def _emptied(place: str) -> Change:
    def change(source: Path) -> None:
        _clear(source / place)
        (source / place).mkdir()

    return _named(change, f"{place!r} is a folder")


def _configured(lines: str, world: _World) -> Change:
    def change(source: Path) -> None:
        with (source / ".git" / "config").open("a") as config:
            config.write(lines.replace("{proof}", str(world.proof)).replace("{outside}", str(world.outside)))

    return _named(change, f"configured {lines!r}")


def _flipped(name: str, at: int) -> Change:
    def change(source: Path) -> None:
        content = bytearray((source / ".git" / name).read_bytes())
        content[at % len(content)] ^= 0x41
        (source / ".git" / name).write_bytes(content)

    return _named(change, f"byte {at} of .git/{name} is another")


def _indexed(place: str, mode: int) -> Change:
    """An entry of the index, whatever git would say to its name: one of the same length is taken and renamed."""

    def change(source: Path) -> None:
        index = source / ".git" / "index"
        content = bytearray(index.read_bytes())
        at = content.index(b"stock.py\0")
        content[at : at + 8] = os.fsencode(place)[:8].ljust(8, b"x")
        content[at - 38 : at - 34] = mode.to_bytes(4)
        index.write_bytes(content)

    return _named(change, f"the index has {place[:8]!r} with the mode {mode:o}")


def _bare_file(world: _World) -> Change:
    def change(source: Path) -> None:
        shutil.rmtree(source / ".git")
        (source / ".git").write_text(f"gitdir: {world.outside}/.git\n")

    return _named(change, "its .git is a file that names another repository")


def _state(folder: Path) -> dict[str, bytes]:
    found = {}
    for where, _, names in os.walk(folder):
        for path in (Path(where, name) for name in names):
            if not path.is_symlink() and path.is_file():
                found[str(path)] = path.read_bytes()
    return found
