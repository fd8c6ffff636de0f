"""What the Node.js buildpack says of itself, for the conformance kit."""

from __future__ import annotations

from buildpacks.conformance import Conformance
from buildpacks.results import Outcome

__all__ = ["CONFORMANCE"]

_SOURCE = """exports.least = (a, b) => {
  if (a > b) {
    return a;
  }
  return b;
};
"""
_TEST = """const { test, describe } = require('node:test');
const assert = require('node:assert');
const { least } = require('./least.js');
describe('the least', () => {
  test('is the first', () => assert.strictEqual(least(1, 2), 1));
  test('is the second', () => assert.strictEqual(least(3, 2), 2));
});
test('both are the same', () => assert.strictEqual(least(2, 2), 2));
test('later', { skip: true }, () => {});
"""
_ID = "least.test.js::"
_RUNS = "require('async_hooks').AsyncResource.prototype.runInAsyncScope"
_TAP = "ok 1 - both are the same\\n1..1\\n# pass 1\\n# fail 0\\n"


def _with(body: str, top: str = "") -> dict[str, str]:
    """The source with more in its function, and before it."""
    return {"least.js": top + _SOURCE.replace("=> {\n", f"=> {{\n  {body}\n", 1)}


CONFORMANCE = Conformance(
    files={"package.json": '{"scripts": {"test": "node --test"}}\n', "least.js": _SOURCE, "least.test.js": _TEST},
    cases={
        f"{_ID}the least::is the first": Outcome.FAILED,
        f"{_ID}the least::is the second": Outcome.FAILED,
        f"{_ID}both are the same": Outcome.PASSED,
        f"{_ID}later": Outcome.SKIPPED,
    },
    repair={"least.js": _SOURCE.replace("a > b", "a < b")},
    hang=_with("while (a === b) {}"),
    hanging=f"{_ID}both are the same",
    crash=_with("if (a === b) process.exit(3);"),
    broken={"least.js": _SOURCE.replace("(a > b)", "(a > b")},
    complaint="least.js:2",
    empty={"package.json": '{"scripts": {"test": "node --test"}}\n', "least.js": _SOURCE},
    test_file="least.test.js",
    forgeries={
        "it prints TAP and exits": _with("process.exit(0);", f"process.stdout.write('{_TAP}');\n"),
        "it exits": _with("process.exit(0);"),
        "it exits at load": _with("", "process.exit(0);\n"),
        "it sets the exit code": _with("", "process.on('exit', () => { process.exitCode = 0; });\n"),
        "it replaces an assertion": _with("", "require('node:assert').strictEqual = () => {};\n"),
        "it replaces what runs tests": _with("", f"{_RUNS} = () => {{}};\n"),
        "it kills its parent": _with("process.kill(process.ppid, 'SIGKILL');"),
    },
)
