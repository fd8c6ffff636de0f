"""The table of the standard library by capability, and names that are reached through other names."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, get_args

import pytest

from gate.decision import Capability
from gate.languages.python.capabilities import PURE, REACH, SOFT, STANDARD, USUAL, capability_of, inner_names
from gate.rules import CHANGE_RULES
from gate.rules.source import SourceRule

if TYPE_CHECKING:
    from tests.gate.conftest import Check, Shop


def test_every_module_of_the_standard_library_has_its_capability() -> None:
    assert sys.stdlib_module_names <= STANDARD
    whole = {name for name in sys.stdlib_module_names if capability_of(name) is not None}
    assert PURE.isdisjoint(whole)


def test_each_capability_has_one_rule_and_can_be_lifted() -> None:
    own = [rule.capability for rule in CHANGE_RULES if isinstance(rule, SourceRule) and rule.capability]
    assert sorted([*own, *SOFT]) == sorted(REACH) == sorted(get_args(Capability.__value__))
    assert frozenset(SOFT) >= USUAL


@pytest.mark.parametrize(
    ("name", "capability"),
    [
        ("os.system", "processes"),
        ("os.sep", None),
        ("os.chdir", "process-state"),
        ("os.getcwd", None),
        ("os.environ", "environment"),
        ("os.environ.setdefault", "process-state"),
        ("random.seed", "process-state"),
        ("random.choice", "chance"),
        ("decimal.setcontext", "process-state"),
        ("decimal.getcontext", None),
        ("subprocess.run", "processes"),
        ("asyncio.subprocess.PIPE", "processes"),
        ("asyncio.Queue", None),
        ("logging.handlers.SocketHandler", "network"),
        ("logging.getLogger", None),
        ("datetime.datetime.now", "clock"),
        ("datetime.datetime.max", None),
        ("http.HTTPStatus.OK", None),
        ("os.getpid", "own-process"),
        ("re._cache", "internals"),
        ("json.decoder._default", "internals"),
        ("argparse._StoreAction", None),
        ("inspect._empty", None),
        ("ast.Name._fields", None),
        ("shop.core._cache", None),
        ("warnings.filters", "introspection"),
        ("warnings.warn", None),
        ("importlib.metadata.distributions", "introspection"),
        ("importlib.metadata.version", None),
    ],
)
def test_the_longest_name_decides(name: str, capability: str | None) -> None:
    assert capability_of(name) == capability


@pytest.mark.parametrize(
    ("name", "inner"),
    [
        ("json.decoder.scanner.re.os.system", {"re.os.system", "os.system"}),
        ("random._os.system", {"os.system"}),
        ("shop.core.os.system", {"os.system"}),
        ("shop.core.json.dumps", set()),
        ("datetime.time.fromisoformat", set()),
        ("sys.platform.startswith", set()),
        ("os.path.join", set()),
    ],
)
def test_a_component_that_names_a_module_is_that_module(name: str, inner: set[str]) -> None:
    assert set(inner_names(name)) == inner


@pytest.mark.parametrize(
    "code", ["os.environ['GOLDEN'] = 'other'", "os.environ.setdefault('GOLDEN', 'other')", "del os.environ['GOLDEN']"]
)
def test_a_variable_of_the_environment_is_state_of_the_process(shop: Shop, code: str) -> None:
    source = "import os\n\n\ndef place():\n    return os.environ.get('GOLDEN', '')\n"
    changed = source.replace("    return", f"    {code}\n    return")
    place = "src/shop/place.py"
    assert shop.rules({place: changed}, tree={place: source}) == {"danger.capability"}
    other = {"src/shop/other.py": f"import os\n\n{code}\n"}
    assert shop.rules({place: changed}, tree={place: source} | other) == set()


def test_what_a_name_is_given_is_followed_without_end(inside: Check) -> None:
    assert inside("node = items\nwhile node:\n    node = node.next\n    items = node or items.next") == set()


@pytest.mark.parametrize(
    "line",
    [
        "x = x\n",
        "x = x.a\n",
        "x = type(x)\n",
        "x = type(x)()\n",
        "x = x.__class__()\n",
        "x, y = type(y)(), type(x)()\n",
    ],
)
def test_names_that_are_given_themselves_end(inside: Check, line: str) -> None:
    assert "danger.dynamic-code" in inside(f"{line * 300}type(x).seen = x.__class__.seen = eval(x)")
