// One process of jest, and its reporter: jest loads this module a second time by its name, and gets the same one.
'use strict';

const { join, relative } = require('node:path');

const { take } = require('./channel.cjs');
const { idOf } = require('./ids.cjs');
const { pattern } = require('./pattern.cjs');

const { job, note } = take();
const OUTCOMES = { passed: 'passed', failed: 'failed', pending: 'skipped', skipped: 'skipped', todo: 'skipped', disabled: 'skipped' };

class Reporter {
  onTestFileStart(test) {
    note({ file: relative(process.cwd(), test.path) });
  }

  onTestCaseStart(test, { ancestorTitles, title }) {
    note({ run: idOf(relative(process.cwd(), test.path), [...ancestorTitles, title]) });
  }

  onTestResult(test, result) {
    const file = relative(process.cwd(), test.path);
    if (result.testExecError || (!result.testResults.length && result.failureMessage)) {
      note({ file, load: result.testExecError?.stack ?? result.testExecError?.message ?? result.failureMessage });
    }
    for (const { ancestorTitles, title, status, duration, failureMessages } of result.testResults) {
      const names = [...ancestorTitles, title];
      note({ file, names, id: idOf(file, names), outcome: OUTCOMES[status] ?? 'error', seconds: (duration ?? 0) / 1000, message: failureMessages.join('\n') });
    }
  }

  onRunComplete() {
    note({ ended: true });
  }

  getLastError() {}
}

module.exports = Reporter;

if (require.main === module) {
  const chosen = job.only.length || job.except.length ? [`--testNamePattern=${pattern(job)}`] : [];
  const files = job.files.length ? ['--runTestsByPath', ...job.files] : [];
  const own = [`--reporters=${__filename}`, '--ci', '--colors=false', '--watchman=false', '--coverage=false', '--maxWorkers=2', '--cacheDirectory=/tmp/jest'];
  process.argv.splice(1, process.argv.length, join(job.at, 'bin', 'jest.js'), ...job.arguments, ...chosen, ...own, ...files);
  require(process.argv[1]);
}
