"""Cold runs of node:test: every test has its outcome, whatever some do to their process."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from buildpacks import Outcome, RunRequest, SuiteReport
from rfsn.trials.bench import Bench

pytestmark = pytest.mark.thorough

ORDINARY = """
const { test, describe, it } = require('node:test');
const assert = require('node:assert');
const { sum } = require('../sum.js');
describe('sum', () => {
  it('adds: two', () => assert.strictEqual(sum(1, 2), 3));
  it('is wrong', () => assert.strictEqual(sum(1, 2), 4));
  it.skip('is skipped', () => {});
  it.todo('is to do');
});
test('has a part', async (t) => { await t.test('the part', () => {}); });
test('is called back', (t, done) => setTimeout(done, 1));
"""
WILD = """
import { test } from 'node:test';
test('before', () => {});
test('loops', () => { for (;;); });
test('between', () => {});
test('exits', () => process.exit(0));
test('is killed', () => process.kill(process.pid, 'SIGKILL'));
test('waits', async () => { setInterval(() => {}, 1000); await new Promise(() => {}); });
test('after', () => {});
test('is forgotten', async () => { await new Promise(() => {}); });
"""
FILES = {
    "package.json": '{"scripts": {"test": "node --test"}}',
    "sum.js": "exports.sum = (a, b) => a + b;\n",
    "broken.mjs": "export const a = 1;\nexport const b = ;\n",
    "test/ordinary.test.js": ORDINARY,
    "test/wild.test.mjs": WILD,
    "test/broken.test.mjs": "import '../broken.mjs';\n",
    "test/throws.test.js": "require('node:test')('never', () => {});\nthrow new Error('at load');\n",
    "test/leaves.test.js": "process.exit(0);\n",
    "test/plain.test.js": "require('node:assert').ok(true);\n",
}


def outcomes(report: SuiteReport) -> dict[str, Outcome]:
    assert not report.problem, report.problem
    return {case.id: case.outcome for case in report.cases}


def test_outcomes(node_bench: Callable[..., Bench]) -> None:
    bench = node_bench(FILES)
    report = bench.run_tests(RunRequest(case_limit_s=1.0, canaries=True), 300)
    found = outcomes(report)
    messages = {case.id: case.message for case in report.cases}
    assert {id: found.pop(id) for id in [*found] if "ordinary" in id} == {
        "test/ordinary.test.js::sum::adds: two": Outcome.PASSED,
        "test/ordinary.test.js::sum::is wrong": Outcome.FAILED,
        "test/ordinary.test.js::sum::is skipped": Outcome.SKIPPED,
        "test/ordinary.test.js::sum::is to do": Outcome.SKIPPED,
        "test/ordinary.test.js::has a part": Outcome.PASSED,
        "test/ordinary.test.js::has a part::the part": Outcome.PASSED,
        "test/ordinary.test.js::is called back": Outcome.PASSED,
    }
    assert {id.partition("::")[2]: found.pop(id) for id in [*found] if "wild" in id} == {
        "before": Outcome.PASSED,
        "loops": Outcome.TIMEOUT,
        "between": Outcome.PASSED,
        "exits": Outcome.ERROR,
        "is killed": Outcome.ERROR,
        "waits": Outcome.TIMEOUT,
        "is forgotten": Outcome.FAILED,
        "after": Outcome.PASSED,
    }
    assert "exit code 0" in messages["test/wild.test.mjs::exits"]
    assert found.pop("test/plain.test.js") is Outcome.PASSED
    failed = {"test/broken.test.mjs", "test/throws.test.js", "test/leaves.test.js"}
    assert {id for id, outcome in found.items() if outcome is Outcome.FAILED} == failed
    assert messages["test/broken.test.mjs"] == "broken.mjs:2: SyntaxError: Unexpected token ';'"
    assert messages["test/throws.test.js"] == "test/throws.test.js:2: Error: at load"
    assert report.canaries
    assert {canary.outcome for canary in report.canaries} == {Outcome.FAILED}
    assert {canary.id.partition("::")[0] for canary in report.canaries} == {path for path in FILES if "test/" in path}


def test_chosen_tests(node_bench: Callable[..., Bench]) -> None:
    bench = node_bench({path: text for path, text in FILES.items() if "wild" not in path})
    id = "test/ordinary.test.js::sum::adds: two"
    assert outcomes(bench.run_tests(RunRequest((id,)), 60)) == {id: Outcome.PASSED}
    file = outcomes(bench.run_tests(RunRequest(("test/plain.test.js",)), 60))
    assert file == {"test/plain.test.js": Outcome.PASSED}


def test_no_tests(node_bench: Callable[..., Bench]) -> None:
    report = node_bench({"package.json": "{}", "sum.js": ""}).run_tests(RunRequest(), 60)
    assert report.empty
    assert report.problem == "no tests were found"


def test_a_build_that_fails_is_named(node_bench: Callable[..., Bench]) -> None:
    files = {
        "package.json": '{"scripts": {"test": "node build.js && node --test"}}',
        "build.js": "console.log('src/a.ts(3,5): error TS1005: expected'); process.exit(2);",
        "a.test.js": "",
    }
    (case,) = node_bench(files).run_tests(RunRequest(canaries=True), 60).cases
    assert (case.id, case.outcome) == ("a.test.js", Outcome.FAILED)
    assert case.message == ("node build.js failed: src/a.ts(3,5): error TS1005: expected")
