// One process of vitest, whose reporter is a module that vitest loads in its own way: the channel is handed to it.
'use strict';

const { join } = require('node:path');
const { pathToFileURL } = require('node:url');

const { take } = require('./channel.cjs');
const { pattern } = require('./pattern.cjs');

const { job, note } = take();
let given = false;

/** The function that reports, for the first caller. */
exports.note = () => {
  if (given) throw new Error('the channel of results is taken');
  given = true;
  return note;
};

if (require.main === module) {
  const chosen = job.only.length || job.except.length ? [`--testNamePattern=${pattern(job)}`] : [];
  const own = ['run', `--reporter=${join(__dirname, 'vitest-reporter.mjs')}`, '--coverage.enabled=false', '--cache=false', '--watch=false'];
  process.argv.splice(1, process.argv.length, join(job.at, 'vitest.mjs'), ...own, ...job.arguments, ...chosen, ...job.files);
  import(pathToFileURL(process.argv[1]));
}
