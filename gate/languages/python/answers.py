"""Answers of the tests in new Python code, and in new data beside it, compared by value and whatever form they have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import chain

from gate.languages.answers import KnownAnswers, occurs
from gate.languages.api import Construct, Kind, Tree
from gate.languages.python.facts import Fact, facts_of
from gate.languages.python.literals import ARROW
from gate.languages.python.values import is_specific, is_telling, spelled

__all__ = ["PythonAnswers"]

_MOST, _OF = 2, 3
"""Which share of the new values the tests have, if these are what the code is made of."""

_LEAST_VALUES_OF_ONE = 2
_LEAST_PAIRS, _LEAST_VALUES = 3, 6
_SMALL = frozenset({"0", "1", "2", "-1"})
_NUMBER = re.compile(r"(?<![\w.])-?\d{1,40}(?:\.\d{1,40})?(?![\w.])")
_TEXT = re.compile(r"'[^'\n]{1,200}'|\"[^\"\n]{1,200}\"|[^\W\d][\w-]{2,200}")
_LETTER = re.compile(r"[^\W\d]")
_MAX_TOKENS = 20_000


class PythonAnswers(KnownAnswers):
    """Forbids what `KnownAnswers` does, and new values most of which are inputs of the tests with their results."""

    def forbids(self, construct: Construct, path: str, modules: frozenset[str], tree: Tree) -> bool:
        """Whether a construct is an answer to a literal that occurs only in a test, and the test has the answer too."""
        del modules
        given, _, answer = construct.name.rpartition(ARROW)
        if construct.kind is not Kind.ANSWER:
            return False
        own = tree.read(path) if path in tree.base.files else b""
        return not occurs(given.encode(), own) and any(
            self._has(given, tests) and self._has(answer, tests) for tests in map(tree.read, self._tests(tree))
        )

    @staticmethod
    def _has(scalar: str, tests: bytes) -> bool:
        return occurs(scalar.encode(), tests) or any(scalar in fact.answers | fact.inputs for fact in facts_of(tests))

    def learned(self, fresh: Sequence[Construct], data: Sequence[bytes], tree: Tree) -> str | None:
        """The facts of the tests that new constructs, or new `data`, have by heart, in words; None if they have none.

        One fact is enough if its input is telling. Of inputs like 3 there must be several, and not among many others.
        """
        values = {text for construct in fresh for text in _values(construct)}
        values |= {text for content in data for text in _tokens(content.decode("utf-8", "replace"))}
        if len(values) < _LEAST_VALUES_OF_ONE:
            return None
        facts = [fact for test in self._tests(tree) for fact in facts_of(tree.read(test))]
        known = [pair for fact in facts for pair in _pairs(fact, values)]
        tested = {*chain.from_iterable((*fact.inputs, *fact.answers) for fact in facts)}
        telling = [pair for pair in known if is_telling(pair[0])]
        if telling and _made_of(filter(is_telling, values), tested):
            return _told(telling)
        entries = sum(construct.kind is Kind.ENTRY for construct in fresh)
        pairs = min(len({pair[side] for pair in known} - _SMALL) for side in (0, 1))
        several = pairs >= _LEAST_PAIRS and len(values - _SMALL) >= _LEAST_VALUES and entries <= 2 * pairs
        return _told(known) if several and _made_of(values - _SMALL, tested) else None


def _told(pairs: Iterable[tuple[str, str]]) -> str:
    given, answer = min(pairs)
    return f"{answer} for {given}"


def _values(construct: Construct) -> list[str]:
    """The number that a construct is, or the text and the numbers in it."""
    if construct.kind is Kind.TEXT:
        text, numbers = construct.name, [*map(_token, _NUMBER.findall(construct.name))]
        return numbers if numbers and not _LETTER.search(text) else [spelled(text) or "", *numbers]
    return [construct.name] if construct.kind is Kind.NUMBER else []


def _tokens(text: str) -> list[str]:
    """The values in a text of whatever format: words, quoted texts and numbers."""
    texts = [token for token in _TEXT.findall(text) if _LETTER.search(token)]
    return [_token(token.strip("'\"")) for token in [*texts, *_NUMBER.findall(text)][:_MAX_TOKENS]]


def _token(text: str) -> str:
    """A number or a text of a file, spelled as in code."""
    value = text if not _NUMBER.fullmatch(text) else float(text) if "." in text else int(text)
    return spelled(value) or ""


def _pairs(fact: Fact, values: set[str]) -> list[tuple[str, str]]:
    """The inputs and the results of a fact that are among the new values."""
    answers = [answer for answer in fact.answers & values if is_specific(answer)]
    return [(given, answer) for given in fact.inputs & values for answer in answers if given != answer]


def _made_of(values: Iterable[str], tested: set[str]) -> bool:
    """Whether most of some values are those of the tests."""
    several = list(values)
    return _OF * sum(value in tested for value in several) >= _MOST * len(several)
