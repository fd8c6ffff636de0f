// The tests that a runner is to run, as the regular expression of full names that its option takes.
'use strict';

const { partsOf } = require('./ids.cjs');

/** A pattern of the ids `only`, or of all but those in `except`. */
exports.pattern = ({ only, except }) => {
  const names = (ids) => ids.map((id) => partsOf(id).slice(1).join(' ').replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')).join('|');
  if (only.length) return `^(?:${names(only)})$`;
  return except.length ? `^(?!(?:${names(except)})$)` : '';
};
