// The runtimes of __test__/runtimes/package.json, whose npm packages bring their binaries (for Linux on x64, with glibc).

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { root } from './platforms.js';

const folder = join(root, '__test__', 'runtimes');
const modules = join(folder, 'node_modules');

/**
 * @typedef {object} Runtime
 * @property {string} name
 * @property {string} binary
 * @property {string[]} flags what goes before the file that it runs
 * @property {boolean} isNode
 */

/** @type {Runtime[]} */
const installed = [
  ...['20', '22', '24', '26'].map((major) => ({
    name: `node-${major}`,
    binary: join(modules, `node-${major}`, 'bin', 'node'),
    flags: [],
    isNode: true,
  })),
  { name: 'bun', binary: join(modules, '@oven', 'bun-linux-x64', 'bin', 'bun'), flags: ['run'], isNode: false },
  { name: 'deno', binary: join(modules, '@deno', 'linux-x64-glibc', 'deno'), flags: ['run', '-A'], isNode: false },
];

/** The Node that runs this script. @type {Runtime} */
export const running = { name: 'running', binary: process.execPath, flags: [], isNode: true };

/**
 * The runtimes with these names, or all but the running one; installed when they must be.
 * @param {readonly string[]} names
 */
export function runtimes(names) {
  const wanted = names.length === 0 ? installed : names.map(find);
  if (wanted.some((runtime) => runtime !== running)) install();
  return wanted;
}

/** @param {string} name */
function find(name) {
  const found = [running, ...installed].find((runtime) => runtime.name === name);
  if (found !== undefined) return found;
  const known = installed.map((runtime) => runtime.name).join(', ');
  console.error(`no runtime '${name}': it is one of ${known}, running`);
  process.exit(1);
}

function install() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    console.error('the runtimes are packages for Linux on x64; on this machine only `running` works');
    process.exit(1);
  }
  const lock = join(folder, 'package-lock.json');
  const mark = join(modules, '.package-lock.json');
  if (existsSync(mark) && statSync(mark).mtimeMs >= statSync(lock).mtimeMs) return;
  // No links to binaries: four packages have one called node.
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-bin-links', '--no-audit', '--no-fund'], {
    cwd: folder,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}

/** The environment for a Node, in which `node` is that one too. @param {Runtime} runtime */
export function environmentOf({ binary }) {
  return { ...process.env, PATH: `${dirname(binary)}${delimiter}${process.env.PATH}` };
}

/** @param {Runtime} runtime */
export function versionOf({ binary }) {
  return /\d+\.\d+\.\d+/.exec(execFileSync(binary, ['--version'], { encoding: 'utf8' }))?.[0] ?? 'unknown';
}

/**
 * @typedef {object} Ended
 * @property {number | null} code
 * @property {NodeJS.Signals | null} signal
 * @property {string} stdout
 * @property {string} stderr
 * @property {boolean} late whether it had to be ended
 * @property {number} ms how long it took
 */

/**
 * Runs a file on a runtime to its end.
 * @param {Runtime} runtime
 * @param {string} file
 * @param {{ args?: string[], timeoutMs: number }} options
 * @returns {Promise<Ended>}
 */
export async function run({ binary, flags }, file, { args = [], timeoutMs }) {
  const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...env } = process.env;
  const start = performance.now();
  const child = spawn(binary, [...flags, file, ...args], {
    cwd: root,
    env: { ...env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr, late] = ['', '', false];
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, timeoutMs);
  const [code, signal] = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve([code, signal]));
  });
  clearTimeout(timer);
  return { code, signal, stdout, stderr, late, ms: performance.now() - start };
}
