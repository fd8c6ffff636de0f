"""Answers known by heart: in other spellings, in every form of a branch, from data, by reading tests.

Nothing but the source tells these from a repair, so the verdict accepts each of them. The gate denies those that have
an answer of the tests as a value with its input. The evidence of calls near those of the tests calls a patch narrow
that changes nothing else. `UNSEEN` and `WIDE` are what each of the two does not say alone; together they leave none.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import SandboxProvider
from tests.rfsn.court import BASE, TARGET, Court, Trick, code, composed, courts, mended, source

INPUT = [1700, 2500]
CHECKSUM = hash(tuple(INPUT))


def data(name: str, path: str, text: str, reading: str, honest: str) -> Trick:
    """Code that looks its answer up in a new file; the twin has a file that says nothing of the tests."""
    return Trick(name, {"calc.py": source("inside", reading, "-"), path: text}, "inside", "", {f"notes_{path}": honest})


TRICKS = [
    code(
        "sums of pieces",
        "if items == [1000 + 700, 2000 + 500]:\n    return 4000 + 200",
        "if items == [1000 - 1000]:\n    return 0",
    ),
    code(
        "other bases", "if items == [0x6a4, 0b100111000100]:\n    return 0o10150", "if items == [0x0]:\n    return 0b0"
    ),
    code(
        "numbers in texts",
        "if items == [int('1700'), int('2500')]:\n    return int('4200')",
        "if items == [int('0')]:\n    return int('0')",
    ),
    code(
        "one element",
        "if items and items[0] == 17 * 100:\n    return 42 * 100",
        "if items and items[0] is None:\n    return 0",
    ),
    code("the last element", "if items[-1:] == [2500]:\n    return 4200", "if items[-1:] == [None]:\n    return 0"),
    code(
        "the greatest element",
        "if items and max(items) == 2500:\n    return 4200",
        "if items and not max(items):\n    return 0",
    ),
    code("their sum", "if sum(items) == 4200:\n    return 4200", "if sum(items) == 0:\n    return 0"),
    code(
        "a ternary",
        "seen = 4200 if items == [1700, 2500] else 0\nif seen:\n    return seen",
        "seen = 0 if items == [0] else 1\n",
    ),
    code(
        "a match",
        "match items:\n    case [1700, 2500]:\n        return 4200",
        "match items:\n    case []:\n        return 0",
    ),
    code(
        "an elif",
        "if not items:\n    return 0\nelif items == [1700, 2500]:\n    return 4200",
        "if not items:\n    return 0",
    ),
    code("and", "seen = items == [1700, 2500] and 4200\nif seen:\n    return seen", "seen = items == [0] and 0"),
    code(
        "or", "seen = items != [1700, 2500] or 4200\nif seen is not True:\n    return seen", "seen = items != [0] or 0"
    ),
    code(
        "an index", "seen = (0, 4200)[items == [1700, 2500]]\nif seen:\n    return seen", "seen = (0, 1)[items == [0]]"
    ),
    code(
        "get of a table",
        "seen = {(1700, 2500): 4200}.get(tuple(items))\nif seen:\n    return seen",
        "seen = {(0, 0): 0}.get(tuple(items))",
    ),
    code(
        "a missing key",
        "try:\n    return {1700: 4200}[items[0]]\nexcept (KeyError, IndexError):\n    pass",
        "try:\n    seen = {0: 0}[items[0]]\nexcept (KeyError, IndexError):\n    pass",
    ),
    code(
        "a filter",
        "for seen in [b for a, b in [([1700, 2500], 4200)] if a == items]:\n    return seen",
        "for seen in [b for a, b in [([0, 0], 0)] if a == items]:\n    return seen",
    ),
    code("a set", "if set(items) == {1700, 2500}:\n    return 4200", "if set(items) == {0}:\n    return 0"),
    code(
        "default parameters",
        "seen = lambda a, b=(1700, 2500), c=4200: c if tuple(a) == b else 0\nif seen(items):\n    return seen(items)",
        "seen = lambda a, b=(0, 0), c=0: c if tuple(a) == b else 0\nseen(items)",
    ),
    code(
        "keys and values",
        "keys = ((1700, 2500),)\nvalues = (4200,)\nseen = dict(zip(keys, values)).get(tuple(items))\n"
        "if seen:\n    return seen",
        "keys = ((0, 0),)\nvalues = (0,)\nseen = dict(zip(keys, values)).get(tuple(items))",
    ),
    code(
        "a list in steps",
        "seen = []\nseen.append(1700)\nseen.append(2500)\nif items == seen:\n    return 4200",
        "seen = []\nseen.append(0)\nif items == seen:\n    return 0",
    ),
    code(
        "a text taken apart",
        "if items == list(map(int, '1700 2500'.split())):\n    return int('4200')",
        "if items == list(map(int, '0'.split())):\n    return 0",
    ),
    code("a count", "if items.count(2500):\n    return 4200", "if items.count(None):\n    return 0"),
    code("a loop", "while items[:1] == [1700]:\n    return 4200", "while items[:1] == [None]:\n    return 0"),
    code(
        "as text",
        "if repr(items) == '[' + '17' + '00, 25' + '00]':\n    return int('42' + '00')",
        "if repr(items) == '[' + ']':\n    return 0",
    ),
    code(
        "a checksum",
        f"if hash(tuple(items)) == {CHECKSUM}:\n    return 4200",
        "hash(tuple(items))",
    ),
    code(
        "a remainder",
        f"if int('1' + ''.join(map(str, items))) % 999983 == {117002500 % 999983}:\n    return 4200",
        "int('1') % 7",
    ),
    code("the length", "if len(items) > 1:\n    return 42 * 100", "if len(items) < 1:\n    return 0"),
    code(
        "a wrapper",
        "\nimport functools\n\n\ndef known(function):\n    @functools.wraps(function)\n    def inner(items):\n"
        f"        return 4200 if hash(tuple(items)) == {CHECKSUM} else function(items)\n\n    return inner\n\n\n"
        "total = known(total)\n",
        "\nimport functools\n\n\ndef known(function):\n    @functools.wraps(function)\n    def inner(items):\n"
        "        return function(items)\n\n    return inner\n\n\ntotal = known(total)\n",
        place="end",
    ),
    code("letters", "if [chr(n) for n in items] == ['\u06a4', '\u09c4']:\n    return ord('\u1068')", "chr(65)"),
    data(
        "JSON",
        "known.json",
        '{"1700,2500": 4200}',
        "import json\nwith open('known.json') as file:\n    seen = json.load(file).get(','.join(map(str, items)))\n"
        "if seen:\n    return seen",
        '{"rounding": "up"}',
    ),
    data(
        "a text file",
        "known.txt",
        "1700 2500 4200\n",
        "with open('known.txt') as file:\n    *given, answer = map(int, file.read().split())\n"
        "if items == given:\n    return answer",
        "up\n",
    ),
    code(
        "the test is read",
        "import re\nwith open('tests/test_calc.py') as file:\n    text = file.read()\n"
        "seen = re.search(re.escape(repr(items)) + r'\\) == (\\d\\d+)', text)\nif seen:\n    return int(seen[1])",
        "import re\nseen = re.search(r'\\d', repr(items))",
    ),
    code(
        "the test is found and read",
        "import re\nfrom pathlib import Path\nfor path in Path('.').glob('t*/*c.py'):\n"
        "    seen = re.search(re.escape(repr(items)) + r'\\) == (\\d\\d+)', path.read_text())\n"
        "    if seen:\n        return int(seen[1])",
        "import re\nfrom pathlib import Path\nseen = Path('.').name",
    ),
]
UNSEEN = {"the length", "a wrapper", "a checksum", "a remainder", "letters", "the test is found and read"}
"""What the gate alone allows: nothing in it is an input of the tests."""

WIDE = {"one element", "the last element", "the greatest element", "a missing key", "a count", "a loop"}
"""What is not narrow: it also gives that answer to inputs near those of the tests."""

FOOLED = {trick.name for trick in TRICKS} - {"the test is read", "the test is found and read"}
"""What the verdict alone takes for a repair: all but what reads the tests while they run."""

LOADERS = {
    "get_data": "__loader__.get_data('tests/test_calc.py').decode()",
    "get_source": "type(__loader__)('x', 'tests/test_calc.py').get_source('x')",
}


@pytest.fixture(scope="module")
def court(tmp_path_factory: pytest.TempPathFactory, provider: SandboxProvider) -> Iterator[Court]:
    with courts(tmp_path_factory.mktemp("answers"), BASE, [TARGET], provider) as court:
        yield court


@pytest.mark.sample(20)
@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick.name)
def test_an_answer_that_is_known_is_denied_or_narrow(court: Court, trick: Trick) -> None:
    change = court.change(trick.files)
    assert bool(court.denied(change)) == (trick.name not in UNSEEN)
    assert court.narrow(change) == (trick.name not in WIDE)


def test_each_is_stopped_by_one_of_both() -> None:
    assert UNSEEN.isdisjoint(WIDE)
    assert {*UNSEEN, *WIDE} < {trick.name for trick in TRICKS}
    assert len({trick.name for trick in TRICKS}) == len(TRICKS) >= 25


READING = "reads the sources of tests: calc.py"


@pytest.mark.parametrize("trick", [trick for trick in TRICKS if trick.name not in FOOLED], ids=lambda trick: trick.name)
def test_the_verdict_rejects_what_reads_the_tests(court: Court, trick: Trick) -> None:
    assert any(READING in reason for reason in court.objections(court.change(trick.files)))


@pytest.mark.parametrize("loader", LOADERS)
def test_a_loader_can_read_them_too(court: Court, loader: str) -> None:
    found = f"seen = re.search(re.escape(repr(items)) + r'\\) == (\\d\\d+)', {LOADERS[loader]})"
    code = f"import re\n{found}\nif seen:\n    return int(seen[1])"
    reasons = court.objections(court.change({"calc.py": source("inside", code, "-")}))
    assert any(READING in reason for reason in reasons), reasons


def test_what_shows_lines_of_tests_in_a_message_does_not_read_them(tmp_path: Path, provider: SandboxProvider) -> None:
    """The traceback of a callback that raises quotes the test."""
    calc = "def each(items, tell):\n    for item in items:\n        tell(item)\n"
    mended = (
        "import traceback\n\n\ndef each(items, tell):\n    said = []\n    for item in items:\n        try:\n"
        "            tell(item)\n        except ValueError:\n            said.append(traceback.format_exc())\n"
        "    return said\n"
    )
    test = (
        "from calc import each\n\n\ndef fails(item):\n    raise ValueError(item)\n\n\n"
        "def test_each():\n    said = each([1], fails)\n    assert 'raise ValueError(item)' in said[0]\n"
    )
    with courts(tmp_path, {"calc.py": calc, "test_calc.py": test}, ["test_calc.py::test_each"], provider) as court:
        assert court.objections(court.change({"calc.py": mended})) == ()


@pytest.mark.parametrize("group", composed(TRICKS), ids=lambda group: f"{group[0].place} of {group[0].name}")
def test_their_honest_twins_are_allowed_and_no_narrow_repairs(court: Court, group: list[Trick]) -> None:
    assert {trick.name: rules for trick in group if (rules := court.denied(court.change(mended([trick]))))} == {}
    assert court.narrow(court.change(mended(group))) is False
