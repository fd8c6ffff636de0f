// The way out for what a runner reports: lines on descriptor 3 that begin with a token, which only the driver knows.
//
// The job, with the token in it, comes on standard input. Whoever takes the channel first has it: that is always a module
// of ours, before any code of the tree runs. All functions that it needs are kept from before that, too.
'use strict';

const { readFileSync, writeSync } = require('node:fs');
const { stringify, parse } = JSON;

const RESULTS = 3;
let taken = false;

/** The job, and the function that reports one thing. Only the first caller gets them. */
exports.take = () => {
  if (taken) throw new Error('the channel of results is taken');
  taken = true;
  const { token, ...job } = parse(readFileSync(0, 'utf8'));
  const note = (what) => {
    // Without a prototype no toJSON that the tree defines is called.
    const line = `${token} ${stringify({ __proto__: null, ...what })}\n`;
    writeSync(RESULTS, line);
  };
  return { job, note };
};
