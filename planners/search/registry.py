"""The languages that the search can repair, and the language of each file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from planners.search.language import Language, Operator
from planners.search.python import PYTHON

__all__ = ["LANGUAGES", "OPERATORS", "language_of", "operators_of"]

LANGUAGES: Mapping[str, Language] = {
    ".py": PYTHON,
    ".pyw": PYTHON,
    "": PYTHON,  # scripts without a suffix; those in other languages do not parse
}
"""The languages by the suffix of a file's name."""


def language_of(path: str, languages: Mapping[str, Language]) -> Language | None:
    """The language of a file; None if its suffix has none."""
    return languages.get(PurePosixPath(path).suffix)


def operators_of(languages: Mapping[str, Language]) -> tuple[Operator, ...]:
    """The edit operators of all the languages, in the order in which the languages are listed."""
    distinct = {language.name: language for language in languages.values()}
    return tuple(operator for language in distinct.values() for operator in language.operators)


OPERATORS = operators_of(LANGUAGES)
