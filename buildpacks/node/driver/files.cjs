// Which files are tests, where the runner does not say so itself.
'use strict';

const { readdirSync, statSync } = require('node:fs');
const { join, normalize, relative } = require('node:path');

const NOT_SEARCHED = new Set(['node_modules', '.git']);
const SUFFIX = process.features.typescript ? '[cm]?[jt]s' : '[cm]?js';
// What `node --test` looks for (see "Running tests from the command line" in Node's documentation).
const NODE = [`(^|/)test\\.${SUFFIX}$`, `(^|/)test-[^/]+\\.${SUFFIX}$`, `[^/]+[._-]test\\.${SUFFIX}$`, `(^|/)test/.+\\.${SUFFIX}$`];

/** The files that `node --test` runs for these arguments, sorted. */
exports.nodeFiles = (given) => {
  const isTest = (path) => NODE.some((pattern) => new RegExp(pattern).test(path)) && !path.endsWith('.d.ts');
  return given.length ? matching(given, isTest) : walk('.').filter(isTest);
};

/** The files that mocha runs for these arguments, sorted. */
exports.mochaFiles = (given, extensions) => {
  const isTest = (path) => extensions.some((extension) => path.endsWith(`.${extension}`));
  const wanted = given.length ? given : ['./test.{js,cjs,mjs}', './test/*.{js,cjs,mjs}'];
  return matching(wanted, isTest, { deep: false });
};

function matching(given, isTest, { deep = true } = {}) {
  const found = new Set();
  let all;
  for (const argument of given) {
    const path = normalize(argument).replace(/\/$/, '');
    const kind = statSync(path, { throwIfNoEntry: false });
    if (kind?.isFile()) found.add(path);
    else if (kind?.isDirectory()) {
      const inside = walk(path).filter((file) => deep || !relative(path, file).includes('/'));
      inside.filter(isTest).forEach((file) => found.add(file));
    } else {
      all ??= walk('.');
      const pattern = globbed(path);
      all.filter((file) => pattern.test(file)).forEach((file) => found.add(file));
    }
  }
  return [...found].sort();
}

function walk(folder) {
  const found = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !NOT_SEARCHED.has(entry.name)) found.push(...walk(path));
    else if (entry.isFile()) found.push(path);
  }
  return found.sort();
}

/** A pattern of files as a regular expression: **, *, ?, [...], {a,b} and the (a|b) forms of extglob. */
function globbed(glob) {
  let depth = 0;
  const text = glob.replace(/\*\*\/|\*\*|[?*+@!]\(|\*|\?|\[[^\]]*\]|[{},()|]|[.+^$\\]/g, (part) => {
    if (part === '**/') return '(?:.*/)?';
    if (part === '**') return '.*';
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    if (part.startsWith('[')) return part.replace('[!', '[^');
    if (part === '{' || part.length === 2) {
      depth += 1;
      return '(?:';
    }
    if (part === ',') return depth ? '|' : ',';
    if (part === '|') return '|';
    if (part === '}' || part === ')') {
      depth -= 1;
      return ')';
    }
    return `\\${part}`;
  });
  return new RegExp(`^${text}$`);
}
