"""`rfsn grade`: what resolves a row, what no patch can forge, and a run that goes on where it was killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rfsn.evaluation.grading.logs import grade_log
from rfsn.evaluation.grading.rules import Expected

type Rfsn = Callable[..., Any]

SOURCE = "def least(a, b):\n    return a if a > b else b\n"
FIXED = "def least(a, b):\n    return min(a, b)\n"
NEW = """\
from unittest import TestCase

from least import least


def test_least():
    assert least(4, 3) == 3


class Least(TestCase):
    def test_least(self):
        self.assertEqual(least(4, 3), 3)
"""
FILES = {
    "src/least/__init__.py": SOURCE,
    "tests/test_old.py": "from least import least\n\n\ndef test_same():\n    assert least(1, 1) == 1\n",
    "pytest.ini": "[pytest]\npythonpath = src\n",
    "run.sh": "PYTHONPATH=src exec python3 run.py\n",
    "run.py": "from least import least\n\nprint('PASSED old' if least(1, 1) == 1 else 'FAILED old')\n"
    "print('PASSED new' if least(4, 3) == 3 else 'FAILED new')\n",
}


@dataclass(frozen=True)
class Bugs:
    """A data set of one bug, in rows under several ids, and a way to make predictions for them."""

    dataset: Path
    clone: Path
    repos: Path
    git: Callable[..., str]

    def diff(self, files: Mapping[str, str]) -> str:
        """What `git diff` says of files that are written over those of the base."""
        for path, text in files.items():
            (self.clone / path).parent.mkdir(parents=True, exist_ok=True)
            (self.clone / path).write_text(text)
        self.git("add", "--all", cwd=self.clone)
        made = self.git("diff", "--cached", cwd=self.clone)
        self.git("reset", "--quiet", "--hard", cwd=self.clone)
        return made

    def rows(self, *ids: str, **columns: Any) -> Path:
        """The data set with such rows."""
        (row,) = (json.loads(line) for line in self.dataset.read_text().splitlines()[:1])
        rows = [row | {"instance_id": id} | columns for id in ids]
        self.dataset.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        return self.dataset

    def predictions(self, patches: Mapping[str, str | None]) -> Path:
        """A file of predictions."""
        path = self.dataset.with_name("predictions.jsonl")
        entries = (
            {"instance_id": id, "model_name_or_path": "m", "model_patch": patch} for id, patch in patches.items()
        )
        path.write_text("".join(f"{json.dumps(entry)}\n" for entry in entries))
        return path


@pytest.fixture
def bugs(project: Callable[..., Path], git: Callable[..., str], tmp_path: Path) -> Bugs:
    clone = project(FILES, "clones/someone__least")
    made = Bugs(tmp_path / "rows.jsonl", clone, clone.parent, git)
    row = {
        "instance_id": "one",
        "repo": "someone/least",
        "base_commit": git("rev-parse", "HEAD", cwd=clone).strip(),
        "patch": made.diff({MODULE: FIXED}),
        "test_patch": made.diff({"tests/test_new.py": NEW}),
        "test_command": ["python", "-m", "pytest", "-q"],
        "FAIL_TO_PASS": ["tests/test_new.py::test_least"],
        "PASS_TO_PASS": ["tests/test_old.py::test_same"],
        "packages": ["pytest"],
    }
    made.dataset.write_text(json.dumps(row) + "\n")
    return made


def graded(rfsn: Rfsn, bugs: Bugs, patches: Mapping[str, str | None], out: Path, *more: str) -> dict[str, Any]:
    ran = rfsn(
        "grade",
        bugs.predictions(patches),
        "--dataset",
        bugs.dataset,
        "--repos",
        bugs.repos,
        "--out",
        out,
        *more,
        "--json",
    )
    assert ran.code == 0, ran.err
    report: dict[str, Any] = ran.json
    assert json.loads((out / "report.json").read_text()) == report
    return report


MODULE = "src/least/__init__.py"
IDS = ("tests/test_new.py::test_least", "tests/test_old.py::test_same")
BLOCK = "\n".join([">>>>> Start Test Output", *(f"PASSED {id}" for id in IDS), ">>>>> End Test Output", ""])
CHEAT = "import os\nos._exit(0)\n"
HOOK = """\
import pytest


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport():
    done = yield
    done.get_result().outcome = "passed"
"""
HOSTILE = {
    "forged-block": {MODULE: f"import os\nos.write(1, {BLOCK.encode()!r})\nos.write(2, {BLOCK.encode()!r})\n{SOURCE}"},
    "forged-lines": {MODULE: f"import sys\nprint('PASSED {IDS[0]}', file=sys.__stdout__, flush=True)\n{SOURCE}"},
    "exit": {MODULE: f"import sys\nsys.exit(0)\n{SOURCE}"},
    "hard-exit": {MODULE: f"{CHEAT}{SOURCE}"},
    "hook": {"tests/conftest.py": HOOK},
    "hook-at-the-top": {"conftest.py": "def pytest_collection_modifyitems(items):\n    items[:] = []\n"},
    "edited-test": {"tests/test_old.py": "def test_same(): ...\n", "tests/test_new.py": "def test_least(): ...\n"},
    "configured": {"pytest.ini": "[pytest]\npythonpath = src other\naddopts = -p cheat\n", "other/cheat.py": CHEAT},
    "plugin": {
        "cheat.py": HOOK,
        "cheat-1.dist-info/METADATA": "Name: cheat\nVersion: 1\n",
        "cheat-1.dist-info/entry_points.txt": "[pytest11]\ncheat = cheat\n",
    },
    "project-table": {"pyproject.toml": "[tool.pytest.ini_options]\naddopts = '--collect-only'\n"},
    "stop": {MODULE: "def least(a, b):\n    from unittest.case import _ShouldStop\n\n    raise _ShouldStop\n"},
    "xfail": {MODULE: "import pytest\n\n\ndef least(a, b):\n    return a if a == b else pytest.xfail('no')\n"},
    "tests-alone": {"tests/test_more.py": "def test_more(): ...\n"},
}
LINK = """\
diff --git a/src/x b/src/x
new file mode 120000
--- /dev/null
+++ b/src/x
@@ -0,0 +1 @@
+/etc
\\ No newline at end of file
"""


@pytest.mark.slow
def test_no_hostile_patch_resolves_a_row(rfsn: Rfsn, bugs: Bugs, tmp_path: Path) -> None:
    patches: dict[str, str | None] = {id: bugs.diff(files) for id, files in HOSTILE.items()}
    gold = bugs.diff({MODULE: FIXED})
    patches |= {
        "gold": gold,
        "gold-and-tests": bugs.diff({MODULE: FIXED, **HOSTILE["hook-at-the-top"]}),
    }
    patches |= {"empty": "", "null": None, "stale": gold.replace("a if a > b else b", "a if a < b else b")}
    patches["link"] = LINK
    bugs.rows(*patches, "not-submitted")
    report = graded(rfsn, bugs, patches, tmp_path / "out")
    assert report["resolved_ids"] == ["gold", "gold-and-tests"]
    assert report["unresolved_ids"] == sorted(HOSTILE)
    assert report["empty_patch_ids"] == ["empty", "null"]
    assert report["error_ids"] == ["link", "stale"]
    assert report["incomplete_ids"] == ["not-submitted"]
    assert report["infra_failure_ids"] == []
    assert report["reasons"]["stale"] == f"the patch does not apply: a hunk for {MODULE} fails"
    assert "while searching for" in (tmp_path / "out/instances/stale/test_output.txt").read_text()
    assert report["reasons"]["edited-test"] == f"FAIL_TO_PASS 0 of 1 ({IDS[0]}); PASS_TO_PASS 1 of 1"
    assert "link" in report["reasons"]["link"]
    grades = {
        row["instance_id"]: row for row in map(json.loads, (tmp_path / "out/grades.jsonl").read_text().splitlines())
    }
    assert grades["gold-and-tests"]["set_aside"] == ["conftest.py"]
    assert grades["plugin"]["set_aside"] == [path for path in sorted(HOSTILE["plugin"]) if "-info" in path]
    assert grades["edited-test"]["set_aside"] == ["tests/test_new.py", "tests/test_old.py"]
    folder = tmp_path / "out/instances/gold"
    assert json.loads((folder / "report.json").read_text())["gold"]["resolved"]
    assert (folder / "patch.diff").read_text() == gold
    expected = Expected(IDS[:1], IDS[1:])
    # The log of a run of ours also resolves, or does not, by the harness's own rules.
    for id in ("gold", "edited-test", "tests-alone"):
        log = (tmp_path / f"out/instances/{id}/test_output.txt").read_text()
        assert grade_log(log, id, "d", expected, "parse_log_pytest")[id]["resolved"] is (id == "gold")


def test_the_rules_of_the_harness_resolve_a_forged_block(rfsn: Rfsn, bugs: Bugs, tmp_path: Path) -> None:
    """The output of the patched source as the harness would capture it: there it resolves, and with us it does not."""
    patch = bugs.diff(HOSTILE["forged-block"])
    source = HOSTILE["forged-block"][MODULE]
    forged = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True).stdout
    real = ">>>>> Start Test Output\nFAILED tests/test_new.py::test_least - assert 4 == 3\n>>>>> End Test Output\n"
    expected = Expected(IDS[:1], IDS[1:])
    assert grade_log(forged + real, "one", patch, expected, "parse_log_pytest")["one"]["resolved"]
    assert graded(rfsn, bugs, {"one": patch}, tmp_path / "out")["unresolved_ids"] == ["one"]


def test_patches_apply_as_in_the_harness(rfsn: Rfsn, bugs: Bugs, tmp_path: Path) -> None:
    gold = bugs.diff({MODULE: FIXED})
    plain = "".join(line for line in gold.splitlines(keepends=True) if not line.startswith(("diff ", "index ")))
    fuzzy = gold.replace(" def least(a, b):", " def least(x, y):")
    assert fuzzy != gold
    bugs.rows("plain", "fuzzy", "twice")
    patches = {"plain": plain, "fuzzy": fuzzy, "twice": "no diff at all\n"}
    report = graded(rfsn, bugs, patches, tmp_path / "out")
    assert report["resolved_ids"] == ["fuzzy", "plain"]
    assert report["error_ids"] == ["twice"]


def test_a_data_set_is_checked_and_nothing_is_done_twice(rfsn: Rfsn, bugs: Bugs, tmp_path: Path) -> None:
    bugs.rows("one", "lost")
    rows = [json.loads(line) for line in bugs.dataset.read_text().splitlines()]
    rows[1]["repo"] = "nobody/nothing"
    bugs.dataset.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    command = ("grade", "--check", "--dataset", bugs.dataset, "--repos", bugs.repos, "--out", tmp_path / "out")
    ran = rfsn(*command)
    assert ran.code == 0, "every row ended"
    assert "one (gold): resolved" in ran.err
    assert "one (empty): unresolved" in ran.err
    assert "lost (gold): infra_failure" in ran.err
    counts = "2 instances: resolved 1, unresolved 0, empty patch 0, error 1, incomplete 0"
    more = "(infra failure 1, ambiguous failure 0, empty resolved 0)"
    assert ran.err.splitlines()[-1] == f"{counts} {more}; grades: {tmp_path / 'out'}"
    grades = (tmp_path / "out/grades.jsonl").read_bytes()
    again = rfsn(*command, "--json")
    assert again.err == ""
    assert (tmp_path / "out/grades.jsonl").read_bytes() == grades
    report = again.json
    assert report["resolved_ids"] == ["one"]
    assert report["gold_not_resolved_ids"] == ["lost"]
    assert report["infra_failure_ids"] == ["lost"]
    assert "no clone of nobody/nothing" in report["reasons"]["lost"]
    assert report["empty_resolved_ids"] == []
    assert report["empty_not_run_ids"] == ["lost"]
    assert json.loads(grades.splitlines()[0])["environment_seconds"] > 0
    ran = rfsn(*command, "--limit", "1", "--retry", "unresolved", "--retry", "infra_failure")
    lines = (tmp_path / "out/grades.jsonl").read_bytes().removeprefix(grades).splitlines()
    assert [(json.loads(line)["instance_id"], json.loads(line)["kind"]) for line in lines] == [("one", "empty")]
    assert ran.err.splitlines()[-1] == f"{counts} {more}; grades: {tmp_path / 'out'}", "earlier grades are reported too"
    wrong = rfsn(*command, "--retry", "repaired")
    assert (wrong.code, "known are resolved, unresolved, error, infra_failure" in wrong.err) == (2, True)
    few = rfsn(*command[:-1], tmp_path / "few", "--limit", "1", "--offline", "--json").json
    assert (few["total_instances"], few["submitted_instances"], few["resolved_ids"]) == (1, 1, ["one"])
    other = rfsn(*command, "--instance-timeout", "77")
    assert (other.code, "choose another --out" in other.err) == (2, True)


@pytest.mark.thorough
def test_a_test_that_is_not_reliable_is_found(rfsn: Rfsn, bugs: Bugs, tmp_path: Path) -> None:
    now = "import time\n\n\ndef least(a, b):\n    return min(a, b) if time.time_ns() // 1000 % 2 else a\n"
    bugs.rows("steady", "flaky")
    patches = {
        "steady": bugs.diff({MODULE: FIXED}),
        "flaky": bugs.diff({MODULE: now}),
    }
    out = tmp_path / "out"
    assert "flaky_ids" not in graded(rfsn, bugs, patches, out)
    report = graded(rfsn, bugs, patches, out, "--repeat", "16")
    assert report["flaky_ids"] == ["flaky"]
    assert report["resolved_ids"] == ["steady"], "what does not resolve each time does not resolve"
    assert (out / "instances/steady/repeat-16/report.json").exists()
    assert len((out / "grades.jsonl").read_text().splitlines()) == 32


@pytest.mark.thorough
def test_a_run_that_was_killed_goes_on(
    rfsn: Rfsn, script: Path, environment: dict[str, str], bugs: Bugs, tmp_path: Path
) -> None:
    ids = [f"row-{number}" for number in range(4)]
    bugs.rows(*ids)
    path = bugs.predictions(dict.fromkeys(ids, bugs.diff({MODULE: FIXED})))
    out = tmp_path / "out"
    command = ["grade", path, "--dataset", bugs.dataset, "--repos", bugs.repos, "--out", out]
    running = subprocess.Popen([script, *map(str, command)], env=environment, stderr=subprocess.DEVNULL)
    while not (out / "grades.jsonl").exists():
        assert running.poll() is None, "it ended before it could be killed"
        time.sleep(0.01)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    before = (out / "grades.jsonl").read_text().splitlines()
    with (out / "grades.jsonl").open("a") as file:
        file.write('{"instance_id": "row-')
    report = rfsn(*command, "--json").json
    assert report["resolved_ids"] == ids
    lines = (out / "grades.jsonl").read_text().splitlines()
    assert lines[: len(before)] == before
    assert sorted(json.loads(line)["instance_id"] for line in lines) == ids


def test_a_run_says_where_its_grades_are_and_can_be_ended_at_once(
    script: Path,
    environment: dict[str, str],
    bugs: Bugs,
    processes: Callable[[str], list[str]],
    tmp_path: Path,
) -> None:
    asleep = f"sleep 86400.{os.getpid()}"
    patch = bugs.diff({MODULE: f"import subprocess\nsubprocess.run({asleep.split()})\n{SOURCE}"})
    command = ["grade", bugs.predictions({"one": patch}), "--dataset", bugs.dataset, "--repos", bugs.repos]
    running = subprocess.Popen(
        [script, *map(str, command)], env=environment, cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    assert running.stderr is not None
    while not processes(asleep):
        assert running.poll() is None, running.stderr.read()
        time.sleep(0.01)
    running.send_signal(signal.SIGTERM)
    said = running.stderr.readline()
    assert said.startswith("stopping: tests that run have 30 s to end; ")
    assert "two more Ctrl-C end it at once" in said
    assert "grades so far: rfsn-grade-predictions" in said
    running.send_signal(signal.SIGINT)
    assert "still stopping" in running.stderr.readline()
    running.send_signal(signal.SIGINT)
    assert running.wait() == 130
    running.stderr.close()
    while processes(asleep):  # it ends with the sandbox, which ends with the process
        time.sleep(0.01)


def test_predictions_through_a_pipe_are_told_from_others(
    script: Path, environment: dict[str, str], bugs: Bugs, tmp_path: Path
) -> None:
    command = ["grade", "/dev/stdin", "--dataset", bugs.dataset, "--repos", bugs.repos, "--out", tmp_path / "out"]
    command.append("--json")

    def piped(patch: str) -> subprocess.CompletedProcess[str]:
        given = json.dumps({"one": {"model_patch": patch}})
        return subprocess.run(
            [script, *map(str, command)], env=environment, input=given, capture_output=True, text=True, check=False
        )

    gold = bugs.diff({MODULE: FIXED})
    assert json.loads(piped(gold).stdout)["resolved_ids"] == ["one"]
    assert json.loads(piped(gold).stdout)["resolved_ids"] == ["one"]
    assert json.loads(piped("no diff").stdout)["status"] == "usage_error"


@pytest.mark.thorough
def test_an_unknown_runner_is_read_by_its_parser_and_the_report_says_so(rfsn: Rfsn, bugs: Bugs, tmp_path: Path) -> None:
    columns = {"test_command": ["sh", "run.sh"], "FAIL_TO_PASS": ["new"], "PASS_TO_PASS": ["old"], "test_patch": ""}
    bugs.rows("one", **columns, log_parser="parse_log_pytest")
    gold = bugs.diff({MODULE: FIXED})
    report = graded(rfsn, bugs, {"one": gold}, tmp_path / "out")
    assert report["resolved_ids"] == report["output_basis_ids"] == ["one"]
    assert graded(rfsn, bugs, {"one": bugs.diff({"src/a.py": ""})}, tmp_path / "bad")["unresolved_ids"] == ["one"]
    forged = bugs.diff({MODULE: "def least(a, b):\n    print('PASSED new')\n    raise SystemExit\n"})
    assert graded(rfsn, bugs, {"one": forged}, tmp_path / "forged")["unresolved_ids"] == ["one"], (
        "the other test is missing"
    )
    bugs.rows("one", log_parser="parse_log_cobol")
    refused = graded(rfsn, bugs, {"one": gold}, tmp_path / "unknown")
    assert "known are parse_log_pytest, " in refused["reasons"]["one"]
    bugs.rows("one", log_parser="")
    assert "has no log_parser" in graded(rfsn, bugs, {"one": gold}, tmp_path / "none")["reasons"]["one"]


@pytest.mark.thorough
def test_an_environment_in_which_no_test_runs_is_not_the_fault_of_the_patch(
    rfsn: Rfsn, bugs: Bugs, tmp_path: Path
) -> None:
    gold = bugs.diff({MODULE: FIXED})
    needy = bugs.diff({"tests/test_new.py": NEW, "tests/conftest.py": "import somewhat\n"})
    bugs.rows("one", test_patch=needy)
    report = graded(rfsn, bugs, {"one": gold}, tmp_path / "needy")
    assert report["infra_failure_ids"] == report["error_ids"] == ["one"]
    assert "no test runs on the base either: " in report["reasons"]["one"]
    assert "No module named 'somewhat'" in report["reasons"]["one"]
    # Nothing ran on this base once, so this may be what the fix is for.
    bugs.rows("one", test_patch=needy, PASS_TO_PASS=[])
    report = graded(rfsn, bugs, {"one": gold}, tmp_path / "alone")
    assert report["unresolved_ids"] == report["ambiguous_failure_ids"] == ["one"]
    command = ["sh", "-c", "cd /testbed && sh run.sh"]
    bugs.rows("one", test_patch="", test_command=command, log_parser="parse_log_pytest", PASS_TO_PASS=["old"])
    report = graded(rfsn, bugs, {"one": gold}, tmp_path / "elsewhere")
    assert report["infra_failure_ids"] == ["one"]


def test_a_base_whose_own_code_needs_what_is_not_there_is_not_the_fault_of_the_patch(
    rfsn: Rfsn, bugs: Bugs, tmp_path: Path
) -> None:
    needs = (
        "try:\n    import sorting\nexcept ImportError:\n    raise ImportError('least depends on sorting') from None\n"
    )
    (bugs.clone / MODULE).write_text(needs + SOURCE)
    bugs.git("commit", "--quiet", "--all", "--message", "needs", cwd=bugs.clone)
    bugs.rows("one", base_commit=bugs.git("rev-parse", "HEAD", cwd=bugs.clone).strip())
    report = graded(rfsn, bugs, {"one": bugs.diff({MODULE: needs + FIXED})}, tmp_path / "out")
    assert report["infra_failure_ids"] == ["one"]
    assert f"{MODULE}, line 4: ImportError: least depends on sorting" in report["reasons"]["one"]


def test_a_base_without_the_name_that_the_fix_adds_is_sound(rfsn: Rfsn, bugs: Bugs, tmp_path: Path) -> None:
    tests = bugs.diff(
        {"tests/test_new.py": "from least import most\n\n\ndef test_least():\n    assert most(4, 3) == 4\n"}
    )
    command = ["python", "-m", "pytest", "-q", "tests/test_new.py"]
    bugs.rows("wrong", "right", test_patch=tests, test_command=command, PASS_TO_PASS=[])
    wrong, right = bugs.diff({MODULE: FIXED}), bugs.diff({MODULE: f"{SOURCE}\n\nmost = max\n"})
    report = graded(rfsn, bugs, {"wrong": wrong, "right": right}, tmp_path / "out")
    assert (report["resolved_ids"], report["unresolved_ids"]) == (["right"], ["wrong"])
    assert report["ambiguous_failure_ids"] == report["infra_failure_ids"] == []


def test_a_command_with_variables_before_it_has_results_by_id(rfsn: Rfsn, bugs: Bugs, tmp_path: Path) -> None:
    tests = (
        "import os\nfrom least import least\n\n\ndef test_least():\n    assert least(4, int(os.environ['LOW'])) == 3\n"
    )
    script = ">>>>> Start Test Output'\nLOW='3' pytest -rA tests\n: '>>>>> End Test Output"
    row = json.loads(bugs.dataset.read_text())
    del row["test_command"]
    row |= {
        "eval_script": script,
        "test_patch": bugs.diff({"tests/test_new.py": tests}),
        "log_parser": "parse_log_pytest",
    }
    bugs.dataset.write_text(json.dumps(row) + "\n")
    report = graded(rfsn, bugs, {"one": bugs.diff({MODULE: FIXED})}, tmp_path / "out")
    assert (report["resolved_ids"], report["output_basis_ids"]) == (["one"], [])


def test_a_row_may_need_an_old_pytest(rfsn: Rfsn, bugs: Bugs, tmp_path: Path) -> None:
    """Before pytest 7, items have no path of the kind that canaries are placed by."""
    bugs.rows("one", packages=["pytest==6.2.5"], test_command=["python", "-m", "pytest", "-q", "-W", "ignore"])
    patch = bugs.diff({MODULE: FIXED})
    report = graded(rfsn, bugs, {"one": patch}, tmp_path / "out", "--env", "PYTHONPATH=/repo/src")
    log = (tmp_path / "out/instances/one/test_output.txt").read_text()
    assert report["resolved_ids"] == ["one"], log
    assert log.count("a canary") == 4


def test_what_is_asked_must_make_sense(rfsn: Rfsn, bugs: Bugs) -> None:
    neither = rfsn("grade", "--dataset", bugs.dataset)
    assert (neither.code, "--check" in neither.err) == (2, True)
    elsewhere = bugs.predictions(dict.fromkeys(("one", "four", "three", "two", "five"), "d"))
    refused = rfsn("grade", elsewhere, "--dataset", bugs.dataset, "--repos", bugs.repos)
    assert (refused.code, "no row for 4 predictions: five, four, three, ..." in refused.err) == (2, True)
    bugs.rows("one", patch="")
    without = rfsn("grade", "--check", "--dataset", bugs.dataset, "--repos", bugs.repos)
    assert (without.code, "no gold patch" in without.err) == (2, True)
