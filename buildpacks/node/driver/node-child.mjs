// One file of tests under node:test, in a process of its own: it runs the file as `node FILE` would, and reports.
import { AsyncResource } from 'node:async_hooks';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { canaries } from './canaries.cjs';
import channel from './channel.cjs';
import { idOf } from './ids.cjs';
import { begins, configure } from './node-reporter.mjs';

const { job, note } = channel.take();
const { files: [file], only, except, canary, bare } = job;
const path = resolve(file);
const required = createRequire(import.meta.url)('node:assert');

configure(note, file);
// From here on node:test has its reporter, so no code of the tree can stand between them.
before(() => {});
await begins;
follow();
process.argv.splice(1, process.argv.length, path);
try {
  if (!bare) await import(pathToFileURL(path));
} catch (error) {
  note({ load: textOf(error) });
  process.removeAllListeners('uncaughtException');
  setImmediate(() => {
    throw error; // Node says where a syntax error is only when it ends of it
  });
}
if (canary) addCanaries();
note({ loaded: true });

/** Tell the driver which test runs, and leave out those that it does not want: every test is an AsyncResource. */
function follow() {
  const original = AsyncResource.prototype.runInAsyncScope;
  AsyncResource.prototype.runInAsyncScope = function run(called, ...given) {
    if (this.constructor.name !== 'Test' || !this.parent || called !== this.fn) return original.call(this, called, ...given);
    const names = namesOf(this);
    const id = idOf(file, names);
    if (!isWanted(names, id) && names[0] !== canary) {
      this.skip();
      if (given.length > 2) given.at(-1)?.(); // the callback that it would call at its end
      return undefined;
    }
    note({ run: id });
    const result = original.call(this, called, ...given);
    if (typeof result?.then !== 'function' && called.length < 2) note({ done: id });
    return result;
  };
}

function namesOf(one) {
  const names = [];
  for (let at = one; at?.parent; at = at.parent) names.unshift(at.name);
  return names;
}

/** Whether a test is among those to run; what is inside of one belongs to it. */
function isWanted(names, id) {
  const within = (ids) => names.some((_, place) => ids.includes(idOf(file, names.slice(0, place + 1))));
  const around = (ids) => ids.some((other) => other.startsWith(`${id}::`));
  return only.length ? within(only) || around(only) : !within(except);
}

function addCanaries() {
  describe(canary, () => {
    for (const [name, body] of Object.entries(canaries(required))) test(name, body);
  });
}

function textOf(error) {
  const text = String(error?.message ?? error);
  return error?.stack?.includes(text) ? error.stack : `${text}\n${error?.stack ?? ''}`;
}
