"""Tables of answers: literals that stand for others, looked up in the tests as inputs with their results."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise

from gate.languages.api import Tree

__all__ = ["entry", "forget_tests", "known_entries", "placed"]

_LEAST, _MANY, _SHARE = 3, 6, 2 / 3
_LEAST_PLACES = 4
_MAX_ENTRIES, _MAX_BYTES = 200, 1_000_000
_ARROW = " => "
_TINY = re.compile(r"-?[01]?(?:[^\w']+-?[01])*")
_TRUTHS = frozenset({"true", "false", "none", "null", "nil", "nullptr"})
_FILLERS = _TRUTHS | {"0", "0.0", "''", "undefined"}
_NUMBER = re.compile(r"-?\d+(?:\.\d*)?(?:e-?\d+)?")
_BETWEEN = r"[^\d']{0,40}?"


def entry(key: Sequence[str], value: Sequence[str]) -> str | None:
    """The name of an entry: the scalars of its key and of its value; None if it says too little (0 and 1, no value)."""
    given, answer = " ".join(key), " ".join(value)
    if not given or not answer or (_TINY.fullmatch(given) and _TINY.fullmatch(answer)):
        return None
    return f"{given}{_ARROW}{answer}" if given.lower() not in _TRUTHS else None


def placed(values: Sequence[Sequence[str]]) -> list[str]:
    """The entries of a list: its elements by their places, without fillers; none for a short list, or for a range."""
    numbers = [float(value[0]) for value in values if len(value) == 1 and _NUMBER.fullmatch(value[0])]
    steps = {later - earlier for earlier, later in pairwise(numbers)}
    if len(values) < _LEAST_PLACES or (len(numbers) == len(values) and len(steps) == 1):
        return []
    named = (
        entry([str(place)], value) for place, value in enumerate(values) if " ".join(value).lower() not in _FILLERS
    )
    return [name for name in named if name is not None]


def known_entries(entries: Iterable[str], tree: Tree, suffixes: tuple[str, ...]) -> list[str]:
    """Entries that are inputs of the tests with their results, if they are three or more, and many or most of all."""
    several = list(dict.fromkeys(entries))[:_MAX_ENTRIES]
    if len(several) < _LEAST:
        return []
    paths = sorted(path for path in tree.base.files if path.endswith(suffixes) and tree.protected(path))
    tests = "\n".join(_plain(tree.read(path)) for path in paths)[:_MAX_BYTES]
    known = [one for one in several if any(pattern.search(tests) for pattern in _pairs(one))]
    return known if len(known) >= max(_LEAST, min(_MANY, _SHARE * len(several))) else []


def forget_tests() -> None:
    """Clear the cache of tests that were searched."""
    _plain.cache_clear()


@lru_cache(maxsize=4096)
def _pairs(name: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """An entry as tests have it: `f(3) == 5`, `(3, 5)`, `in: 3, want: 5`, or `assertEquals(5, f(3))`.

    Each begins with a literal if it can: that is searched for much faster.
    """
    key, _, value = name.partition(_ARROW)
    given, answer = _scalars(key), _scalars(value)
    first, second = f"{given}{_BETWEEN}{answer}", rf"{answer}[^\d']{{0,40}}?\([^\d']{{0,12}}?{given}"
    return re.compile(first), re.compile(second)


def _scalars(text: str) -> str:
    parts = re.findall(r"'[^']*'|[^\s']+", text)
    return r"[^\w'.]+".join(_scalar(part) for part in parts)


def _scalar(text: str) -> str:
    if text.startswith("'"):
        return re.escape(text)
    if text.lower() in _TRUTHS:
        return f"(?i:{text})"
    literal = re.escape(text.removesuffix(".0"))
    return rf"{literal}(?<![\w.-]{literal})(?:\.0)?(?![\d.eE]\d|\d)"


@lru_cache(maxsize=64)
def _plain(content: bytes) -> str:
    """A text with one kind of quotes, and single spaces."""
    text = content.decode("utf-8", "replace").replace('"', "'").replace("`", "'")
    return re.sub(r"\s+", " ", text)
