// Writes the files of the neutral project, which come as one JSON object, into a folder.
'use strict';

const { mkdirSync, readFileSync, writeFileSync } = require('node:fs');
const { dirname, join } = require('node:path');

const [from, into] = process.argv.slice(2);
for (const [path, content] of Object.entries(JSON.parse(readFileSync(from, 'utf8')))) {
  mkdirSync(dirname(join(into, path)), { recursive: true });
  writeFileSync(join(into, path), JSON.stringify(content));
}
