// One process of mocha, and its reporter: mocha loads this module a second time by its name, and gets the same one.
'use strict';

const { join, relative } = require('node:path');

const { canaries } = require('./canaries.cjs');
const { take } = require('./channel.cjs');
const { idOf } = require('./ids.cjs');
const { pattern } = require('./pattern.cjs');
const { textOf } = require('./text.cjs');

const { job, note } = take();
const assert = require('node:assert');

class Reporter {
  constructor(runner) {
    if (job.canary) addCanaries(runner.suite);
    const left = new Map();
    const noted = (test, outcome, error) => {
      left.delete(test);
      note({ id: idOfTest(test), outcome, seconds: (test.duration ?? 0) / 1000, message: error ? textOf(error) : '' });
    };
    let broken = '';
    runner.suite.eachTest((test) => left.set(test, idOfTest(test)));
    runner.on('test', (test) => note({ run: idOfTest(test) }));
    runner.on('pass', (test) => noted(test, 'passed'));
    runner.on('pending', (test) => noted(test, 'skipped'));
    runner.on('fail', (test, error) => {
      if (test.type === 'test') noted(test, 'failed', error);
      else broken = `${test.title}: ${textOf(error)}`;
    });
    runner.on('end', () => {
      // Where a hook fails, mocha leaves out the tests that need it.
      const wanted = new RegExp(pattern(job));
      for (const [test, id] of left) {
        if (wanted.test(test.fullTitle())) note({ id, outcome: 'error', seconds: 0, message: broken || 'it did not run' });
      }
      note({ ended: true });
    });
  }
}

function idOfTest(test) {
  return idOf(test.file ? relative(process.cwd(), test.file) : (job.files[0] ?? ''), titlesOf(test));
}

/** The titles of the suites around a test and its own, the outermost first; mocha says so itself from version 4 on. */
function titlesOf(test) {
  return [...(test.parent && !test.parent.root ? titlesOf(test.parent) : []), test.title];
}

function addCanaries(root) {
  const { Suite, Test } = require(job.at);
  const suite = Suite.create(root, job.canary);
  for (const [name, body] of Object.entries(canaries(assert))) suite.addTest(new Test(name, body));
}

module.exports = Reporter;

if (require.main === module) {
  const chosen = job.only.length || job.except.length ? ['--grep', pattern(job)] : [];
  const files = job.bare ? [join(__dirname, 'nothing.cjs')] : job.files;
  process.argv.splice(1, process.argv.length, join(job.at, 'bin', '_mocha'), ...job.arguments, ...chosen, '--reporter', __filename, ...files);
  process.on('uncaughtExceptionMonitor', (error) => note({ load: textOf(error) }));
  require(process.argv[1]);
}
