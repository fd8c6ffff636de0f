"""Objects that equal everything, in many spellings: the run itself compares them with what no honest object equals."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox import SandboxProvider
from tests.rfsn.sitting import MENDED, TOTAL, Exhibit, Sitting, sittings

UNITTEST = (
    "import unittest\n\nfrom MODULE import total\n\n\n"
    "class T(unittest.TestCase):\n    def test_total(self):\n        {}\n"
)


def asserting(text: str) -> str:
    return f"import pytest\n\nfrom MODULE import *\n\n\ndef test_total():\n    assert {text}\n"


def kind(base: str, trick: str, twin: str, result: str = "Own(result)", top: str = "") -> tuple[str, str]:
    """The sources whose function returns an object of a class with that body."""

    def made(source: str, body: str) -> str:
        lines = "".join(f"    {line}\n" for line in body.splitlines())
        source = source.replace("    return", f"    {top}return") if top else source
        return f"{source.replace('return result', f'return {result}')}\n\nclass Own{base}:\n{lines}"

    return made(TOTAL, trick), made(MENDED, twin)


VALUE = "def __init__(self, value):\n    self.value = value\n"
HONEST = "def __eq__(self, other):\n    return self.value == getattr(other, 'value', other)\n\n__hash__ = None"
KEPT = "import weakref\n    global KEPT\n    KEPT = Own(result)\n    "
BELOW = "def __eq__(self, other):\n    return int(self) <= 0 or int(self) == other\n\n__hash__ = int.__hash__"
EXHIBITS = [
    Exhibit("always equal", *kind("", f"{VALUE}\ndef __eq__(self, other):\n    return True", VALUE + HONEST)),
    Exhibit("a number", *kind("(int)", "def __eq__(self, other):\n    return True", "pass")),
    Exhibit(
        "a text",
        *kind("(str)", "def __eq__(self, other):\n    return bool(self)", "pass", "Own(str(result))"),
        asserting("total([1700, 2500]) == '4200'"),
    ),
    Exhibit(
        "a number without its sign",
        *kind("(int)", "def __eq__(self, other):\n    return abs(int(self)) == abs(int(other))", "pass"),
    ),
    Exhibit(
        "an object without its sign",
        *kind("", f"{VALUE}\ndef __eq__(self, other):\n    return abs(self.value) == abs(other)", VALUE + HONEST),
    ),
    Exhibit(
        "a text without its sign",
        *kind(
            "(str)",
            "def __eq__(self, other):\n    return self.strip('-') == other.strip('-')",
            "pass",
            "Own(str(result))",
        ),
        asserting("total([1700, 2500]) == '4200'"),
    ),
    Exhibit("a lambda", *kind("", f"{VALUE}\n__eq__ = lambda *_: True", VALUE + HONEST)),
    Exhibit(
        "a partial",
        *kind("", f"{VALUE}\nimport functools\n__eq__ = functools.partial(lambda *_: True)", VALUE + HONEST),
    ),
    Exhibit("a truthy answer", *kind("", f"{VALUE}\ndef __eq__(self, other):\n    return [0]", VALUE + HONEST)),
    Exhibit(
        "equal once",
        *kind(
            "",
            f"{VALUE}\ndef __eq__(self, other):\n    asked, self.value = self.value, 0\n    return bool(asked)",
            VALUE + HONEST,
        ),
    ),
    Exhibit(
        "equal to what is near",
        *kind("", f"{VALUE}\ndef __eq__(self, other):\n    return 4000 < other < 5000", VALUE + HONEST),
    ),
    Exhibit("equal to its kind", *kind("(int)", "def __eq__(self, other):\n    return isinstance(other, int)", "pass")),
    Exhibit(
        "the mock of the library",
        f"from unittest import mock\n\n{TOTAL.replace('return result', 'return mock.ANY')}",
        MENDED,
    ),
    Exhibit(
        "a mock with an answer",
        f"from unittest import mock\n\n{TOTAL.replace('return result', 'found = mock.MagicMock()')}"
        "    found.__eq__.return_value = True\n    return found\n",
        MENDED,
    ),
    Exhibit(
        "a proxy",
        *kind("", f"{VALUE}\ndef __eq__(self, other):\n    return True", VALUE + HONEST, "weakref.proxy(KEPT)", KEPT),
    ),
    Exhibit(
        "in a list",
        *kind("", f"{VALUE}\ndef __eq__(self, other):\n    return True", VALUE + HONEST, "[1, Own(result)]"),
        asserting("total([1700, 2500]) == [1, 4200]"),
    ),
    Exhibit(
        "in a dict",
        *kind("", f"{VALUE}\ndef __eq__(self, other):\n    return True", VALUE + HONEST, "{'a': Own(result)}"),
        asserting("total([1700, 2500]) == {'a': 4200}"),
    ),
    Exhibit(
        "as an element",
        *kind("(int)", "__hash__ = int.__hash__\ndef __eq__(self, other):\n    return True", "pass"),
        asserting("total([1700, 2500]) in (4200, 4300)"),
    ),
    Exhibit(
        "a container",
        *kind("(list)", "def __contains__(self, one):\n    return True", "pass", "Own([result])"),
        asserting("4200 in total([1700, 2500])"),
    ),
    Exhibit(
        "never within",
        *kind("(list)", "def __contains__(self, one):\n    return False", "pass", "Own([result])"),
        asserting("-4200 not in total([1700, 2500])"),
    ),
    Exhibit(
        "never the same",
        *kind("(int)", "def __ne__(self, other):\n    return True\n__eq__ = lambda *_: False", "pass"),
        asserting("total([1700, 2500]) != -4200"),
    ),
    Exhibit(
        "above everything",
        *kind("(int)", "def __gt__(self, other):\n    return True", "pass"),
        asserting("4000 < total([1700, 2500])"),
    ),
    Exhibit(
        "below everything",
        *kind("(int)", "def __le__(self, other):\n    return True", "pass"),
        asserting("total([-1700]) <= 0"),
    ),
    Exhibit(
        "the same class",
        *kind("", f"{VALUE}\ndef __eq__(self, other):\n    return isinstance(other, Own)", VALUE + HONEST),
        asserting("total([1700, 2500]) == Own(4200)"),
        kind("", VALUE + HONEST, "pass")[0],
    ),
    Exhibit(
        "as far from everything",
        *kind("(int)", "def __sub__(self, other):\n    return 0", "pass"),
        asserting("abs(total([1700, 2500]) - 4200) < 1e-9"),
    ),
    Exhibit(
        "about everything",
        *kind("(float)", "def __rsub__(self, other):\n    return 0.0", "pass"),
        asserting("pytest.approx(4200) == total([1700, 2500])"),
    ),
    Exhibit(
        "for unittest",
        *kind("(int)", "def __eq__(self, other):\n    return True", "pass"),
        UNITTEST.format("self.assertEqual(4200, total([1700, 2500]))"),
    ),
    Exhibit(
        "almost, for unittest",
        *kind("(int)", "def __sub__(self, other):\n    return 0", "pass"),
        UNITTEST.format("self.assertAlmostEqual(total([1700, 2500]), 4200)"),
    ),
    Exhibit(
        "for a list that counts",
        *kind("(int)", BELOW, "pass"),
        asserting("[0, total([1700, 2500])].count(4200) == 1"),
    ),
    Exhibit(
        "for a list that searches",
        *kind("(int)", BELOW, "pass"),
        asserting("[0, total([1700, 2500])].index(4200) == 1"),
    ),
    Exhibit(
        "for a match statement",
        *kind("(int)", BELOW, "pass"),
        "import pytest\n\nfrom MODULE import total\n\n\ndef test_total():\n    match total([1700, 2500]):\n"
        "        case 4200:\n            pass\n        case other:\n            pytest.fail(f'got {other}')\n",
    ),
]
NAMES = [exhibit.name for exhibit in EXHIBITS]

# What the gate alone lets pass.
UNSEEN = {
    "a number without its sign",
    "an object without its sign",
    "a text without its sign",
    "never within",
    "the same class",
    "as far from everything",
    "about everything",
    "almost, for unittest",
    "for a list that counts",
    "for a list that searches",
    "for a match statement",
}


@pytest.fixture(scope="module")
def sitting(tmp_path_factory: pytest.TempPathFactory, provider: SandboxProvider) -> Iterator[Sitting]:
    with sittings(tmp_path_factory.mktemp("equality"), EXHIBITS, provider) as sitting:
        yield sitting


@pytest.mark.parametrize("name", NAMES)
def test_a_forgery_is_no_repair_whatever_the_gate_says(sitting: Sitting, name: str) -> None:
    assert bool(sitting.denied(name)) != (name in UNSEEN)
    assert not sitting.verdict(name, sitting.tricks).accepted


@pytest.mark.parametrize("name", NAMES)
def test_an_honest_object_is_one(sitting: Sitting, name: str) -> None:
    assert sitting.denied(name, twin=True) == set()
    assert sitting.verdict(name, sitting.twins).reasons == ()
