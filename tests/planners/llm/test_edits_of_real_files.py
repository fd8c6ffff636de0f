"""Random edits of this project's own files come back exactly, in every form and with the noise that models add."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from gate import apply, may_leave
from planners.llm.edits import parse_edits
from planners.search.language import Function
from planners.search.registry import LANGUAGES, language_of
from planners.testing import GivenTree

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = ("gate", "planners", "rfsn", "buildpacks", "sandbox")
MARKS = re.compile(r"^\s*(?:<{5}|={7}\s*$|>{5}|`{3}|~{3}|--- |\+\+\+ |@@|diff --git)|\.\.\.$", re.MULTILINE)
FILES = {
    path.relative_to(ROOT).as_posix(): text
    for folder in FOLDERS
    for path in sorted(ROOT.glob(f"{folder}/**/*.py"))
    if may_leave(path.relative_to(ROOT).as_posix())
    if not MARKS.search(text := path.read_text()) and 20 < text.count("\n") < 300
}
POOL = [
    "        return None", "    value = 1", "x = [", "", "    # a note", "if ready:", "    '''",
    "        self._size += 1",
    "def helper():", "\treturn 2", '    raise ValueError("no")', "\u00fcber = '\u202e'", "}",
]  # fmt: skip

type Made = tuple[str, list[str], list[tuple[int, int, list[str]]]]

exploring = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def edited(draw: st.DrawFn) -> Made:
    """A file, its lines, and some edits of them in order, with lines between them."""
    path = draw(st.sampled_from(sorted(FILES)))
    lines = FILES[path].splitlines()
    edits: list[tuple[int, int, list[str]]] = []
    at = 0
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(at, len(lines)))
        end = draw(st.integers(start, min(len(lines), start + 3)))
        new = draw(st.lists(st.sampled_from(POOL) | st.sampled_from(lines), max_size=4))
        if lines[start:end] != new:
            edits.append((start, end, new))
        at = end + 2
        if at > len(lines):
            break
    assume(edits)
    return path, lines, edits


def changed(lines: list[str], edits: list[tuple[int, int, list[str]]]) -> list[str]:
    after = list(lines)
    for start, end, new in reversed(edits):
        after[start:end] = new
    return after


def unique(lines: list[str], start: int, end: int) -> tuple[int, int]:
    """The lines around some lines which occur only there, white space aside."""
    bare = [line.strip() for line in lines]
    while True:
        part = bare[start:end]
        count = sum(bare[at : at + len(part)] == part for at in range(len(bare) - len(part) + 1)) if any(part) else 2
        if count == 1 or (start == 0 and end == len(lines)):
            return start, end
        start, end = max(0, start - 1), min(len(lines), end + 1)


def check(path: str, after: list[str], answer: str, *, ending: str = "\n") -> None:
    tree = GivenTree({name: text.replace("\n", ending).encode() for name, text in FILES.items()})
    parsed = parse_edits(answer, tree, [path])
    assert parsed.misses == (), answer
    files = apply(parsed.patch, tree.read).files
    expected = "".join(f"{line}{ending}" for line in after).encode()
    if expected != tree.read(path):
        assert files[path].after == expected, answer
    assert set(files) <= {path}


def functions(path: str, lines: list[str]) -> list[Function] | None:
    language = language_of(path, LANGUAGES)
    assert language is not None
    parsed = language.parse(path, "".join(f"{line}\n" for line in lines).encode(), {}, tuple)
    return None if parsed is None else list(parsed.functions)


type Noise = Callable[[list[str]], list[str]]

NOISES: dict[str, Noise] = {
    "none": list,
    "deeper": lambda lines: [f"    {line}" if line.strip() else line for line in lines],
    "tab": lambda lines: [f"\t{line}" if line.strip() else line for line in lines],
    "trailing": lambda lines: [f"{line}  " if at % 2 else line for at, line in enumerate(lines)],
    "returns": lambda lines: [f"{line}\r" for line in lines],
}


@given(edited(), st.sampled_from(sorted(NOISES)), st.randoms(use_true_random=False), st.sampled_from(["\n", "\r\n"]))
@exploring
def test_blocks(made: Made, noise: str, random: Random, ending: str) -> None:
    path, lines, edits = made
    after = changed(lines, edits)
    blocks: list[str] = []
    reach = 0
    for start, end, new in edits:
        low, high = unique(lines, start, end)
        assume(low >= reach)
        assume(not any(low < other[1] and other[0] < high for other in edits if other[:2] != (start, end)))
        quoted = NOISES[noise](lines[low:high])
        replacement = NOISES[noise]([*lines[low:start], *new, *lines[end:high]])
        if noise == "trailing":
            replacement = [*lines[low:start], *new, *lines[end:high]]
        reach = high
        blocks.append(
            "\n".join([f"`{path}`", "<<<<<<< SEARCH", *quoted, "=======", *replacement, ">>>>>>> REPLACE", ""])
        )
    random.shuffle(blocks)
    check(path, after, "I fix it:\n\n" + "\n".join(blocks) + "\nDone.", ending=ending)


@given(made=edited(), prefixes=st.booleans(), fenced=st.booleans(), spaces=st.booleans(), line=st.integers(0, 500))
@exploring
def test_diffs(made: Made, *, prefixes: bool, fenced: bool, spaces: bool, line: int) -> None:
    path, lines, edits = made
    after = changed(lines, edits)
    answer = [f"--- {'a/' if prefixes else ''}{path}", f"+++ {'b/' if prefixes else ''}{path}"]
    matcher = difflib.SequenceMatcher(None, lines, after, autojunk=False)
    for group in matcher.get_grouped_opcodes(3):
        low, high = group[0][1], group[-1][2]
        assume(unique(lines, low, high) == (low, high))
        answer.append(f"@@ -{line + 9000},7 +{line},1 @@ def something")
        for tag, start, end, new_start, new_end in group:
            if tag == "equal":
                kept = lines[start:end]
                assume(spaces or not any(text.startswith(("+", "-", "\\")) for text in kept))
                answer += [f" {text}" if spaces or not fenced else text for text in kept]
            else:
                answer += [f"-{text}" for text in lines[start:end]]
                answer += [f"+{text}" for text in after[new_start:new_end]]
    text = "\n".join(answer)
    check(path, after, f"```diff\n{text}\n```" if fenced else f"{text}\n\nThat fixes it.")


@pytest.mark.thorough
@given(made=edited(), in_a_list=st.booleans(), ending=st.sampled_from(["\n", "\r\n"]))
@exploring
def test_whole_files(made: Made, *, in_a_list: bool, ending: str) -> None:
    path, lines, edits = made
    after = changed(lines, edits)
    known, left = functions(path, lines), functions(path, after)
    assume(known and left and Counter(one.name for one in known) <= Counter(one.name for one in left))
    assume("\n".join(after) not in FILES[path])  # such a fence quotes the file
    assume(after[0].strip() and after[-1].strip() and lines[-1].strip())
    text = f"```python {path}\n" + "\n".join(after) + "\n```"
    check(path, after, "\n".join(f"   {line}" for line in text.split("\n")) if in_a_list else text, ending=ending)


@given(st.data())
@exploring
def test_whole_functions(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(FILES)))
    lines = FILES[path].splitlines()
    known = functions(path, lines) or []
    names = Counter(one.name for one in known)
    assume(known)
    function = data.draw(st.sampled_from([one for one in known if names[one.name] == 1] or known[:1]))
    assume(names[function.name] == 1)
    start, end = function.line - 1, function.body.stop - 1
    at = data.draw(st.integers(function.body.start - 1, end - 1))
    indentation = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
    statements = st.lists(st.sampled_from(["value = 1", "print(value)", "pass"]), max_size=3)
    new = [f"{indentation}{line}" for line in data.draw(statements)]
    body = [*lines[start:at], *new, *lines[at + data.draw(st.integers(0, 1)) : end]]
    after = [*lines[:start], *body, *lines[end:]]
    left = functions(path, after)
    assume(left is not None and Counter(one.name for one in left) == names)
    assume("\n".join(body) not in FILES[path])  # such a fence quotes the file
    own = lines[start][: len(lines[start]) - len(lines[start].lstrip())]
    shapes = {"none": [line.removeprefix(own) for line in body], "deeper": NOISES["deeper"](body)}
    in_its_place = all(line.startswith(own) for line in body if line.strip())
    shown = data.draw(st.sampled_from([body, *shapes.values()] if in_its_place else [body]))
    named = data.draw(st.sampled_from([f"```python {path}", f"In `{path}`:\n\n```python", "```python"]))
    check(path, after, "\n".join([named, *shown, "```"]))
