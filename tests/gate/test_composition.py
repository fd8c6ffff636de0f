"""Composing two consecutive patches into one."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate import CreateFile, Edit, EditFile, Patch, PatchError, apply, compose, content_hash

BASE = b"one two three four"


def read(path: str) -> bytes:
    return {"a.py": BASE, "b.py": b"bee"}[path]


def edits(content: bytes, places: Sequence[int], texts: Sequence[bytes]) -> tuple[Edit, ...]:
    cut = sorted(place % (len(content) + 1) for place in places)
    return tuple(Edit(start, end, text) for start, end, text in zip(cut[::2], cut[1::2], texts, strict=False))


def patch(content: bytes, changes: tuple[Edit, ...]) -> Patch:
    return (EditFile("a.py", content_hash(content), changes),)


PLACES = st.lists(st.integers(0, 40), max_size=8)
TEXTS = st.lists(st.binary(max_size=4), min_size=4, max_size=4)


@given(PLACES, TEXTS, PLACES, TEXTS)
def test_a_composed_patch_does_what_the_two_do(
    places: list[int], texts: list[bytes], more: list[int], others: list[bytes]
) -> None:
    first = patch(BASE, edits(BASE, places, texts))
    change = apply(first, read).files.get("a.py")
    between = change.after if change and change.after is not None else BASE
    second = patch(between, edits(between, more, others))
    wanted = apply(second, {"a.py": between}.__getitem__).files.get("a.py")
    composed = apply(compose(first, second, read), read).files.get("a.py")
    assert (composed.after if composed else BASE) == (wanted.after if wanted else between)


def test_files_edited_by_only_one_patch_are_kept() -> None:
    first = (EditFile("b.py", content_hash(b"bee"), (Edit(0, 1, b"B"),)),)
    second = patch(BASE, (Edit(0, 3, b"1"),))
    composed = compose(first, second, read)
    assert {path: file.after for path, file in apply(composed, read).files.items()} == {
        "b.py": b"Bee",
        "a.py": b"1 two three four",
    }


def test_other_operations_and_patches_that_do_not_fit_are_refused() -> None:
    with pytest.raises(PatchError):
        compose((CreateFile("c.py", b""),), (), read)
    with pytest.raises(PatchError):
        compose((EditFile("b.py", content_hash(b"other"), ()),), (), read)
