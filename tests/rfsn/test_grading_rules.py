"""The rules of the harness: which statuses resolve an instance, what a log says, and the report of a run."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from buildpacks import CaseId, CaseResult, Outcome, SuiteReport
from rfsn.config import Config
from rfsn.errors import UsageError
from rfsn.evaluation.formats import read_environments
from rfsn.evaluation.grading import Ended, run_report
from rfsn.evaluation.grading.folder import Folder, Job
from rfsn.evaluation.grading.grader import Grade
from rfsn.evaluation.grading.logs import grade_log
from rfsn.evaluation.grading.parsers import PARSERS, parser_named
from rfsn.evaluation.grading.predictions import read_predictions
from rfsn.evaluation.grading.rows import read_rows
from rfsn.evaluation.grading.rules import Expected, is_resolved, split_tests, statuses_of, told


def test_a_test_that_the_row_expects_stands_for_no_other_that_vanished() -> None:
    """A patch after which a file has no tests is not resolved by a test of the same name elsewhere."""
    ids = ("a/test_one.py::test_fast", "b/test_two.py::test_fast", "c/test_six.py::test_slow")
    cases = [CaseResult(ids[1], Outcome.PASSED, parsed=CaseId("b/test_two.py", (), "test_fast"))]
    cases += [CaseResult("d/test_sub.py::test_slow", Outcome.PASSED, parsed=CaseId("d/test_sub.py", (), "test_slow"))]
    statuses = statuses_of(SuiteReport(tuple(cases), 0, 1.0), Expected(ids[:1], ids[1:]))
    assert ids[0] not in statuses
    assert (statuses[ids[1]], statuses[ids[2]]) == ("PASSED", "PASSED"), "an inherited test is found where it ran"


@pytest.mark.parametrize(
    ("status", "begins", "goes_on"),
    [
        ("PASSED", True, True),
        ("XFAIL", True, True),
        ("SKIPPED", False, True),
        ("FAILED", False, False),
        ("ERROR", False, False),
        (None, False, False),
    ],
)
def test_what_counts_as_passing(status: str | None, *, begins: bool, goes_on: bool) -> None:
    statuses = {} if status is None else {"t": status}
    assert is_resolved(split_tests(statuses, Expected(("t",)))) is begins
    assert is_resolved(split_tests(statuses, Expected((), ("t",)))) is goes_on


def test_where_a_log_has_failures_alone_only_those_count() -> None:
    expected = Expected(("a", "b"), ("c", "d"), fail_only=True)
    split = split_tests({"a": "ERROR", "b": "SKIPPED", "c": "FAILED"}, expected)
    assert split["FAIL_TO_PASS"] == {"success": ["a", "b"], "failure": []}
    assert split["PASS_TO_PASS"] == {"success": ["d"], "failure": ["c"]}


def test_an_id_that_was_cut_off_stands_for_tests_that_agree() -> None:
    expected = Expected(("t[log(",))
    assert is_resolved(split_tests({"t[log(a)]": "PASSED", "t[log(b)]": "XFAIL", "t[exp]": "FAILED"}, expected))
    assert not is_resolved(split_tests({"t[log(a)]": "PASSED", "t[log(b)]": "FAILED"}, expected))
    assert not is_resolved(split_tests({"t[log]x": "PASSED"}, Expected(("t[log]",)))), "a whole id is exact"


def test_results_of_a_run_by_the_names_that_rows_have() -> None:
    def case(id: str, outcome: Outcome, *scope: str) -> CaseResult:
        file, *_, name = id.split("::")
        return CaseResult(id, outcome, parsed=CaseId(file, scope, name.partition("[")[0]))

    cases = (
        case("a/test_x.py::test_one[1]", Outcome.PASSED),
        case("a/test_x.py::test_one[2]", Outcome.TIMEOUT),
        case("a/test_x.py::Case::test_two", Outcome.XPASSED, "Case"),
        case("a/test_x.py::test_three", Outcome.SKIPPED),
    )
    expected = Expected(("test_one", "a/base.py::Case::test_two"), ("test_three", "test_four"))
    statuses = statuses_of(SuiteReport(cases, 1, 1.0), expected)
    assert statuses["test_one"] == "FAILED", "the worst of those that it names"
    assert statuses["a/base.py::Case::test_two"] == "PASSED"
    assert statuses["test_three"] == "SKIPPED"
    assert "test_four" not in statuses
    assert statuses["a/test_x.py::test_one[1]"] == "PASSED"


LOG = ">>>>> Start Test Output\n{}\n>>>>> End Test Output\n>>>>> Test Exit Code: {}\n"


def graded(log: str, patch: str | None = "x", parser: str = "parse_log_pytest", **more: Any) -> dict[str, Any]:
    report: dict[str, Any] = grade_log(log, "one", patch, Expected(("a.py::t",), **more), parser)["one"]
    return report


@pytest.mark.parametrize(
    ("log", "resolved", "ran"),
    [
        (LOG.format("PASSED a.py::t", 0), True, True),
        (LOG.format("FAILED a.py::t - no", 1), False, True),
        (LOG.format("PASSED a.py::t", 1), False, False),
        ("PASSED a.py::t\n" + LOG.format("", 0), True, True),
        ("PASSED a.py::t", False, False),
        (LOG.format("PASSED a.py::t", 0) + ">>>>> Tests Timed Out", False, False),
        (LOG.format("", 0), False, False),
        (LOG.format("3 passing", 0), False, True),
    ],
)
def test_which_logs_can_be_graded(log: str, *, resolved: bool, ran: bool) -> None:
    report = graded(log)
    assert (report["resolved"], report["patch_successfully_applied"]) == (resolved, ran)
    assert ("tests_status" in report) is ran


def test_a_suite_that_never_ran_is_no_success_where_only_failures_count() -> None:
    assert not graded(LOG.format("Executed 0 of 0", 0), fail_only=True)["resolved"]
    assert graded(LOG.format("Executed 4 of 4", 0), fail_only=True)["resolved"]


def test_no_patch_and_faults_of_the_machine() -> None:
    assert graded("", patch=None)["patch_is_None"]
    broken = graded("cannot open display")
    assert (broken["infra_failure"], broken["infra_failure_reason"]) == (True, "display_unavailable")
    doubtful = graded("ModuleNotFoundError: No module named 'x'")
    assert (doubtful["infra_failure"], doubtful["infra_failure_reason"]) == (False, "missing_module")


@pytest.mark.parametrize(
    ("name", "log", "statuses"),
    [
        ("pytest", "FAILED a::t - 1\nSKIPPED [1] a:3: no\nXFAIL a::x", {"a::t": "FAILED", "a::x": "XFAIL"}),
        ("requests", "PASSED a::t[/x/y/z] z\nPASSED a::u[//x/y]", {"a::t[/z]": "PASSED", "a::u[//x/y]": "PASSED"}),
        ("sphinx", "\x1b[32mPASSED\x1b[0m a::t[b c]\na::u FAILED", {"a::t[b c]": "PASSED", "a::u": "FAILED"}),
        ("matplotlib", "PASSED a::t[MouseButton.LEFT]", {"a::t[1]": "PASSED"}),
        ("seaborn", "a::t PASSED [ 5%]\nFAILED a::u", {"a::t": "PASSED", "a::u": "FAILED"}),
        ("sympy", "test_a ok\ntest_b F\n_ y.py:c _", {"test_a": "PASSED", "test_b": "FAILED", "y.py:c": "FAILED"}),
        (
            "django",
            "t (B) ... ok\nu (B) ... skipped 'no'\nv (B) ... a\nok",
            {"t (B)": "PASSED", "u (B)": "SKIPPED", "v (B)": "PASSED"},
        ),
    ],
)
def test_what_parsers_read(name: str, log: str, statuses: dict[str, str]) -> None:
    assert parser_named(f"parse_log_{name}")(log) == statuses


def test_an_unknown_parser_is_refused_by_name() -> None:
    assert len(PARSERS) == 20
    with pytest.raises(UsageError, match=r"'parse_log_cobol' is not known: known are parse_log_pytest, .*sympy"):
        parser_named("parse_log_cobol")


def test_the_report_of_a_run() -> None:
    ended = {
        "good": Ended(completed=True, resolved=True),
        "bad": Ended(completed=True, cause="missing_module"),
        "broken": Ended(completed=False, cause="no clone", of_machine=True),
    }
    submitted = {"good": "d", "bad": "d", "broken": "d", "lost": "d", "none": "", "null": None, "elsewhere": "d"}
    report = run_report(["lost", "good", "bad", "broken", "none", "null", "absent"], submitted, ended)
    assert (report["total_instances"], report["submitted_instances"], report["schema_version"]) == (7, 7, 2)
    assert report["completed_ids"] == ["bad", "good"]
    assert report["resolved_ids"] == ["good"]
    assert report["unresolved_ids"] == ["bad"]
    assert report["error_ids"] == ["broken", "lost"]
    assert report["empty_patch_ids"] == ["none", "null"]
    assert report["incomplete_ids"] == ["absent"]
    assert report["infra_failure_ids"] == ["broken"]
    assert report["ambiguous_failure_ids"] == ["bad"]
    assert report["failure_reasons"] == {"bad": "missing_module", "broken": "no clone"}


def test_which_tests_did_not_end_as_they_should() -> None:
    expected = Expected(("a", "b"), ("c", "d", "e", "f"))
    assert told(split_tests(dict.fromkeys("abcdef", "PASSED"), expected)) == "FAIL_TO_PASS 2 of 2; PASS_TO_PASS 4 of 4"
    told_of = told(split_tests({"b": "PASSED", "c": "SKIPPED"}, expected))
    assert told_of == "FAIL_TO_PASS 1 of 2 (a); PASS_TO_PASS 1 of 4 (d, e, ...)"
    assert told(split_tests({}, Expected(("a",)))) == "FAIL_TO_PASS 0 of 1 (a)"


PRO = {"instance_id": "a", "patch": "d", "prefix": "m"}


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("p.jsonl", '{"instance_id": "a", "model_name_or_path": "m", "model_patch": "d"}\n\n', ("a", "m", "d")),
        ("p.jsonl", '{"instance_id": "a", "model_patch": null}', ("a", "unknown", "")),
        ("p.json", json.dumps([PRO]), ("a", "m", "d")),
        ("p.jsonl", '{"org": "o", "repo": "n", "number": 7, "fix_patch": "d"}', ("o__n-7", "unknown", "d")),
        ("p.json", '{"a": {"model_patch": "d", "model_name_or_path": "m"}}', ("a", "m", "d")),
    ],
)
def test_files_of_predictions(tmp_path: Path, name: str, text: str, found: tuple[str, str, str]) -> None:
    (tmp_path / name).write_text(text)
    (only,) = read_predictions(tmp_path / name)[1].values()
    assert (only.instance_id, only.model, only.patch) == found


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("p.jsonl", '{"instance_id": "a", "patch": ""}\n{"instance_id": "a", "patch": ""}', "p.jsonl:2: .*another"),
        ("p.jsonl", '{"instance_id": "a", "patch": ""}\n{', "p.jsonl:2: not JSON"),
        ("p.jsonl", '{"patch": ""}', "p.jsonl:1: .*no instance_id"),
        ("p.jsonl", '{"instance_id": "../a", "patch": ""}', "p.jsonl:1: .*names a folder"),
        ("p.jsonl", '{"instance_id": "a", "patch": 3}', "p.jsonl:1: patch is a int"),
        ("p.jsonl", '{"instance_id": "a", "patch": "\\ud800"}', "p.jsonl:1: .*surrogate"),
        ("p.jsonl", '{"instance_id": "a", "model_patch": "", "model_patch": "d"}', "p.jsonl:1: .*model_patch .*twice"),
        ("p.jsonl", '{"instance_id": "a", "patch": "", "score": NaN}', "p.jsonl:1: .*NaN is not a number"),
        ("p.jsonl", '{"instance_id": "a", "patch": "\udcff"}', "p.jsonl:1: not JSON: .*utf-8"),
        ("p.json", '{"a": {"patch": ""}, "a": {"patch": "d"}}', "p.json: not JSON: the key a appears twice"),
        ("p.json", '[{"instance_id": "a"}]', "prediction 1: .*none of the columns model_patch, patch"),
        ("p.json", '{"a": {"instance_id": "b", "patch": ""}}', "p.json: a: .*another instance"),
        ("p.json", "3", "neither a list"),
        ("p.json", "[]", "no predictions"),
    ],
)
def test_bad_predictions_are_named(tmp_path: Path, name: str, text: str, problem: str) -> None:
    (tmp_path / name).write_text(text, errors="surrogateescape")
    with pytest.raises(UsageError, match=problem):
        read_predictions(tmp_path / name)


ROW = {
    "instance_id": "a",
    "repo": "o/n",
    "base_commit": "main",
    "test_patch": "",
    "test_command": ["pytest"],
    "FAIL_TO_PASS": '["t"]',
    "patch": "gold",
    "log_parser": "parse_log_flask",
    "eval_type": "fail_only",
}


def test_rows_have_what_only_grading_sees(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(ROW))
    _, (row,) = read_rows(str(path))
    assert (row.id, row.gold, row.log_parser, row.expected.fail_only) == ("a", "gold", "parse_log_flask", True)
    assert "gold" not in repr(row.instance)
    (tmp_path / "environments.toml").write_text('[[environment]]\nrepo = "o/n"\npython = "3.9"\n')
    digest, (completed,) = read_rows(str(path), read_environments(tmp_path / "environments.toml"))
    assert (completed.instance.python, digest == read_rows(str(path))[0]) == ("3.9", False)
    path.write_text(json.dumps(ROW | {"eval_type": "fast"}))
    with pytest.raises(UsageError, match="eval_type: Input should be 'pass_and_fail' or 'fail_only'"):
        read_rows(str(path))
    path.write_text(json.dumps(ROW | {"patch": "\ud800"}))
    with pytest.raises(UsageError, match=r"rows.jsonl: a: patch has half a surrogate pair"):
        read_rows(str(path))
    inline = {"instance_id": "b", "files": {"a.py": ""}, "test_command": ["pytest"]}
    path.write_text(json.dumps(inline))
    with pytest.raises(UsageError, match=r"b cannot be graded: .*FAIL_TO_PASS"):
        read_rows(str(path))


RESOLVED = Grade("resolved", {"resolved": True}, basis="ids", seconds=1.5)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    with closing(Folder(tmp_path / "out", Config(), "rows", "predictions")) as opened:
        yield opened


def test_grades_are_read_as_they_were_kept(folder: Folder) -> None:
    job = Job("a", "predictions", 1)
    folder.add(job, "diff", RESOLVED)
    (known,) = folder.load()
    assert (known.job, known.status, known.report, known.seconds) == (job, "resolved", {"resolved": True}, 1.5)


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": "solved"},
        {"status": "unresolved"},
        {"report": {"resolved": 1}},
        {"report": None},
        {"instance_id": "../a"},
        {"kind": "silver"},
        {"number": 0},
        {"number": "1"},
        {"seconds": float("nan")},
        {"seconds": float("inf")},
        {"seconds": -1.0},
        {"reason": "\ud800"},
        {"set_aside": ["\ud800"]},
    ],
)
def test_a_line_that_is_no_grade_is_refused(folder: Folder, wrong: dict[str, Any]) -> None:
    folder.add(Job("a", "predictions", 1), "diff", RESOLVED)
    grades = folder.path / "grades.jsonl"
    with grades.open("a") as file:
        file.write(json.dumps(json.loads(grades.read_text()) | wrong) + "\n")
    with pytest.raises(UsageError, match=r"grades.jsonl:2: not a grade: remove that line"):
        folder.load()


@pytest.mark.parametrize(
    ("put", "problem"),
    [
        (Path.mkdir, "grades.jsonl is not a regular file"),
        (os.mkfifo, "grades.jsonl is not a regular file"),
        (lambda path: path.symlink_to("/dev/zero"), "grades.jsonl cannot be read: .*symbolic links"),
    ],
)
def test_grades_that_are_no_plain_file_are_refused(folder: Folder, put: Callable[[Path], None], problem: str) -> None:
    put(folder.path / "grades.jsonl")
    with pytest.raises(UsageError, match=problem):
        folder.load()
