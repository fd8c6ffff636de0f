"""`rfsn eval compare` and `rfsn eval show`: what came of evaluations."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rfsn.errors import UsageError
from rfsn.evaluation.compare import compare
from rfsn.evaluation.rows import last_rows

type Rfsn = Callable[..., Any]


def row(id: str, status: str = "repaired", **more: Any) -> dict[str, Any]:
    return {
        "instance_id": id,
        "status": status,
        "seconds": 2.0,
        "cpu_seconds": 1.0,
        "candidates": 3,
        "patch": "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-1\n+2\n" if status == "repaired" else None,
        "reason": "the patch was verified" if status == "repaired" else "none of 3 candidates passes the tests",
        **more,
    }


def write(folder: Path, *rows: dict[str, Any], torn: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + torn)
    return folder


def test_the_last_result_of_an_instance_counts_and_a_torn_line_does_not(tmp_path: Path) -> None:
    first = [row("a", "not_repaired"), row("b"), row("a")]
    path = write(tmp_path, *first, torn='{"instance_id": "b"') / "results.jsonl"
    assert [(found["instance_id"], found["status"]) for found in last_rows(path)] == [
        ("b", "repaired"),
        ("a", "repaired"),
    ]
    path.write_text(path.read_text() + "\n")
    with pytest.raises(UsageError, match=r"results\.jsonl:4: the line is not a result"):
        list(last_rows(path))
    with pytest.raises(UsageError, match="there are no results"):
        list(last_rows(tmp_path / "nothing"))
    (tmp_path / "link").symlink_to(path)
    with pytest.raises(UsageError, match="cannot be read"):
        list(last_rows(tmp_path / "link"))


def test_what_is_added_while_it_is_read_is_left_for_the_next_reader(tmp_path: Path) -> None:
    path = write(tmp_path, row("a"), row("b")) / "results.jsonl"
    reading = last_rows(path)
    assert next(reading)["instance_id"] == "a"
    with path.open("a") as file:
        file.write(json.dumps(row("a", "flaky")) + "\n" + json.dumps(row("c")) + "\n")
    assert [found["instance_id"] for found in reading] == ["b"]
    assert [found["instance_id"] for found in last_rows(path)] == ["b", "a", "c"]


def test_instances_are_paired_and_counted(rfsn: Rfsn, tmp_path: Path) -> None:
    one = write(
        tmp_path / "one",
        *(row(f"both-{number}", seconds=10.0) for number in range(14)),
        *(row(f"neither-{number}", "not_repaired") for number in range(22)),
        *(row(f"won-{number}", "not_repaired") for number in range(5)),
        row("gone"),
    )
    other = write(
        tmp_path / "other",
        row("new", cost_usd=1000.0),
        *(row(f"won-{number}", cost_usd=0.5) for number in range(5)),
        *(row(f"neither-{number}", "infra_error", cost_usd=0.25) for number in range(22)),
        *(row(f"both-{number}", seconds=5.0, cost_usd=0.5) for number in range(14)),
    )
    found = rfsn("eval", "compare", one, other / "results.jsonl", "--json").json
    assert {key: found[key] for key in ("paired", "both", "neither", "wins", "losses", "ties")} == {
        "paired": 41, "both": 14, "neither": 22, "wins": 5, "losses": 0, "ties": 36,
    }  # fmt: skip
    assert found["won"] == [f"won-{number}" for number in range(5)]
    assert (found["only_in_first"], found["only_in_second"]) == (["gone"], ["new"])
    assert found["difference"] == pytest.approx(5 / 41)
    assert found["difference_interval"] == pytest.approx([0.0115, 0.2265], abs=5e-4)
    assert found["p_value"] == 0.0625
    assert (found["first"]["total"], found["first"]["solved"], found["second"]["solved"]) == (42, 14, 19)
    assert found["first"]["seconds"] == {"total": 194.0, "median": 2.0}
    assert (found["first"]["cost_usd"], found["second"]["cost_usd"]) == (None, {"total": 15.0, "median": 0.25})
    assert found["second"]["statuses"] == {"infra_error": 22, "repaired": 19}
    mirrored = compare(other, one)
    assert (mirrored["wins"], mirrored["losses"], mirrored["difference"]) == (0, 5, -found["difference"])

    said = rfsn("eval", "compare", one, other)
    assert said.code == 0
    for text in (
        "5 won, 0 lost, 36 tied",
        "+12.2 points",
        "p = 0.0625",
        "only in A: 1: gone",
        "Newcombe",
        "14 (34.1%)",
    ):
        assert text in said.out


def test_hidden_tests_say_what_is_solved_where_they_ran(rfsn: Rfsn, tmp_path: Path) -> None:
    one = write(tmp_path / "one", row("a"), row("b"), row("c", "not_repaired"))
    other = write(
        tmp_path / "other", row("a", resolved=False), row("b", resolved=None), row("c", "denied", resolved=True)
    )
    found = compare(one, other)
    assert (found["won"], found["lost"], found["both"]) == (["c"], ["a"], 1)
    assert (found["first"]["by_resolved"], found["second"]["by_resolved"]) == (0, 2)
    assert "resolved for 2 of 3, else status" in rfsn("eval", "compare", one, other).out


def test_evaluations_with_nothing_in_common_are_no_error(rfsn: Rfsn, tmp_path: Path) -> None:
    one, other = write(tmp_path / "one", row("a")), write(tmp_path / "other")
    ran = rfsn("eval", "compare", one, other)
    assert (ran.code, ran.out.splitlines()[-1]) == (0, "there is nothing to compare")
    found = rfsn("eval", "compare", one, other, "--json").json
    assert (found["paired"], found["p_value"], found["difference_interval"]) == (0, None, None)
    missing = rfsn("eval", "compare", one, tmp_path / "missing", "--json")
    assert (missing.code, missing.json["status"]) == (2, "usage_error")


def test_an_instance_is_shown_from_the_newest_evaluation_here(rfsn: Rfsn, tmp_path: Path) -> None:
    old = write(tmp_path / "rfsn-eval-old", row("a", "flaky"))
    os.utime(old / "results.jsonl", (1, 1))
    folder = write(tmp_path / "rfsn-eval-new", row("a", "not_repaired"), row("b", "not_repaired"), row("a"))
    session = folder / "sessions" / "a"
    session.mkdir(parents=True)
    (session / "journal.jsonl").write_text("")
    finding = {"kind": "k", "seems": "a wrong \x1b[31msign", "advice": "look there", "tests": []}
    (session / "report.json").write_text(json.dumps({"diagnosis": [finding]}))
    ran = rfsn("eval", "show", "a", cwd=tmp_path)
    assert (ran.code, ran.out) == (0, row("a")["patch"])
    assert "a: repaired: the patch was verified" in ran.err
    assert "it looks like a wrong \\x1b[31msign" in ran.err
    assert "next: rfsn report rfsn-eval-new/sessions/a" in ran.err
    shown = rfsn("eval", "show", "a", "--json", cwd=tmp_path).json
    assert (shown["status"], shown["session"], shown["report"]) == ("repaired", "rfsn-eval-new/sessions/a", None)
    assert rfsn("eval", "show", "a", "--out", old, "--json").json["status"] == "flaky"
    alone = rfsn("eval", "show", "b", cwd=tmp_path)
    assert "session: its folder is not there" in alone.err
    assert "next:" not in alone.err
    (session / "report.json").write_text("[" * 100_000)
    assert rfsn("eval", "show", "a", "--json", cwd=tmp_path).json["diagnosis"] == []


def test_what_cannot_be_shown_is_refused(rfsn: Rfsn, tmp_path: Path) -> None:
    folder = write(tmp_path / "rfsn-eval-x", row("django__django-11099"))
    wrong = rfsn("eval", "show", "django__django-1109", cwd=tmp_path)
    assert (wrong.code, "did you mean django__django-11099?" in wrong.err) == (2, True)
    assert rfsn("eval", "show", "../x", "--out", folder).code == 2
    (tmp_path / "empty").mkdir()
    assert "there is no rfsn-eval-*" in rfsn("eval", "show", "a", cwd=tmp_path / "empty").err
    assert "there are no results" in rfsn("eval", "show", "a", "--out", tmp_path / "empty").err


@pytest.mark.parametrize("wrong", [{"patch": "\ud800"}, {"candidates": 10**25}])
def test_a_line_that_no_evaluation_writes_is_named(wrong: dict[str, Any], rfsn: Rfsn, tmp_path: Path) -> None:
    ran = rfsn("eval", "show", "b", "--out", write(tmp_path / "out", row("a"), row("b", **wrong)))
    assert ran.code == 2
    assert "results.jsonl:2: " in ran.err


def test_a_data_set_may_have_the_name_of_a_command(rfsn: Rfsn, tmp_path: Path) -> None:
    (tmp_path / "compare").write_text("no json\n")
    for arguments in (("./compare",), ("--limit", "1", "compare"), ("--out", "x", "./compare", "--json")):
        ran = rfsn("eval", *arguments, cwd=tmp_path)
        assert (ran.code, "compare:1: not a JSON object" in ran.err) == (2, True)
    assert rfsn("eval", "compare", cwd=tmp_path).err.startswith("Usage: rfsn eval compare [OPTIONS] {A} {B}")
    assert "Missing argument 'DATASET'" in rfsn("eval").err
    usage = rfsn("eval", "--help").out.splitlines()[:3]
    assert [line.split()[-1] for line in usage] == ["{DATASET}", "{B}", "{ID}"]
