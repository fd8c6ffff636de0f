"""New entries of tables: the key that a failing test names, and a value by the pattern of its neighbours.

Ingredients from the failing test: Saha et al., "ELIXIR" (ASE 2017). TSSB-3M's "add elements to iterable" is a frequent
kind of fix; its studied tables are literals.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Sequence

from planners.search.language import Replacement
from planners.search.python.operators.base import PythonOperator, Site
from planners.search.python.operators.frequencies import ADD_ELEMENT
from planners.search.python.operators.keys import new_keys, spelt_alike
from planners.search.python.scope import Scope

__all__ = ["OPERATORS"]

_LEAST_ENTRIES, _LEAST_SORTED = 2, 3
_MOST_VALUES = 6


def _add_entry(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Add the entry for a key that a failing test names: `{"a": f}` -> `{"a": f, "b": f}`."""
    node = site.node
    assert isinstance(node, ast.Dict)
    keys = [key for key in node.keys if isinstance(key, ast.Constant)]
    if len(keys) < max(_LEAST_ENTRIES, len(node.keys)):
        return
    for text, weight in new_keys(scope, keys):
        place = _place(keys, ast.literal_eval(text))
        for value in _values(site, keys, node.values, ast.literal_eval(text), place):
            entry = f"{_quoted(site, keys, text)}: {value}"
            yield _inserted(site, keys, node.values, place, entry, weight)


def _values(site: Site, keys: Sequence[ast.Constant], values: Sequence[ast.expr], new: object, place: int) -> list[str]:
    """Values for a key: spelt as the others spell theirs, the usual one, the neighbours', the next of a series."""
    texts = [site.text(value) for value in values]
    spelt = [spelt_alike(text, key.value, new) for key, text in zip(keys, texts, strict=True)]
    pattern = [made for made, text in zip(spelt, texts, strict=True) if made != text]
    usual = [text for text, times in Counter(texts).most_common(2) if times > 1]
    near = [texts[at] for at in (place - 1, place) if 0 <= at < len(texts)]
    ordered = [*_series(values), *usual, *near, *reversed(texts)]
    if len(pattern) * 2 > len(texts):
        ordered = [*pattern, *ordered]
    return list(dict.fromkeys(ordered))[:_MOST_VALUES]


def _series(values: Sequence[ast.expr]) -> list[str]:
    """The next number after values that grow by the same difference or factor."""
    numbers = [value.value for value in values if isinstance(value, ast.Constant) and type(value.value) is int]
    if len(numbers) < len(values) or len(numbers) < 3:
        return []
    first, second, last = numbers[-3:]
    if second - first == last - second:
        return [str(2 * last - second)]
    return [str(last * (last // second))] if first and second and second * second == first * last else []


def _add_member(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Add the element that a failing test names to a list, tuple or set of constants."""
    node = site.node
    assert isinstance(node, ast.List | ast.Tuple | ast.Set)
    elements = [element for element in node.elts if isinstance(element, ast.Constant)]
    if len(elements) < max(_LEAST_ENTRIES, len(node.elts)):
        return
    for text, weight in new_keys(scope, elements):
        place = _place(elements, ast.literal_eval(text))
        yield _inserted(site, elements, elements, place, _quoted(site, elements, text), weight)


def _place(keys: Sequence[ast.Constant], new: object) -> int:
    """Where a new key goes: at its place in an order, or else at the end."""
    values = [key.value for key in keys]
    try:
        ordered = len(values) >= _LEAST_SORTED and values == sorted(values)  # type: ignore[type-var]
        after = [place for place, value in enumerate(values) if value > new]  # type: ignore[operator]
    except TypeError:
        return len(values)
    return after[0] if ordered and after else len(values)


def _quoted(site: Site, keys: Sequence[ast.Constant], text: str) -> str:
    """A literal with the quotes that the other keys have."""
    other = site.text(keys[-1])
    if other.startswith('"') and text.startswith("'") and '"' not in text and "\\" not in text:
        return f'"{text[1:-1]}"'
    return text


def _inserted(
    site: Site, keys: Sequence[ast.expr], values: Sequence[ast.expr], place: int, entry: str, weight: float
) -> Replacement:
    """Insert an entry before another one or after the last, on a line of its own where they have one."""
    source = site.source
    starts = [source.span(key)[0] for key in keys]
    own_line = len(keys) > 1 and keys[-1].lineno != keys[-2].lineno
    at = min(place, len(keys) - 1)
    indent = source.text[source.line_starts[keys[at].lineno - 1] : starts[at]]
    gap = source.newline + indent if own_line and not indent.strip() else " "
    if place < len(keys):
        return site.edit(starts[place], starts[place], f"{entry},{gap}", weight=weight)
    end = source.span(values[-1])[1]
    return site.edit(end, end, f",{gap}{entry}", weight=weight)


_SEQUENCES = (ast.List, ast.Tuple, ast.Set)

OPERATORS = (
    PythonOperator("add-entry", ADD_ELEMENT, 2, 6, (ast.Dict,), _add_entry),
    PythonOperator("add-member", ADD_ELEMENT, 4, 4, _SEQUENCES, _add_member),
)
