// The results of a cold run: signed lines on the driver's own standard output (see `buildpacks/result_lines.py`).
'use strict';

const { createHmac } = require('node:crypto');
const { writeSync } = require('node:fs');

const MAX_MESSAGE = 2000;

class Results {
  #key;
  #number = 0n;

  constructor(key) {
    this.#key = Buffer.from(key, 'hex');
  }

  canary(id) {
    this.#write({ canary: id });
  }

  case(id, { outcome, seconds = 0, message = '' }) {
    this.#write({ case: id, outcome, duration_s: seconds, message: String(message).slice(0, MAX_MESSAGE) });
  }

  end(code) {
    this.#write({ end: code });
  }

  #write(result) {
    const number = Buffer.alloc(8);
    number.writeBigUInt64BE(this.#number++);
    const data = Buffer.from(JSON.stringify(result));
    const mac = createHmac('sha256', this.#key).update(number).update(data).digest('hex');
    let line = Buffer.concat([Buffer.from(`${mac} `), data, Buffer.from('\n')]);
    while (line.length) line = line.subarray(written(line));
  }
}

/** How much was written: a full pipe that does not block is tried again. */
function written(line) {
  try {
    return writeSync(1, line);
  } catch (error) {
    if (error.code !== 'EAGAIN') throw error;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    return 0;
  }
}

module.exports = { Results };
