// The reporter of vitest, for its interface up to version 3 (tasks) and that of version 3 and later (modules).
import { createRequire } from 'node:module';
import { relative } from 'node:path';

import { idOf } from './ids.cjs';

const note = createRequire(import.meta.url)('./vitest.cjs').note();
const OUTCOMES = { pass: 'passed', passed: 'passed', fail: 'failed', failed: 'failed', skip: 'skipped', skipped: 'skipped', todo: 'skipped' };
let told = false;

export default class Reporter {
  onTestCaseReady(test) {
    note({ run: idOf(pathOf(test.module.moduleId), namesOf(test)) });
  }

  onTestRunEnd(modules, errors) {
    told = true;
    for (const module of modules) {
      const file = pathOf(module.moduleId);
      note({ file });
      for (const test of module.children.allTests()) {
        const { state, errors: wrong } = test.result();
        report(file, namesOf(test), state, test.diagnostic()?.duration, wrong?.[0]);
      }
      const broken = module.errors();
      if (broken.length) note({ file, load: textOf(broken[0]) });
    }
    finish(errors);
  }

  onFinished(files, errors) {
    if (told) return;
    for (const one of files) {
      const file = pathOf(one.filepath);
      note({ file });
      tell(file, one.tasks, []);
      if (one.result?.errors?.length) note({ file, load: textOf(one.result.errors[0]) });
    }
    finish(errors);
  }
}

function tell(file, tasks, names) {
  for (const task of tasks) {
    const own = [...names, task.name];
    if (task.type === 'suite') tell(file, task.tasks, own);
    else report(file, own, task.result?.state ?? task.mode, task.result?.duration, task.result?.errors?.[0]);
  }
}

function report(file, names, state, duration, error) {
  const message = error ? textOf(error) : '';
  note({ file, names, id: idOf(file, names), outcome: OUTCOMES[state] ?? 'error', seconds: (duration ?? 0) / 1000, message });
}

function finish(errors = []) {
  if (errors.length) note({ complaint: textOf(errors[0]) });
  note({ ended: true });
}

function namesOf(test) {
  const names = [];
  for (let at = test; at && at.type !== 'module'; at = at.parent) names.unshift(at.name);
  return names;
}

const pathOf = (path) => relative(process.cwd(), path);
const textOf = (error) => `${error.name ?? 'Error'}: ${error.message}\n${error.stack ?? ''}`;
