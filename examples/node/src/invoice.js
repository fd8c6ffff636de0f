import { format, share } from './money.js';

const DISCOUNTS = [
  { from: 100, percent: 10 },
  { from: 10, percent: 5 },
];

/** What a customer buys: amounts of goods, each with its price and its rate of tax. */
export class Invoice {
  #lines = [];

  add(name, cents, amount = 1, taxPercent = 20) {
    if (amount <= 0) throw new RangeError(`${name}: the amount must be positive`);
    this.#lines.push({ name, cents, amount, taxPercent });
    return this;
  }

  /** The sum of all lines, with discounts and without tax. */
  get net() {
    return this.#lines.reduce((sum, line) => sum + net(line), 0);
  }

  /** The tax by its rate in percent. */
  get taxes() {
    const taxes = new Map();
    for (const line of this.#lines) {
      const before = taxes.get(line.taxPercent) ?? 0;
      taxes.set(line.taxPercent, before + share(net(line), line.taxPercent));
    }
    return taxes;
  }

  get total() {
    return [...this.taxes.values()].reduce((sum, tax) => sum + tax, this.net);
  }

  toString() {
    const lines = this.#lines.map((line) => `${line.amount} x ${line.name}: ${format(net(line))}`);
    return [...lines, `total: ${format(this.total)}`].join('\n');
  }
}

/** One line after its discount, which depends on how many are bought. */
function net({ cents, amount }) {
  const discount = DISCOUNTS.find(({ from }) => amount > from);
  const gross = cents * amount;
  return gross - (discount ? share(gross, discount.percent) : 0);
}
