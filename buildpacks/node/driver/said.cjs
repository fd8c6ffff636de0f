// What a process said, in a line: where a file cannot be loaded, and the end of its output.
'use strict';

const MAX_TAIL = 300;
const PLACE = /^(?:file:\/\/)?(\/[^\n:]+):(\d+)(?::\d+)?$/m;
const FRAME = /\(?(?:file:\/\/)?(\/[^\n:()]+):(\d+):\d+\)?$/gm;
const BABEL = /SyntaxError: (\/[^\n:]+): (.*?) ?\((\d+):\d+\)/;
const ERROR = /^(?:\w+ )?\w*(?:Error|Exception)\b.*$/m;

/** `src/sum.js:3: SyntaxError: Unexpected token`, from the text of the error or from the output that it ended with. */
exports.loadFailure = (text, output) => {
  const [, path, what, line] = BABEL.exec(text) ?? [];
  if (path && inTree(path)) return `${inTree(path)}:${line}: SyntaxError: ${what}`;
  const error = ERROR.exec(text)?.[0] ?? text.split('\n')[0];
  const syntax = error.startsWith('SyntaxError');
  const place = (syntax && (placeIn(text) ?? placeIn(output))) || frameIn(text) || requiredBy(text);
  return place ? `${place}: ${error}` : error;
};

/** Whether an output has an error in it. */
exports.hasError = (output) => ERROR.test(output);

/** The last line of an output that is not empty, after a colon. */
exports.tail = (output) => {
  const line = output.trimEnd().split('\n').at(-1)?.trim();
  return line ? `: ${line.slice(0, MAX_TAIL)}` : '';
};

/** Where Node points at in the source. */
function placeIn(text) {
  const found = PLACE.exec(text);
  return found && inTree(found[1]) && `${inTree(found[1])}:${found[2]}`;
}

/** The innermost frame that is in the tree. */
function frameIn(text) {
  for (const [, path, line] of text.matchAll(FRAME)) if (inTree(path)) return `${inTree(path)}:${line}`;
  return undefined;
}

/** The file that requires a module that is not there. */
function requiredBy(text) {
  return inTree(/Require stack:\n- (.*)/.exec(text)?.[1] ?? '') || inTree(/imported from (\/.*)/.exec(text)?.[1] ?? '');
}

/** The path in the tree; empty for one elsewhere. */
function inTree(path) {
  const root = `${process.cwd()}/`;
  return path.startsWith(root) && !path.includes('/node_modules/') ? path.slice(root.length) : '';
}
