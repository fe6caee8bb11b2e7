// What tests share: bounded waits, barriers in shared memory, and child processes.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { pool } from '../index.js';
import { native } from '../lib/native.js';

export { arrivals, arrive, newCell, open } from './fixtures/barrier.js';

/** The URL of the package, for code of child processes. */
export const INDEX = new URL('../index.js', import.meta.url).href;

/** @param {string} name */
export const fixture = (name) => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));

/** The URL of a fixture, for code of child processes. @param {string} name */
export const fixtureUrl = (name) => new URL(`./fixtures/${name}`, import.meta.url).href;

const WAIT_MS = 20_000;

/**
 * Resolves once the condition holds; rejects when it does not within the bound.
 * @param {() => unknown} condition
 * @param {{ timeout?: number }} [options]
 */
export async function until(condition, { timeout = WAIT_MS } = {}) {
  const end = Date.now() + timeout;
  while (!(await condition())) {
    assert.ok(Date.now() < end, `not within ${timeout} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/**
 * What the promise settles with; rejects when it does not settle within the bound.
 * @template T
 * @param {Promise<T>} promise
 * @param {number} [timeout]
 * @returns {Promise<T>}
 */
export async function within(promise, timeout = WAIT_MS) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`still pending after ${timeout} ms`)), timeout);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The reason that a promise rejects with; fails when it resolves.
 * @param {Promise<unknown>} promise
 * @param {number} [timeout]
 */
export async function rejection(promise, timeout) {
  try {
    await within(promise, timeout);
  } catch (reason) {
    return reason;
  }
  assert.fail('resolved, though it had to reject');
}

/** Waits until nothing runs and nothing waits in the pool of this test file. */
export async function poolIdle() {
  await until(() => pool.idle);
  assert.equal(pool.activeCount, 0);
  assert.equal(pool.queueLength, 0);
}

/** How many agents live: this thread, and every thread of nanolith that has not ended. */
export const living = () => native.livingAgents();

/** The agent of the test file's own thread: the first that opened in this process. */
const ROOT = 1;

/** Waits until no threads are left but those that wait for work: idle warm ones and spares. */
export async function threadsGone() {
  await until(() => living() <= 1 + native.poolCounts(ROOT).ready);
}

/**
 * Runs Node in a child process to its end.
 * @param {string | { file: string }} what code of an ES module, or a file
 * @param {{ flags?: string[], args?: string[], env?: Record<string, string | undefined>, timeout?: number,
 *           input?: boolean, cwd?: string }} [options] `input`: the code goes to `--input-type=module -e`, not to a file
 */
export async function runNode(what, { flags = [], args = [], env = {}, timeout = 30_000, input = false, cwd } = {}) {
  const entry = typeof what === 'string' ? (input ? ['--input-type=module', '-e', what] : [write(what)]) : [what.file];
  const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...inherited } = process.env;
  const child = spawn(process.execPath, [...flags, ...entry, ...args], {
    cwd,
    env: { ...inherited, ...env },
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
  }, timeout);
  const [code, signal] = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve([code, signal]));
  });
  clearTimeout(timer);
  assert.ok(!late, `the child process had not ended after ${timeout} ms\n${stdout}\n${stderr}`);
  return { code, signal, stdout, stderr };
}

/**
 * Runs code that must end by itself with exit code 0, and returns what it wrote.
 * @param {Parameters<typeof runNode>} params
 */
export async function runWell(...params) {
  const { code, signal, stdout, stderr } = await runNode(...params);
  assert.deepEqual({ code, signal, stderr }, { code: 0, signal: null, stderr: '' }, stdout);
  return stdout;
}

/** @type {string | undefined} */
let folder;
let files = 0;

/**
 * Writes a file that is gone after the tests.
 * @param {string} text
 * @param {string} [name]
 */
export function write(text, name) {
  if (folder === undefined) {
    const made = mkdtempSync(join(tmpdir(), 'nanolith-'));
    folder = made;
    // Not `after` of the test runner: that may belong to a suite, whose end is not the file's.
    process.once('exit', () => rmSync(made, { recursive: true, force: true }));
  }
  files += 1;
  const path = join(folder, name ?? `${files}.mjs`);
  writeFileSync(path, text);
  return path;
}

/** @param {string} path */
export const urlOf = (path) => pathToFileURL(path).href;

let taken = false;

/**
 * The next uncaught exceptions of this process, which the test runner does not see, and what the cause comes to, which is
 * awaited. One at a time.
 * @param {number} count
 * @param {() => unknown} cause
 */
export async function uncaughts(count, cause) {
  assert.ok(!taken, 'the exceptions of this process are heard already');
  taken = true;
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  /** @type {any[]} */
  const seen = [];
  const listener = (/** @type {unknown} */ error) => seen.push(error);
  process.on('uncaughtException', listener);
  try {
    await within(Promise.resolve(cause()));
    await until(() => seen.length >= count);
    return seen;
  } finally {
    process.off('uncaughtException', listener);
    taken = false;
    for (const other of others) process.on('uncaughtException', other);
  }
}

/** A signal that throws this when a listener is added. @param {Error} refusal */
export const refusing = (refusal) =>
  /** @type {AbortSignal} */ (
    /** @type {unknown} */ ({
      aborted: false,
      addEventListener() {
        throw refusal;
      },
      removeEventListener() {},
    })
  );

/** A signal that throws this when its listener is removed, and has `abort()`. @param {unknown} refusal */
export function clinging(refusal) {
  /** @type {(() => void)[]} */
  const listeners = [];
  const signal = {
    aborted: false,
    /** @type {unknown} */
    reason: undefined,
    addEventListener: (/** @type {string} */ _, /** @type {() => void} */ listener) => listeners.push(listener),
    removeEventListener() {
      throw refusal;
    },
    abort() {
      signal.aborted = true;
      for (const listener of listeners) listener();
    },
  };
  return /** @type {AbortSignal & { abort(): void }} */ (/** @type {unknown} */ (signal));
}
