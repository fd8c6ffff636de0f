import assert from 'node:assert/strict';
import { test } from 'node:test';

import { dueDate, format, isOverdue, parse } from '../src/index.js';

test('amounts have separators', async (t) => {
  for (const [cents, text] of [[0, '0.00'], [5, '0.05'], [123456, '1,234.56'], [-100, '-1.00']]) {
    await t.test(text, () => assert.equal(format(cents), text));
  }
});

test('what is written can be read', () => {
  assert.equal(parse(format(-987654321)), -987654321);
  assert.throws(() => parse('12'), RangeError);
});

test('a weekend counts as the Monday after it', () => {
  assert.deepEqual(dueDate(new Date('2024-05-31'), 8), new Date('2024-06-10'));
  assert.ok(!isOverdue(new Date('2024-05-31'), 8, new Date('2024-06-10')));
});
