// The driver of a cold run: it starts the project's own test runner and writes signed results. It never loads a file of
// the tree itself.
'use strict';

const { spawnSync } = require('node:child_process');
const { existsSync, readFileSync, realpathSync, writeSync } = require('node:fs');

const { Limits } = require('./limits.cjs');
const { linkPackages } = require('./links.cjs');
const { Results } = require('./results.cjs');
const { tail } = require('./said.cjs');
const { Suite } = require('./suite.cjs');

const NO_TESTS = 9;
const FAILING = new Set(['failed', 'error', 'timeout']);

async function main() {
  const job = JSON.parse(readFileSync(0, 'utf8'));
  const results = new Results(job.key);
  delete job.key;
  const [environment, built] = process.argv.slice(2);
  linkPackages(realpathSync(existsSync(`${built}/package.json`) ? built : environment), process.cwd());
  const suite = new Suite(job, new Limits(job), prepare(job.command));
  await suite.run();
  process.exitCode = write(results, job, suite);
}

/** Run what the project's own test command does before the tests; what went wrong, else an empty text. */
function prepare({ prepare: commands, env }) {
  for (const command of commands) {
    const path = `${process.cwd()}/node_modules/.bin:${process.env.PATH}`;
    const done = spawnSync('sh', ['-c', command], { env: { ...process.env, ...env, PATH: path }, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    if (done.status !== 0) {
      const said = `${done.stdout}\n${done.stderr}`;
      const error = /^.*\berror\b.*$/im.exec(said)?.[0].trim() ?? tail(said).slice(2);
      return `${command} failed: ${error}`;
    }
  }
  return '';
}

/** Write the results that were asked for; the exit code that follows. */
function write(results, job, { files }) {
  const ids = new Set(job.ids);
  const isWanted = (id, file) => !ids.size || ids.has(id) || ids.has(file.id);
  const found = files.flatMap((file) => [...file.results].filter(([id]) => isWanted(id, file)));
  const canaries = found.length ? files.flatMap((file) => [...file.canaries]) : [];
  if (found.length) files.forEach((file) => file.expected.forEach((id) => results.canary(id)));
  const all = [...found, ...canaries];
  all.forEach(([id, result]) => results.case(id, result));
  const code = all.some(([, { outcome }]) => FAILING.has(outcome)) ? 1 : found.length ? 0 : NO_TESTS;
  results.end(code);
  return code;
}

main().catch((error) => {
  writeSync(2, `${error.stack ?? error}\n`);
  process.exitCode = 3;
});
