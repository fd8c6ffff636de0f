"""Diffs of every form, read by applying them; a diff that rfsn renders reads back as the same tree."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from buildpacks.view import FolderView
from gate import (
    Change,
    CreateFile,
    DeleteFile,
    Edit,
    EditFile,
    FileChange,
    Operation,
    Patch,
    PatchError,
    RenameFile,
    SetMode,
    apply,
    content_hash,
)
from rfsn.project.diffs import DiffError, patch_of, read_diff, render
from rfsn.source.snapshot import take_files

FILES = {
    "src/core.py": "".join(f"line {number}\n" for number in range(1, 41)),
    "src/with space.txt": "a\nb\n",
    "docs/é.txt": "no newline at the end",
    "empty.txt": "",
}


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("diffs") / "base"
    take_files(FILES, "a test", folder)
    return folder


@pytest.fixture
def clone(base: Path, tmp_path: Path, git: Callable[..., str]) -> Path:
    git("clone", "--quiet", str(base), str(tmp_path / "clone"), cwd=tmp_path)
    return tmp_path / "clone"


def contents(change: Change) -> dict[str, tuple[bytes | None, str | None]]:
    return {path: (file.after, file.mode) for path, file in change.files.items()}


PREFIXES = [
    (),
    ("--no-prefix",),
    ("--src-prefix=old/", "--dst-prefix=new/"),
    ("--src-prefix=x/y/", "--dst-prefix=z/y/", "--no-renames"),  # git apply itself misreads renames there
    ("-c", "diff.mnemonicPrefix=true"),
    ("-U0",),
    ("-U10", "--no-renames"),
    ("--full-index", "--binary"),
    ("-M", "-C"),
]


@pytest.mark.parametrize("options", PREFIXES, ids=" ".join)
def test_any_form_of_a_diff_gives_the_same_change(
    options: tuple[str, ...], clone: Path, base: Path, git: Callable[..., str]
) -> None:
    text = (
        FILES["src/core.py"].replace("line 3\n", "line three\n").replace("line 30\n", "").replace("line 39\n", "x\ny\n")
    )
    (clone / "src/core.py").write_text(text)
    (clone / "src/fresh.py").write_text("fresh\n")
    (clone / "docs/é.txt").write_text("now with one\n")
    (clone / "src/with space.txt").rename(clone / "src/moved.txt")
    (clone / "empty.txt").unlink()
    git("add", "--all", cwd=clone)
    settings = options if options[:1] == ("-c",) else ()
    diff = git(*settings, "diff", "--cached", *(options if not settings else ()), cwd=clone)
    change = read_diff(diff.encode(), base)
    assert contents(change) == {
        "src/core.py": (text.encode(), None),
        "src/fresh.py": (b"fresh\n", "100644"),
        "docs/é.txt": (b"now with one\n", None),
        "src/with space.txt": (None, None),
        "src/moved.txt": (b"a\nb\n", "100644"),
        "empty.txt": (None, None),
    }
    edits = change.files["src/core.py"].edits
    assert edits is not None
    assert len(edits) == 3
    assert contents(apply(patch_of(change), FolderView(base).read)) == contents(change)


PLAIN = "--- {}src/core.py{}\n+++ {}src/core.py{}\n@@ -1,3 +1,3 @@\n line 1\n-line 2\n+line two\n line 3\n"


@pytest.mark.parametrize("prefixes", [("a/", "b/"), ("", ""), ("old/", "new/"), ("./", "./"), ("work/a/", "work/b/")])
@pytest.mark.parametrize("stamp", ["", "\t2026-11-22 10:00:00"])
def test_a_plain_unified_diff(prefixes: tuple[str, str], stamp: str, base: Path) -> None:
    text = PLAIN.format(prefixes[0], stamp, prefixes[1], stamp)
    for variant in (text, f"Here is the fix:\n\n{text}", text.rstrip("\n"), text.replace("-1,3 +1,3", "-1,4 +1,5")):
        change = read_diff(variant.encode(), base)
        assert change.files["src/core.py"].after == FILES["src/core.py"].replace("line 2\n", "line two\n", 1).encode()


def test_a_new_file_stands_where_the_diff_says(base: Path) -> None:
    for header in ("--- /dev/null\n+++ b/src/new.py\n", "--- /dev/null\n+++ src/new.py\n"):
        assert list(read_diff(f"{header}@@ -0,0 +1 @@\n+x = 1\n".encode(), base).files) == ["src/new.py"]
    bare = (
        "diff --git src/new.py src/new.py\nnew file mode 100644\n--- /dev/null\n+++ src/new.py\n@@ -0,0 +1 @@\n+x = 1\n"
    )
    assert list(read_diff(bare.encode(), base).files) == ["src/new.py"]


def test_links_submodules_and_modes_are_what_they_are(base: Path) -> None:
    new = "diff --git a/{0} b/{0}\nnew file mode {1}\n--- /dev/null\n+++ b/{0}\n@@ -0,0 +1 @@\n+{2}\n"
    link = new.format("l", "120000", "/etc/passwd\n\\ No newline at end of file")
    change = read_diff(link.encode(), base)
    assert change.files == {"l": FileChange(None, b"/etc/passwd", "120000")}
    with pytest.raises(DiffError, match="only make regular files"):
        patch_of(change)
    module = new.format("m", "160000", f"Subproject commit {'1' * 40}")
    assert read_diff(module.encode(), base).files["m"].mode == "160000"
    mode = "diff --git a/src/core.py b/src/core.py\nold mode 100644\nnew mode 100755\n"
    assert read_diff(mode.encode(), base).files["src/core.py"].mode == "100755"


@pytest.mark.parametrize(
    "diff",
    [
        b"",
        b"\n",
        b"no diff at all\n",
        b"\0\xff\xfe",
        PLAIN.format("a/", "", "b/", "").replace("line 2", "line 222").encode(),
        PLAIN.format("a/", "", "b/", "").replace("src/core.py", "src/gone.py").encode(),
        b"--- /dev/null\n+++ b/../out.py\n@@ -0,0 +1 @@\n+x\n",
        b"--- /dev/null\n+++ /tmp/out.py\n@@ -0,0 +1 @@\n+x\n",
        b"--- /dev/null\n+++ b/.git/config\n@@ -0,0 +1 @@\n+x\n",
        b"--- /dev/null\n+++ b/src/core.py\n@@ -0,0 +1 @@\n+x\n",
        b"diff --git a/x b/x\nnew file mode 100644\nindex 0..1\nGIT binary patch\nliteral 99999999999\nzcmV\n",
    ],
)  # fmt: skip
def test_an_unreadable_diff_is_refused(diff: bytes, base: Path) -> None:
    with pytest.raises(DiffError):
        read_diff(diff, base)


def test_reading_leaves_the_snapshot_as_it_is(base: Path, git: Callable[..., str]) -> None:
    before = sorted(path for path in base.rglob("*"))
    read_diff(PLAIN.format("a/", "", "b/", "").encode(), base)
    assert sorted(path for path in base.rglob("*")) == before
    assert git("status", "--porcelain", cwd=base) == ""


paths = st.sampled_from([*FILES, "new.py", "src/deep/new.py", "a b.txt", "ü.txt", 'quo"te.txt', "tab\tbed.txt"])
texts = st.lists(
    st.sampled_from([b"x\n", b"line 2\n", b"\n", b"\r\n", b"end", b"\xff\n", b"-- \n", b"@@ -1 +1 @@\n"]), max_size=5
).map(b"".join)


@st.composite
def patches(draw: st.DrawFn) -> Patch:
    operations: list[Operation] = []
    for path in draw(st.lists(paths, min_size=1, max_size=4, unique=True)):
        if path not in FILES:
            operations.append(CreateFile(path, draw(texts), draw(st.sampled_from(["100644", "100755"]))))
            continue
        content = FILES[path].encode()
        kind = draw(st.sampled_from(["edit", "delete", "rename", "mode"]))
        if kind == "edit":
            cuts = sorted(draw(st.lists(st.integers(0, len(content)), min_size=2, max_size=6)))
            edits = [Edit(first, last, draw(texts)) for first, last in zip(cuts[0::2], cuts[1::2], strict=False)]
            operations.append(EditFile(path, content_hash(content), tuple(edits)))
        elif kind == "delete":
            operations.append(DeleteFile(path))
        elif kind == "rename":
            operations.append(RenameFile(path, f"moved/{path}"))
        else:
            operations.append(SetMode(path, "100755"))
    return tuple(operations)


@given(patches())
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_a_rendered_diff_reads_back(base: Path, patch: Patch) -> None:
    change = apply(patch, FolderView(base).read)
    text = render(patch, base)
    if not text:
        assert not change.files
        return
    again = read_diff(text.encode("utf-8", "surrogateescape"), base)
    assert _tree(again) == _tree(change)
    assert _tree(apply(patch_of(again), FolderView(base).read)) == _tree(change)


def _tree(change: Change) -> dict[str, tuple[bytes | None, bool]]:
    return {path: (file.after, file.mode == "100755") for path, file in change.files.items()}


def test_a_fuzzed_diff_raises_nothing_but_what_is_documented(base: Path) -> None:
    """`FUZZ_BYTES` says how many bytes of damaged diffs are read."""
    wanted = int(os.environ.get("FUZZ_BYTES", "20000"))
    generator = random.Random(0)
    patch = (
        EditFile("src/core.py", content_hash(FILES["src/core.py"].encode()), (Edit(7, 13, b"x"), Edit(100, 120, b""))),
        CreateFile("new file.py", b"x\n", "100755"),
        RenameFile("src/with space.txt", "é.txt"),
        DeleteFile("empty.txt"),
    )
    seeds = [render(patch, base).encode("utf-8", "surrogateescape"), PLAIN.format("a/", "", "b/", "").encode()]
    done = 0
    while done < wanted:
        diff = bytearray(generator.choice(seeds))
        for _ in range(generator.randint(1, 6)):
            at = generator.randrange(len(diff))
            match generator.randrange(4):
                case 0:
                    diff[at] = generator.randrange(256)
                case 1:
                    del diff[at : at + generator.randint(1, 30)]
                case 2:
                    diff[at:at] = diff[generator.randrange(len(diff)) :][: generator.randint(1, 60)]
                case _:
                    diff[at:at] = bytes(generator.randrange(256) for _ in range(generator.randint(1, 10)))
            diff = diff or bytearray(b"\n")
        done += len(diff)
        try:
            change = read_diff(bytes(diff), base)
            patch_of(change)
        except DiffError:
            continue
        except PatchError as error:  # pragma: no cover
            pytest.fail(f"{error}: {bytes(diff)!r}")
