// Puts the packages where Node looks for them: a folder of links in the tree, as every workspace has its own copy of it.
'use strict';

const { existsSync, lstatSync, mkdirSync, readdirSync, readlinkSync, statSync, symlinkSync } = require('node:fs');
const { dirname, join, relative, resolve } = require('node:path');

/** Link the packages of the neutral project at `from` into the tree: those of the project and of each workspace. */
exports.linkPackages = (from, tree) => {
  for (const folder of ['', ...workspaces(from)]) {
    const packages = join(from, folder, 'node_modules');
    if (!existsSync(packages) || !existsSync(join(tree, folder))) continue;
    const into = join(tree, folder, 'node_modules');
    for (const name of readdirSync(packages)) {
      if (!name.startsWith('@')) link(join(packages, name), join(into, name), from, tree);
      else for (const inner of readdirSync(join(packages, name))) link(join(packages, name, inner), join(into, name, inner), from, tree);
    }
  }
};

/** The folders of the neutral project that stand for workspaces. */
function workspaces(from) {
  const file = join(from, 'package.json');
  return existsSync(file) ? (require(file).workspaces ?? []) : [];
}

/** One link; a package of the project itself is linked to where the tree has it. */
function link(source, target, from, tree) {
  if (lstatSync(target, { throwIfNoEntry: false })) return; // the tree has it
  let to = source;
  if (lstatSync(source).isSymbolicLink()) {
    const inside = relative(from, resolve(dirname(source), readlinkSync(source)));
    if (!inside.startsWith('..') && !inside.includes('node_modules')) to = join(tree, inside);
  }
  if (!statSync(to, { throwIfNoEntry: false })) return;
  mkdirSync(dirname(target), { recursive: true });
  symlinkSync(to, target);
}
