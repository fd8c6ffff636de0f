// Runs the install scripts of packages, without the network, in a copy of all packages; without scripts nothing is copied.
'use strict';

const { spawnSync } = require('node:child_process');
const { cpSync, existsSync, readFileSync } = require('node:fs');
const { join } = require('node:path');

const [from, into, ...npm] = process.argv.slice(2);
const installed = join(from, 'node_modules', '.package-lock.json');
const packages = existsSync(installed) ? JSON.parse(readFileSync(installed, 'utf8')).packages : {};
if (Object.values(packages).some((one) => one.hasInstallScript)) {
  cpSync(from, into, { recursive: true, verbatimSymlinks: true });
  const env = { ...process.env, npm_config_cache: '/tmp/npm', npm_config_offline: 'true', npm_config_update_notifier: 'false' };
  const done = spawnSync(npm[0], [...npm.slice(1), 'rebuild', '--prefix', into], { cwd: into, env, stdio: 'inherit' });
  process.exitCode = done.status ?? 1;
}
