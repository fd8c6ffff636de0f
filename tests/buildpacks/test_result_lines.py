from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildpacks import Outcome
from buildpacks.result_lines import ResultLineError, read_result_lines

KEY = b"k" * 32
CASE = {"case": "test_a.py::test_x", "outcome": "passed", "duration_s": 0.5, "message": ""}
OTHER = {"case": "test_a.py::test_y", "outcome": "failed", "duration_s": 0.1, "message": "assert 1 == 2"}
CANARY = {"canary": "test_q.py::test_z"}
FAILED = {"case": "test_q.py::test_z", "outcome": "failed", "duration_s": 0.0, "message": ""}
END = {"end": 1}


def line(number: int, result: Any, key: bytes = KEY) -> bytes:
    data = result if isinstance(result, bytes) else json.dumps(result).encode()
    mac = hmac.new(key, number.to_bytes(8, "big") + data, hashlib.sha256).hexdigest().encode()
    return mac + b" " + data + b"\n"


def lines(*results: Any) -> bytes:
    return b"".join(line(number, result) for number, result in enumerate(results))


def test_cases_canaries_and_the_end() -> None:
    found = read_result_lines(lines(CANARY, CASE, OTHER, FAILED, END), KEY)
    assert [(case.id, case.outcome) for case in found.cases] == [
        ("test_a.py::test_x", Outcome.PASSED),
        ("test_a.py::test_y", Outcome.FAILED),
    ]
    assert [(case.id, case.outcome) for case in found.canaries] == [("test_q.py::test_z", Outcome.FAILED)]
    assert found.end == 1
    assert found.cases[1].message == "assert 1 == 2"


def test_a_canary_that_says_nothing_is_missing() -> None:
    assert read_result_lines(lines(CANARY, CASE, END), KEY).canaries[0].outcome is Outcome.MISSING


def test_the_worst_outcome_of_an_id_counts() -> None:
    for results in ([CASE, CASE | {"outcome": "error"}], [CASE | {"outcome": "error"}, CASE]):
        assert read_result_lines(lines(*results, END), KEY).cases[0].outcome is Outcome.ERROR


def test_invalid_characters_are_escaped() -> None:
    odd = {"case": "test_\ud800.py::x", "outcome": "failed", "duration_s": 1, "message": "caf\u00e9 \udcff"}
    (case,) = read_result_lines(lines(odd, END), KEY).cases
    assert (case.id, case.message) == ("test_\\ud800.py::x", "caf\u00e9 \\xff")


def test_a_run_that_broke_off_has_no_end() -> None:
    assert read_result_lines(lines(CASE), KEY).end is None
    assert read_result_lines(b"", KEY).end is None


GOOD = lines(CASE, OTHER, END)
FORGED = {
    "a line of somebody else": lines(CASE) + b'{"case": "x"}\n' + line(1, OTHER) + line(2, END),
    "another key": line(0, CASE, b"other") + line(1, END),
    "no signature": json.dumps(CASE).encode() + b"\n",
    "a line left out": line(0, CASE) + line(2, END),
    "a line twice": line(0, CASE) + line(0, CASE) + line(1, END),
    "another order": line(1, OTHER) + line(0, CASE) + line(2, END),
    "more after the end": lines(CASE, END, OTHER),
    "half a line": GOOD[:-5],
    "text before": b"1 passed\n" + GOOD,
    "text after": GOOD + b"1 passed\n",
    "text after without an end": GOOD + b"x",
    "no object": lines([1]),
    "no json": lines(b"{"),
    "an unknown outcome": lines(CASE | {"outcome": "fine"}),
    "an endless duration": lines(b'{"case": "x", "outcome": "passed", "duration_s": 1e999}'),
    "no number at the end": lines(CASE, {"end": "x"}),
    "deep": lines(b"[" * 100_000),
    "no duration": lines({"case": "x", "outcome": "passed"}),
    "an endless id": lines(CASE | {"case": "x" * 20_000}),
}


@pytest.mark.parametrize("data", FORGED.values(), ids=FORGED)
def test_what_the_runner_did_not_write_is_detected(data: bytes) -> None:
    with pytest.raises(ResultLineError):
        read_result_lines(data, KEY)


@given(st.binary(max_size=300), st.integers(0, len(GOOD)))
def test_nothing_can_be_inserted(noise: bytes, at: int) -> None:
    forged = GOOD[:at] + noise + GOOD[at:]
    if forged != GOOD:
        with pytest.raises(ResultLineError):
            read_result_lines(forged, KEY)
