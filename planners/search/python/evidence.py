"""What failing tests say is missing: keys, attributes, exceptions, a value in place of None.

Ingredients from reports of bugs: Saha, Lyu, Yoshida and Prasad, "ELIXIR: Effective Object-Oriented Program Repair" (ASE
2017). What tests say is untrusted text: it only orders edits, and names keys of tables and branches.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from planners.search.language import FailingTest
from planners.search.python.source import FUNCTIONS, parse

__all__ = ["NO_EVIDENCE", "Evidence", "Expected"]

_LONGEST_MESSAGE, _LONGEST_KEY, _LONGEST_TEXT, _LARGEST_FILE = 2000, 60, 200, 400_000
_MOST_KEYS, _MOST_WORDS, _MOST_EXPECTED = 4, 24, 8

_LITERAL = r"""('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|-?\d+(?:\.\d+)?)"""
_COMPARED = re.compile(rf"{_LITERAL} (?:!=|==) {_LITERAL}")
_MISSING = re.compile(rf"KeyError: {_LITERAL}|{_LITERAL} (?:not )?(?:found )?in\b")
_QUOTED = re.compile(r"""(?<!\w)('(?:[^'\\\n]|\\.)+'|"(?:[^"\\\n]|\\.)+")""")
_ATTRIBUTE = re.compile(r"has no attribute '(\w+)'")
_NOT_RAISED = re.compile(
    r"DID NOT RAISE (?:any of )?\(?(?:<class ')?([\w.]+)|^(?:AssertionError: )?([\w.]+) not raised", re.MULTILINE
)
_ASSERTED = ("AssertionError", "assert ", "Failed")
_RAISES = frozenset({"raises", "assertRaises", "assertRaisesRegex"})
_OF_EXCEPTIONS = frozenset({"exception", "value", "args", "message"})
_NOT_PLAIN = re.compile(r"[\\^$*+?{}\[\]|()]")
"""What makes a pattern more than its text; a dot stands for itself as well."""

_NONE = re.compile(r"\bNone (?:==|!=|is not\b|<|>)|(?:==|!=) None\b|'NoneType'|\bNone is not\b")
_OF_VALUES = re.compile(r"(?:KeyError|ValueError|LookupError|NotImplementedError|AssertionError|\w*Exception)\b")
_WORD = re.compile(r"[A-Za-z_][\w-]*")


class Expected(NamedTuple):
    """An exception that a test expects in vain, by its plain name, and its message as the test has it (or empty)."""

    name: str
    message: str


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
    def unraised(self) -> tuple[Expected, ...]:
        """The exceptions that tests expect and do not get: none is raised, or another one."""
        found: dict[Expected, None] = {}
        for test, said in zip(self._failing, self._messages, strict=True):
            in_vain = [name.rpartition(".")[2] for pair in _NOT_RAISED.findall(said) for name in pair if name]
            expected = _expectations(test)
            # A test that fails by an assertion of its own got its exception.
            expected = expected if in_vain or not said.startswith(_ASSERTED) else []
            named = [one for one in expected if not in_vain or one.name in in_vain]
            found |= dict.fromkeys(named or [Expected(name, "") for name in in_vain])
        return tuple(found)[:_MOST_EXPECTED]

    @cached_property
    def compared(self) -> tuple[tuple[str, str], ...]:
        """The pairs of different texts that assertions compare, in both directions."""
        pairs = (map(_constant, pair) for message in self._messages for pair in _COMPARED.findall(message))
        texts = ((one, other) for one, other in pairs if isinstance(one, str) and isinstance(other, str))
        different = ((one, other) for one, other in texts if one != other)
        return tuple(dict.fromkeys(pair for one, other in different for pair in ((one, other), (other, one))))

    def raised_in(self, path: str, lines: range) -> bool:
        """Whether one of the failures was raised on one of the lines of a file."""
        return any(test.raised_at[0] == path and test.raised_at[1] in lines for test in self._failing)

    @cached_property
    def wants_value(self) -> bool:
        """Whether a test compares None with something, or uses it as something else."""
        return any(_NONE.search(message) for message in self._messages)

    @cached_property
    def fails_on_none(self) -> bool:
        """Whether a test fails because something is None that is used as something else."""
        return any("'NoneType'" in message for message in self._messages)

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
        return tuple(sorted(own, key=lambda word: (often[word], word)))[:_MOST_WORDS]

    def _words_of(self, source: bytes) -> Iterator[tuple[str, set[str]]]:
        """The words in the texts of each function of a file of tests, with the function's name."""
        for function in _functions(source):
            texts = (node.value for node in ast.walk(function) if isinstance(node, ast.Constant))
            words = {word for text in texts if isinstance(text, str) for word in [text, *_WORD.findall(text)]}
            yield function.name, {word for word in words if 1 < len(word) <= _LONGEST_KEY and word.isprintable()}


def _expectations(test: FailingTest) -> list[Expected]:
    """The exceptions that a test expects, each with the text that it must have, or those that are compared with one."""
    found: list[Expected] = []
    compared: list[object] = []
    for function in _functions(test.source):
        for node in ast.walk(function) if function.name == test.name else ():
            match node:
                case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[expected, *rest]) if (
                    name in _RAISES
                ):
                    patterns = [*rest[:1], *(keyword.value for keyword in node.keywords if keyword.arg == "match")]
                    texts = [_usable(_plain(pattern)) for pattern in patterns if name != "assertRaises"]
                    parts = expected.elts if isinstance(expected, ast.Tuple) else [expected]
                    found += [Expected(one, text) for one in map(_plain_name, parts) if one for text in texts or [""]]
                case ast.Compare(left=left, comparators=[right]) | ast.Call(args=[left, right, *_]):
                    compared += [_compared(left, right), _compared(right, left)]
    messages = [text for text in map(_usable, compared) if text]
    return [Expected(name, text) for name, said in found for text in ([said] if said else messages or [""])]


def _usable(text: object) -> str:
    """A text that may be a message; empty if it may not."""
    return text if isinstance(text, str) and len(text) <= _LONGEST_TEXT and text.isprintable() else ""


def _plain_name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _plain(pattern: ast.expr) -> object:
    """The text that a pattern stands for; None if there is no single one."""
    match pattern:
        case ast.Constant(value=str(text)) if not _NOT_PLAIN.search(text.removeprefix("^").removesuffix("$")):
            return text.removeprefix("^").removesuffix("$")
        case ast.Call(func=ast.Attribute(attr="escape"), args=[ast.Constant(value=text)]):
            return text
    return None


def _compared(exception: ast.expr, text: ast.expr) -> object:
    """The text, if it is compared with something of an exception."""
    about = any(isinstance(part, ast.Attribute) and part.attr in _OF_EXCEPTIONS for part in ast.walk(exception))
    return text.value if about and isinstance(text, ast.Constant) else None


def _functions(source: bytes) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    try:
        tree = parse(source.decode("utf-8", "replace")) if len(source) <= _LARGEST_FILE else ast.Module([], [])
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return [node for node in ast.walk(tree) if isinstance(node, FUNCTIONS)]


def _constant(text: str) -> object:
    """The value of a literal; None if it is none."""
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return None


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
