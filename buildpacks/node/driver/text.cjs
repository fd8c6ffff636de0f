// An error as text: its stack, with its message if the stack has none.
'use strict';

/** The message and the stack. */
exports.textOf = (error) => {
  const text = String(error?.message ?? error);
  const stack = typeof error?.stack === 'string' ? error.stack : '';
  return stack.includes(text) ? stack : `${text}\n${stack}`;
};
