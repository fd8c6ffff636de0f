"""The behaviour of candidates on inputs that no test has: the same if they are equivalent, whatever else they do."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import pytest

from buildpacks.python.runner.describe import described
from buildpacks.warm import Behaviour, ProtocolError, decode_behaviour
from planners.agreement import comparable
from rfsn.trials.bench import Bench
from rfsn.trials.worker import TrialPlan, TrialRequest, WarmWorker

BODY = "    return [one for one in items if one > least]\n"
SOURCE = f"""\
import functools
import os
import random
import sys
import threading
import time

SEEN = []


@functools.lru_cache
def known(n):
    return n


class Loud(Exception):
    def __repr__(self):
        os._exit(3)

    __str__ = __repr__


class Kind:
    def __init__(self, value):
        self.value = value

    def __repr__(self):
        return str(random.random())


def above(items, least):
{BODY}

class Shop:
    def __init__(self, prices):
        self.prices = prices

    def cheap(self, limit):
        return [price for price in self.prices if price < limit]

    def dear(self, limit):
        return above(self.prices, limit)

    def luck(self):
        return time.perf_counter()
"""
TESTS = """\
from steps import Shop, above

def test_above():
    assert above([1, 5, 7], 5) == [5, 7]

def test_none():
    assert above([2, 9], 20) == []

def test_above_itself():
    assert above([4], least=3) == [4]
"""
METHOD_TESTS = """\
from steps import Shop

def test_dear():
    assert Shop([5, 1, 7]).dear(5) == [5, 7]
    assert Shop([]).dear(0) == []
    assert Shop([2, 2]).dear(9) == []

def test_cheap():
    assert Shop([1, 5]).cheap(3) == [1]

def test_luck():
    assert Shop([2]).luck()
"""
GOOD = "    return [one for one in items if one >= least]\n"
INI = {"pytest.ini": "[pytest]\npythonpath = .\n"}


def trial(body: str, old: str = BODY) -> TrialRequest:
    start = SOURCE.index(old)
    return TrialRequest(0, {"steps.py": [(start, start + len(old), body.encode())]}, ())


def observed(
    bench: Bench, trials: Sequence[TrialRequest], target: str = "test_above", tests: Sequence[str] = ("test_none",)
) -> list[tuple[str, ...]]:
    return [found.words for found in behaviours(bench, trials, target, tests)]


def behaviours(
    bench: Bench, trials: Sequence[TrialRequest], target: str = "test_above", tests: Sequence[str] = ("test_none",)
) -> list[Behaviour]:
    worker = WarmWorker(bench)
    worker.plan(TrialPlan([(f"test_steps.py::{target}", 0.3)], [(f"test_steps.py::{one}", 0.3) for one in tests]))
    found = [worker.observe(one) for one in trials]
    worker.close()
    return found


EQUIVALENT = {
    "another way": "    return list(filter(lambda one: not one < least, items))\n",
    "prints": "    print('x' * 100_000)\n    os.write(1, b'y' * 1000)\n" + GOOD,
    "remembers in vain": "    SEEN.append(items)\n" + GOOD,
    "sees nothing of the call before": "    SEEN.append(1)\n    items = items if len(SEEN) == 1 else []\n" + GOOD,
    "shares no cache": "    known(1)\n    items = [] if known.cache_info().hits else items\n" + GOOD,
    "numbers as they compare": "    return [float(one) for one in items if one >= least]\n",
    "at random": "    items = items if random.random() < 2 else []\n" + GOOD,
    "forks": "    if not os.fork(): return 7\n" + GOOD,
    "asks the time of day": "    items = [] if time.time() % 86400 else items\n" + GOOD,
}
DIFFERENT = {
    "the fault": "    least += 0\n" + BODY,
    "changes its arguments": "    items[:] = [one for one in items if one >= least]\n    return items\n",
    "a set": "    return {one for one in items if one >= least}\n",
    "a generator": "    return (one for one in items if one >= least)\n",
    "an object": "    return Kind([one for one in items if one >= least])\n",
    "endless": "    import itertools\n    return itertools.count(len(items))\n",
    "raises": "    if len(items) != 3: raise ValueError\n" + GOOD,
    "raises something loud": "    if len(items) != 3: raise Loud\n" + GOOD,
    "loops": "    while len(items) != 3: pass\n" + GOOD,
    "loops and catches": "    while len(items) != 3:\n        try: pass\n        except BaseException: pass\n" + GOOD,
    "no handler interrupts it": "    if len(items) != 3: 7 ** (7 ** 9 + len(items))\n" + GOOD,
    "waits": "    if len(items) != 3: threading.Event().wait()\n" + GOOD,
    "leaves": "    if len(items) != 3: os._exit(0)\n" + GOOD,
    "exits": "    if len(items) != 3: sys.exit()\n" + GOOD,
    "is huge": "    return list(range(10 ** 6))\n",
    "is deep": "    for _ in range(100_000): items = [items]\n    return items\n",
    "contains itself": "    items.append(items)\n    return items\n",
    "is out of memory": "    return bytearray(30 << 30)\n",
}


def like(words: Sequence[str], expected: Sequence[str]) -> bool:
    """Whether an observation, which may have run out of time, is the expected one as far as it goes."""
    as_far = [one if word != "-" else "-" for word, one in zip(words, expected, strict=True)]
    return list(words) == as_far and words.count("-") < len(words) - 5


def test_equivalent_candidates_behave_alike_and_others_do_not(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench({"steps.py": SOURCE, "test_steps.py": TESTS, **INI})
    bodies = {"good": GOOD, **EQUIVALENT, **DIFFERENT, "good again": GOOD}
    found = dict(zip(bodies, observed(bench, [trial(body) for body in bodies.values()]), strict=True))
    good = found["good"]
    assert 50 < len(good) <= 97
    assert {word[0] for word in good[1:]} == {"r"}
    assert len(" ".join(good)) < 1000
    alike = {name for name, words in found.items() if like(words, good)}
    assert alike == {"good", *EQUIVALENT, "good again"}
    assert {words[0] for words in found.values()} == {good[0]}, "all had the same inputs"
    assert {len(words) for words in found.values()} == {len(good)}
    assert {"t", "-"} < set(found["loops"])
    assert {"x", "-"} < set(found["leaves"])
    again = observed(bench, [trial(GOOD), trial(DIFFERENT["the fault"])])
    assert all(map(like, again, [good, found["the fault"]])), "another worker makes the same inputs"


def test_people_are_shown_what_goes_in_and_what_comes_out(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench({"steps.py": SOURCE, "test_steps.py": TESTS, **INI})
    others = ("the fault", "an object", "changes its arguments", "raises")
    bodies = [GOOD, *(DIFFERENT[name] for name in others), "    return list(range(1000))\n"]
    found = behaviours(bench, [trial(body) for body in bodies])
    assert len({one.calls for one in found}) == 1
    shown = [dict(zip(one.calls, one.answers, strict=True)) for one in found]
    assert [one["above([1, 5, 7], 5)"] for one in shown] == [
        "[5, 7]",
        "[7]",
        "<Kind {'value': [5, 7]}>",
        "[5, 7], and the arguments are then [[5, 7], 5]",
        "[5, 7]",
        shown[-1]["above([1, 5, 7], 5)"],
    ]
    assert shown[-1]["above([1, 5, 7], 5)"].endswith("...")
    assert len(shown[-1]["above([1, 5, 7], 5)"]) < 400
    assert "raises ValueError" in shown[-2].values()


def test_what_describes_values_takes_nothing_from_them_and_never_fails() -> None:
    class Odd:
        @property
        def __dict__(self) -> dict[str, object]:  # type: ignore[override]  # as hostile trees do
            raise RuntimeError

    numbers = iter([1, 2, 3])
    assert described([numbers]) == "[<iterator>]"
    assert list(numbers) == [1, 2, 3]
    assert described(iter([1, 2]), drawn=True) == "iterator of 1, 2"
    assert described([Odd()]) == "<not to be described>"
    assert described([json, described, int]) == "[<module json>, <function described>, <type int>]"


def test_an_unobservable_candidate_has_no_behaviour(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench({"steps.py": SOURCE, "test_steps.py": TESTS + METHOD_TESTS, **INI})
    trials = [
        trial("def above(items, least, more=0):\n", "def above(items, least):\n"),  # it is to be imported anew
        trial("return (\n"),
    ]
    assert observed(bench, trials) == [()] * 2
    assert observed(bench, [trial(GOOD)], target="no_such_test", tests=()) == [()]


def test_methods_are_observed_where_tests_call_them(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench({"steps.py": SOURCE, "test_steps.py": METHOD_TESTS, **INI})
    old = "if price < limit]"
    trials = [trial(new, old) for new in ("if not price >= limit]", "if limit > price]", "if price <= limit]")]
    first, same, other = behaviours(bench, [*trials], "test_cheap", ["test_dear", "test_luck"])
    assert first.words == same.words
    assert comparable(" ".join(first.words), " ".join(other.words))
    shown = dict(zip(first.calls, first.answers, strict=True))
    assert shown["Shop.cheap(<Shop {'prices': [1, 5]}>, 3)"] == "[1]"
    told = zip(first.calls, first.answers, other.answers, strict=True)
    differ = [call for call, answer, another in told if answer != another]
    assert differ
    assert all(call.startswith("Shop.cheap(") for call in differ)
    assert "luck" not in str(first.calls), "what is different each time says nothing of a candidate"


def test_a_function_is_observed_if_only_a_method_calls_it(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench({"steps.py": SOURCE, "test_steps.py": METHOD_TESTS, **INI})
    trials = [trial(GOOD), trial(DIFFERENT["the fault"]), trial(GOOD)]
    good, fault, again = observed(bench, trials, "test_dear", ["test_cheap"])
    assert len(good) == len(fault) > 20
    assert good != fault
    assert good == again


@pytest.mark.parametrize("hangs", ["    while True: pass\n", "    return 7 ** (7 ** 9 + least)\n"])
def test_a_fault_that_hangs_does_not_hide_the_inputs(make_bench: Callable[..., Bench], hangs: str) -> None:
    source = SOURCE.replace(BODY, hangs)
    bench = make_bench({"steps.py": source, "test_steps.py": TESTS, **INI})
    start = source.index(hangs)
    good = TrialRequest(0, {"steps.py": [(start, start + len(hangs), GOOD.encode())]}, ())
    (found,) = observed(bench, [good])
    assert {word[0] for word in found[1:]} == {"r"}


GENERATOR = """\
def pairs(items, /, *rest, sign=1, **more):
    for one in items:
        yield one * sign, len(rest) + len(more)
"""
GENERATOR_TESTS = """\
from steps import pairs

def test_above():
    found = pairs([1, 2], 3, 4, sign=-1, other="x")
    next(found)
    pairs([next(found)[0]])
    assert list(found) == [0]
"""


def test_generators_and_arguments_of_every_kind(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench({"steps.py": GENERATOR, "test_steps.py": GENERATOR_TESTS, **INI})
    start = GENERATOR.index("len(rest)")
    changes = [b"len(rest)", b"0 + len(rest)", b"sum(rest)"]
    found = observed(
        bench, [TrialRequest(0, {"steps.py": [(start, start + 9, text)]}, ()) for text in changes[1:]], tests=()
    )
    assert len(found[0]) > 50
    assert {word[0] for word in found[0][1:]} == {"r"}
    assert found[0] != found[1]


@pytest.mark.parametrize(
    "answer",
    [
        "{}",
        '{"behaviour": "r00000"}',
        '{"behaviour": ["r00000"]}',
        '{"behaviour": ["i00000", "r00000 r00000"]}',
        '{"behaviour": ["i00000", "r0000\\n"]}',
        '{"behaviour": ["i00000", 7]}',
        '{"behaviour": ["i00000", "i00000"]}',
        '{"behaviour": ["i00000"' + ', "t"' * 151 + "]}",
    ],
)
def test_an_answer_of_another_form_is_refused(answer: str) -> None:
    with pytest.raises(ProtocolError):
        decode_behaviour(answer.encode())


def test_answers_of_the_right_form() -> None:
    assert decode_behaviour(b'{"behaviour": []}') == Behaviour()
    words = ("i0f0f0", "r00000", "e12345", "t", "x", "-")
    assert decode_behaviour(json.dumps({"behaviour": words}).encode()) == Behaviour(words)
    texts = [f"f({number})" for number in range(5)]
    shown = decode_behaviour(json.dumps({"behaviour": words, "calls": texts, "answers": texts}).encode())
    assert shown == Behaviour(words, tuple(texts), tuple(texts))
    few = decode_behaviour(json.dumps({"behaviour": words, "calls": texts, "answers": texts[1:]}).encode())
    assert few == Behaviour(words), "what does not belong together is not shown"
