// All files of tests: with node:test each in a process of its own, with other runners together as long as that works.
'use strict';

const { spawnSync } = require('node:child_process');
const { availableParallelism } = require('node:os');
const { join, relative } = require('node:path');

const { mochaFiles, nodeFiles } = require('./files.cjs');
const { File } = require('./file.cjs');
const { partsOf } = require('./ids.cjs');
const runners = require('./runners.cjs');

const PARALLEL = 2;

class Suite {
  /** `broken` is why no test can run, if the preparation of the tests failed. */
  constructor(job, limits, broken) {
    this.job = job;
    this.broken = broken;
    this.files = [];
    this.wanted = new Set(job.ids.map((id) => partsOf(id)[0]));
    this.context = {
      start: runners[job.command.runner](job, limits),
      limits,
      expects: job.command.runner === 'jest' || job.command.runner === 'vitest' ? { expect: () => {} } : {},
    };
  }

  async run() {
    const { runner } = this.job.command;
    if (runner !== 'node' && !this.broken && (await this.together())) return;
    this.files = this.listed().map((file) => this.file(file));
    await this.each((file) => (this.broken ? this.failed(file) : file.all()));
  }

  async failed(file) {
    file.fail(this.broken);
    if (file.canary) await file.bare();
  }

  /** All files in one process; whether it came to its end. */
  async together() {
    const named = this.wanted.size ? this.listed() : this.job.command.files;
    const ended = await this.context.start(named, { only: [], except: [], canary: '' });
    const parts = new Map();
    for (const one of ended.notes) {
      const file = one.file ?? partsOf(one.id ?? one.run ?? '')[0];
      if (file) parts.set(file, [...(parts.get(file) ?? []), one]);
    }
    const lost = ended.notes.some((one) => one.load && !one.file);
    if (ended.forged || lost || !ended.notes.some((one) => one.ended)) return false;
    const complaint = ended.notes.find((one) => one.complaint);
    for (const [name, notes] of parts) {
      const file = this.file(name);
      file.take({ notes });
      // The exit code of the process is about all files: each is judged by its own notes.
      file.isOver({ ...ended, notes: [...notes, { ended: true }], code: 0 });
      if (complaint) file.fail(complaint.complaint);
      this.files.push(file);
    }
    if (this.job.canaries) await this.each((file) => file.guarded(this.job.command.runner === 'mocha'));
    return true;
  }

  file(name) {
    return new File(name, this.context, this.job.canaries);
  }

  async each(action) {
    const left = [...this.files];
    const work = async () => {
      for (let file = left.shift(); file; file = left.shift()) await action(file);
    };
    await Promise.all(Array.from({ length: Math.min(PARALLEL, availableParallelism()) }, work));
  }

  /** The files of tests that the command names, or else those that the runner would find. */
  listed() {
    const { runner, arguments: given, files, extensions } = this.job.command;
    if (this.wanted.size) return [...this.wanted].sort();
    if (runner === 'node') return nodeFiles(given);
    return runner === 'mocha' ? mochaFiles(files, extensions) : listed(this.job.command);
  }
}

/** The files that jest or vitest lists. */
function listed({ runner, arguments: given, node, env }) {
  const at = runners.packageAt(runner);
  const [main, options] = runner === 'jest' ? ['bin/jest.js', ['--listTests']] : ['vitest.mjs', ['list', '--filesOnly']];
  const done = spawnSync(process.execPath, [...node, join(at, main), ...options, ...given], { env: { ...process.env, ...env }, encoding: 'utf8' });
  const paths = done.stdout.split('\n').filter((line) => /\.\w+$/.test(line));
  return paths.map((path) => relative(process.cwd(), path)).sort();
}

module.exports = { Suite };
