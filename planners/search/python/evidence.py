"""What failing tests say is missing: keys, attributes, exceptions, a value in place of None.

Ingredients from reports of bugs: Saha, Lyu, Yoshida and Prasad, "ELIXIR: Effective Object-Oriented Program Repair" (ASE
2017). What tests say is untrusted text: it only orders edits, and names keys of tables and branches.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from functools import cached_property

from planners.search.language import FailingTest
from planners.search.python.source import FUNCTIONS, parse

__all__ = ["NO_EVIDENCE", "Evidence"]

_LONGEST_MESSAGE, _LONGEST_KEY, _LARGEST_FILE = 2000, 60, 400_000
_MOST_KEYS, _MOST_WORDS = 4, 24

_LITERAL = r"""('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|-?\d+(?:\.\d+)?)"""
_MISSING = re.compile(rf"KeyError: {_LITERAL}|{_LITERAL} (?:not )?(?:found )?in\b")
_QUOTED = re.compile(r"""(?<!\w)('(?:[^'\\\n]|\\.)+'|"(?:[^"\\\n]|\\.)+")""")
_ATTRIBUTE = re.compile(r"has no attribute '(\w+)'")
_NOT_RAISED = re.compile(
    r"DID NOT RAISE (?:any of )?\(?(?:<class ')?([\w.]+)|^(?:AssertionError: )?([\w.]+) not raised", re.MULTILINE
)
_NONE = re.compile(r"\bNone (?:==|!=|is not\b|<|>)|(?:==|!=) None\b|'NoneType'|\bNone is not\b")
_OF_VALUES = re.compile(r"(?:KeyError|ValueError|LookupError|NotImplementedError|AssertionError|\w*Exception)\b")
_WORD = re.compile(r"[A-Za-z_][\w-]*")


class Evidence:
    """What the failing tests say and have, in a fixed order."""

    def __init__(self, failing: Sequence[FailingTest]) -> None:
        self._failing = failing
        self._messages = [test.message[:_LONGEST_MESSAGE] for test in failing]

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Literals that the failures name as missing; first those of a KeyError or of a failed `in`."""
        found = [text for message in self._messages for pair in _MISSING.findall(message) for text in pair if text]
        for message in self._messages:
            if _OF_VALUES.match(message):
                found += _QUOTED.findall(message.partition("\n")[0])
        literals = (ast.unparse(node) for text in found if (node := _literal(text)) is not None)
        return tuple(dict.fromkeys(literals))[:_MOST_KEYS]

    @cached_property
    def attributes(self) -> tuple[str, ...]:
        """The attributes that objects do not have."""
        return tuple(dict.fromkeys(name for message in self._messages for name in _ATTRIBUTE.findall(message)))

    @cached_property
    def unraised(self) -> tuple[str, ...]:
        """The exceptions that tests expect in vain, by their plain names."""
        found = (pair for message in self._messages for pair in _NOT_RAISED.findall(message))
        return tuple(dict.fromkeys(name.rpartition(".")[2] for pair in found for name in pair if name))

    def raised_in(self, path: str, lines: range) -> bool:
        """Whether one of the failures was raised on one of the lines of a file."""
        return any(test.raised_at[0] == path and test.raised_at[1] in lines for test in self._failing)

    @cached_property
    def wants_value(self) -> bool:
        """Whether a test compares None with something, or uses it as something else."""
        return any(_NONE.search(message) for message in self._messages)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The words in the texts of the failing tests, the rarest first: what the passing tests beside them lack."""
        own: dict[str, None] = {}
        often: dict[str, int] = {}
        for test in self._failing:
            for name, words in self._words_of(test.source):
                for word in words:
                    often[word] = often.get(word, 0) + 1
                    if name == test.name:
                        own[word] = None
        return tuple(sorted(own, key=lambda word: often[word]))[:_MOST_WORDS]

    def _words_of(self, source: bytes) -> Iterator[tuple[str, set[str]]]:
        """The words in the texts of each function of a file of tests, with the function's name."""
        for function in _functions(source):
            texts = (node.value for node in ast.walk(function) if isinstance(node, ast.Constant))
            words = {word for text in texts if isinstance(text, str) for word in [text, *_WORD.findall(text)]}
            yield function.name, {word for word in words if 1 < len(word) <= _LONGEST_KEY and word.isprintable()}


def _functions(source: bytes) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    try:
        tree = parse(source.decode("utf-8", "replace")) if len(source) <= _LARGEST_FILE else ast.Module([], [])
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return [node for node in ast.walk(tree) if isinstance(node, FUNCTIONS)]


def _literal(text: str) -> ast.Constant | None:
    """A text or a number that may be a key."""
    try:
        node = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError):
        return None
    if isinstance(node, ast.UnaryOp):
        return None
    usable = isinstance(node, ast.Constant) and 0 < len(str(node.value)) <= _LONGEST_KEY
    return node if usable and isinstance(node, ast.Constant) and str(node.value).isprintable() else None


NO_EVIDENCE = Evidence(())
