import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { Invoice } from '../src/index.js';

describe('an invoice', () => {
  it('is empty at first', () => {
    assert.equal(new Invoice().total, 0);
  });

  it('adds tax to what is bought', () => {
    assert.equal(new Invoice().add('pen', 250, 4).total, 1200);
  });

  it('keeps the rates of tax apart', () => {
    const invoice = new Invoice().add('pen', 250, 4).add('book', 1000, 2, 7);
    assert.deepEqual([...invoice.taxes], [[20, 200], [7, 140]]);
  });

  it('refuses an amount of nothing', () => {
    assert.throws(() => new Invoice().add('pen', 250, 0), RangeError);
  });
});

describe('a discount', () => {
  it('begins with ten of a kind', () => {
    assert.equal(new Invoice().add('pen', 200, 10).net, 1900);
  });

  it('is higher from a hundred on', () => {
    assert.equal(new Invoice().add('pen', 200, 100).net, 18000);
  });

  it('is not given for nine', () => {
    assert.equal(new Invoice().add('pen', 200, 9).net, 1800);
  });
});
