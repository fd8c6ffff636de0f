"""The name of a repair: the place of a change, and the name of a source."""

from __future__ import annotations

import pytest

from gate import Change, FileChange
from rfsn.project.message import name_of_source, place_of_fault

SHOP = b"""\
class Shop:
    @cached(1)
    def price(
        self, name
    ):
        def inner():
            return 1
        return inner()


LIMIT = 3
"""


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        (b"return 1", b"return 2", "inner in shop.py"),
        (b"return inner()", b"return -inner()", "price in shop.py"),
        (b"        return inner()\n", b"", "price in shop.py"),
        (b"LIMIT = 3", b"LIMIT = 4", "shop.py"),
        (b"class", b"import os\nclass", "shop.py"),
    ],
)
def test_the_function_of_a_change(old: bytes, new: bytes, place: str) -> None:
    change = Change({"shop.py": FileChange(SHOP, SHOP.replace(old, new, 1))})
    assert place_of_fault(change) == place
    assert place_of_fault(change, "lib") == place.replace("shop.py", "lib/shop.py")


def test_the_files_of_a_change_if_there_are_several_or_no_language_reads_them() -> None:
    file = FileChange(b"x = 1\n", b"x = 2\n")
    assert place_of_fault(Change({"a.py": file, "b.py": file})) == "a.py and b.py"
    assert place_of_fault(Change({"a.py": file, "b.py": file, "c.py": file})) == "3 files"
    assert place_of_fault(Change({"a\x1b[1m.go": file})) == "a\\x1b[1m.go"
    assert place_of_fault(Change({"new.py": FileChange(None, b"")})) == "new.py"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("/home/ada/shop/", "shop"),
        ("https://example.org/ada/shop.git", "shop"),
        ("git@example.org:ada/shop.git", "shop"),
        ("/", "/"),
    ],
)
def test_the_name_of_a_source(source: str, name: str) -> None:
    assert name_of_source(source) == name
