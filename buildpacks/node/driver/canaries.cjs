// Tests that must fail: if one passes or does not report, what the other tests report cannot be trusted either.
'use strict';

/** By name, what each canary does; `assert` and `expect` are the ones that the tests use, or undefined. */
exports.canaries = (assert, expect) => {
  const found = {
    throw: () => {
      throw new Error('a canary');
    },
  };
  for (const [prefix, one] of Object.entries({ assert, strict: assert?.strict })) {
    if (!one) continue;
    Object.assign(found, {
      [`${prefix}`]: () => one(false),
      [`${prefix}.ok`]: () => one.ok(0),
      [`${prefix}.equal`]: () => one.equal(1, 2),
      [`${prefix}.strictEqual`]: () => one.strictEqual(1, 2),
      [`${prefix}.notStrictEqual`]: () => one.notStrictEqual(1, 1),
      [`${prefix}.deepEqual`]: () => one.deepEqual([1, 'a'], [1, 'b']),
      [`${prefix}.deepStrictEqual`]: () => one.deepStrictEqual({ a: 1 }, { a: 2 }),
      [`${prefix}.match`]: () => one.match('a', /b/),
      [`${prefix}.throws`]: () => one.throws(() => {}),
      [`${prefix}.rejects`]: () => one.rejects(Promise.resolve(1)),
      [`${prefix}.fail`]: () => one.fail('a canary'),
    });
  }
  if (expect) {
    Object.assign(found, {
      'expect.toBe': () => expect(1).toBe(2),
      'expect.toEqual': () => expect([1, 'a']).toEqual([1, 'b']),
      'expect.toStrictEqual': () => expect({ a: 1 }).toStrictEqual({ a: 2 }),
      'expect.toThrow': () => expect(() => {}).toThrow(),
      'expect.toBeTruthy': () => expect(0).toBeTruthy(),
      'expect.toMatch': () => expect('a').toMatch(/b/),
      'expect.not': () => expect(1).not.toBe(1),
    });
  }
  return found;
};
