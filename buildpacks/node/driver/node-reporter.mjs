// The reporter of node:test: it tells the driver each test's outcome by the names of its suites.
import { idOf } from './ids.cjs';

let note;
let file;
let used = false;
let begun;

/** Resolved once node:test has asked for the reports: from then on nobody else can. */
export const begins = new Promise((resolve) => {
  begun = resolve;
});

/** Where reports go, and the file of the tests. Only the first call counts. */
export function configure(to, of) {
  if (note) return;
  note = to;
  file = of;
}

export default async function* report(events) {
  if (used) return;
  used = true;
  begun();
  const names = [];
  for await (const { type, data } of events) {
    if (type === 'test:start') names.splice(data.nesting, names.length, data.name);
    if (type === 'test:pass' || type === 'test:fail') {
      names.splice(data.nesting, names.length, data.name);
      const outcome = outcomeOf(type, data);
      if (outcome) note({ id: idOf(file, names), outcome, seconds: (data.details?.duration_ms ?? 0) / 1000, message: messageOf(data) });
    }
    if (type === 'test:diagnostic' && data.message.startsWith('Error: ')) note({ complaint: data.message });
  }
  note({ ended: true });
}

/** The outcome of a test; of a suite only if it failed by itself. */
function outcomeOf(type, data) {
  const failure = data.details?.error?.failureType;
  if (data.details?.type === 'suite' && (type === 'test:pass' || failure === 'subtestsFailed')) return '';
  if (data.skip !== undefined && data.skip !== false) return 'skipped';
  if (data.todo !== undefined && data.todo !== false) return type === 'test:fail' ? 'xfailed' : 'skipped';
  return type === 'test:pass' ? 'passed' : 'failed';
}

function messageOf(data) {
  const error = data.details?.error;
  if (!error) return '';
  const cause = error.cause ?? error;
  const stack = typeof cause?.stack === 'string' ? cause.stack : '';
  const text = String(cause?.message ?? cause);
  return stack.includes(text) ? stack : `${text}\n${stack}`;
}
