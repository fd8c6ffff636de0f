"""Applying patches in memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate import (
    CreateFile,
    DeleteFile,
    Edit,
    EditFile,
    FileChange,
    PatchError,
    RenameFile,
    SetMode,
    apply,
    content_hash,
)

BASE = {"a.py": b"one two three", "b.py": b"bee"}


def read(path: str) -> bytes:
    if path not in BASE:
        raise FileNotFoundError(path)
    return BASE[path]


def test_edits_change_only_their_bytes() -> None:
    edits = (Edit(0, 3, b"1"), Edit(4, 7, b""), Edit(13, 13, b"!"))
    change = apply((EditFile("a.py", content_hash(BASE["a.py"]), edits),), read)
    assert change.files == {"a.py": FileChange(BASE["a.py"], b"1  three!")}


def test_operations_build_on_one_another() -> None:
    patch = (
        RenameFile("a.py", "c.py"),
        EditFile("c.py", content_hash(BASE["a.py"]), (Edit(0, 3, b"1"),)),
        SetMode("c.py", "100755"),
        DeleteFile("b.py"),
        CreateFile("d.py", b"dee"),
        DeleteFile("d.py"),
    )
    assert apply(patch, read).files == {
        "a.py": FileChange(BASE["a.py"], None),
        "c.py": FileChange(None, b"1 two three", "100755"),
        "b.py": FileChange(b"bee", None),
    }


def test_what_does_not_fit_is_refused() -> None:
    for operation in (
        DeleteFile("x.py"),
        SetMode("x.py", "100644"),
        RenameFile("a.py", "b.py"),
        CreateFile("a.py", b""),
    ):
        with pytest.raises(PatchError):
            apply((operation,), read)


@given(st.binary(max_size=60), st.data())
def test_any_ordered_edits_equal_slicing(content: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(content)), min_size=2, max_size=8)))
    spans = list(zip(cuts[::2], cuts[1::2], strict=False))
    texts = [data.draw(st.binary(max_size=5)) for _ in spans]
    edits = tuple(Edit(start, end, text) for (start, end), text in zip(spans, texts, strict=True))
    expected = content
    for edit in reversed(edits):
        expected = expected[: edit.start] + edit.text + expected[edit.end :]
    change = apply((EditFile("f", content_hash(content), edits),), lambda _: content)
    assert change.files.get("f", FileChange(content, content)).after == expected
