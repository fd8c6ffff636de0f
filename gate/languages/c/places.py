"""Headers that take the place of those of the standard library or of a test framework."""

from __future__ import annotations

import re

from gate.languages.api import Tree
from gate.patch import Change

__all__ = ["HeaderPlaces"]

_STANDARD = (
    "assert|complex|ctype|errno|fenv|float|inttypes|limits|locale|math|setjmp|signal|stdalign|stdarg|stdatomic|stdbool"
    "|stddef|stdint|stdio|stdlib|stdnoreturn|string|strings|tgmath|threads|time|uchar|unistd|wchar|wctype"
)
_TESTS = "gtest|gmock|catch|catch_all|doctest|check|cmocka|criterion|unity|CUnit|munit|minunit|greatest|tap"
_CPP = (
    "algorithm|any|array|atomic|bitset|cassert|chrono|cmath|compare|concepts|cstddef|cstdint|cstdio|cstdlib|cstring|deque"
    "|exception|filesystem|format|fstream|functional|future|iomanip|ios|iostream|istream|iterator|limits|list|map|memory"
    "|mutex|new|numeric|optional|ostream|queue|random|ranges|ratio|regex|set|span|sstream|stack|stdexcept|string"
    "|string_view|thread|tuple|type_traits|typeinfo|unordered_map|unordered_set|utility|variant|vector"
)
_SHADOWING = re.compile(rf"(?:^|/)((?:{_STANDARD}|{_TESTS})\.(?:h|hpp|hh)|(?:{_CPP}))$")


class HeaderPlaces:
    """A header beside a source is found before the system's."""

    def runs_at_start(self, path: str) -> bool:
        """No file of C or C++ runs unless something names it."""
        del path
        return False

    def shadowed(self, path: str, change: Change, tree: Tree) -> str | None:
        """The header that a new file would shadow, if any."""
        del change, tree
        found = _SHADOWING.search(path)
        return found[1] if found else None
