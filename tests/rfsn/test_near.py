"""Calls near those of tests: unlike them in what does not matter, and alike in all that may be special."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import FunctionType
from typing import Any, cast

import pytest

from buildpacks.python.runner.attempt import Runner
from buildpacks.python.runner.near import Call, Repeater, shown
from buildpacks.warm import ProtocolError, Repeated, decode_repeated

HERE = Path(__file__).parent


def price(items: list[int], name: str = "", *, discount: int = 0) -> int:
    if len(name) > 3:
        os._exit(7)
    return sum(items) - discount


@pytest.fixture(scope="module")
def repeater() -> Repeater:
    function = cast("FunctionType", price)
    return Repeater([function], cast("Runner", None), str(HERE), set())


def call(*positional: Any, **named: Any) -> Call:
    return Call("test_near.py", "price", (list(positional), named))


def test_a_call_has_a_name_for_every_version_of_a_tree() -> None:
    one = call([1700, 2500], "Ab", discount=3)
    assert Call.read(one.written()) == one
    assert shown(one) == "price([1700, 2500], 'Ab', discount=3)"
    for damaged in ("", "x", "AAAA", "KQ=="):
        with pytest.raises(ValueError):  # noqa: PT011  # the text itself is all there is to say
            Call.read(damaged)


def test_near_is_what_keeps_all_that_is_special(repeater: Repeater) -> None:
    near = repeater.near([call([1700, 2500], "Ab", discount=0)])
    assert len(near) > 20
    assert len({repr(one) for one in near}) == len(near)
    for path, name, ((items, text), named) in near:
        assert (path, name, named) == ("test_near.py", "price", {"discount": 0})
        assert items == sorted(set(items)), "they were in order, and distinct"
        assert all(item > 1000 for item in items)
        assert sorted({letter.isupper() for letter in text}) == [False, True]


@pytest.mark.parametrize("arguments", [(), ([],), ([0],), ([1, 2], ""), ([], "", True)])
def test_nothing_is_near_what_is_special_in_all_parts(arguments: tuple[Any, ...], repeater: Repeater) -> None:
    near = repeater.near([call(*arguments)])
    assert all(len(one.arguments[0][0]) > 1 for one in near) if arguments == ([1, 2], "") else not near


def test_what_does_not_answer_has_a_letter(repeater: Repeater) -> None:
    other = Call("test_near.py", "cost", ([[1]], {}))
    answers = repeater.answers([call([1, 2]), other, call([1], "name"), call([1, 2], discount=3)])
    assert [(word[0], text) for word, text in answers] == [("r", "3"), ("-", ""), ("x", "ends the process"), ("r", "0")]


@pytest.mark.parametrize(
    "answer", ["{}", '{"repeated": 1}', '{"repeated": [["a", "b", "c", "d"]]}', '{"repeated": [7]}']
)
def test_an_answer_of_another_form_is_refused(answer: str) -> None:
    with pytest.raises(ProtocolError):
        decode_repeated(answer.encode())


def test_an_answer_of_the_right_form() -> None:
    row = ["KQ==", "f(2)", "r00000", "4"]
    assert decode_repeated(json.dumps({"repeated": [row]}).encode()) == (Repeated(*row),)
