/** An amount of cents as text: 123456 is "1,234.56". */
export function format(cents) {
  const sign = cents < 0 ? '-' : '';
  const digits = String(Math.abs(cents)).padStart(3, '0');
  const whole = digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ',');
  return `${sign}${whole}.${digits.slice(-2)}`;
}

/** The cents of an amount as `format` writes it. */
export function parse(text) {
  const match = /^(-?)([\d,]+)\.(\d{2})$/.exec(text.trim());
  if (!match) throw new RangeError(`not an amount: ${text}`);
  const cents = Number(match[2].replaceAll(',', '')) * 100 + Number(match[3]);
  return match[1] ? -cents : cents;
}

/** A share of an amount in percent, rounded half up to a cent. */
export function share(cents, percent) {
  return Math.floor((cents * percent) / 100 + 0.5);
}
