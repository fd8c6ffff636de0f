"""Keys for new entries and branches: those that a failing test names, and words of it that fit the known keys."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from planners.search.python.scope import Scope

__all__ = ["new_keys", "spelt_alike"]

_OF_TEST = 0.3
"""The weight of a word of a failing test, relative to a key that its failure names."""

_MOST_WORDS = 6
_SHARE = 0.8
"""The share of the known keys whose form a word must have."""

_FORMS = (
    re.compile(r"[A-Z][A-Z0-9_]*"),
    re.compile(r"[a-z][a-z0-9]*"),
    re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+"),
    re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)+"),
    re.compile(r"[A-Z][a-z0-9]+"),
    re.compile(r"\W"),
)


def new_keys(scope: Scope, known: Sequence[ast.Constant]) -> Iterator[tuple[str, float]]:
    """Literals of the kind of the known keys and not among them, with their weights, the likeliest first."""
    kinds = {type(key.value) for key in known}
    values = {key.value for key in known}
    if len(kinds) != 1:
        return
    made: set[object] = set()
    for text in scope.evidence.keys:
        value = ast.literal_eval(text)
        if type(value) in kinds and value not in values and value not in made:
            made.add(value)
            yield text, 1.0
    texts = [key.value for key in known if isinstance(key.value, str)]
    for word in scope.evidence.words if len(texts) > 1 else ():
        if word not in values and word not in made and _has_form(word, texts) and len(made) < _MOST_WORDS:
            made.add(word)
            yield repr(word), _OF_TEST


def _has_form(word: str, texts: Sequence[str]) -> bool:
    """Whether a word is written as most of some texts are."""
    for form in _FORMS:
        alike = sum(form.fullmatch(text) is not None for text in texts)
        if alike >= _SHARE * len(texts) and form.fullmatch(word):
            return True
    return False


def spelt_alike(pattern: str, old: object, new: object) -> str:
    """A text in which what spells a key, in any usual case, spells another one; the text itself if nothing does."""
    if not isinstance(old, str) or not isinstance(new, str) or not old.strip() or not new.isprintable():
        return pattern
    for change in (str, str.lower, str.upper, str.capitalize, _as_name):
        written, put = change(old), change(new)
        bounds = (r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])") if written[:1].isalnum() else ("", "")
        found = re.compile(bounds[0] + re.escape(written) + bounds[1])
        text = found.sub(lambda _, put=put: put, pattern)  # type: ignore[misc]
        if written and text != pattern and _parses(text):
            return text
    return pattern


def _as_name(text: str) -> str:
    return re.sub(r"\W", "_", text).lower()


def _parses(text: str) -> bool:
    try:
        ast.parse(f"def f():\n    while x:\n{'\n'.join('        ' + line for line in text.split('\n'))}\n")
    except (SyntaxError, ValueError):
        return False
    return True
