// Tasks: isolated and warm, with priority, signals, nested calls and transfers, that return, throw, exit, run out of
// memory, hang or spin.

import { setTimeout as sleep } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';

import { newCell } from '../board.js';
import { setOf } from '../fixtures/sets.js';
import { exitedWith } from '../ledger.js';
import { abortedSignal, anySignal } from '../signals.js';
import { bytesOf, valueOf } from '../values.js';

/** Those that end only by an abort. */
const ENDLESS = new Set(['spins', 'hangs']);

/** @param {import('../random.js').Random} random */
export function planTasks(random) {
  const set = random.weighted({ isolated: 2, warm: 5, hooked: 1 });
  const many = set === 'isolated' ? random.int(1, 5) : random.chance(0.2) ? random.int(100, 2000) : random.int(1, 40);
  return {
    kind: 'tasks',
    at: random.int(0, 1500),
    tasks: random.list(many, () => planTask(random, set, many)),
  };
}

/** @param {import('../random.js').Random} random @param {string} set @param {number} many */
function planTask(random, set, many) {
  const crowd = many > 40;
  const does = random.weighted({
    echo: 20,
    made: 10,
    later: 4,
    blocks: crowd ? 0 : 2,
    computes: crowd ? 0 : 2,
    throws: 6,
    sums: 3,
    adds: 3,
    posts: crowd ? 0 : 2,
    unclonable: 2,
    unloadable: crowd ? 0.02 : 1,
    refused: 2,
    exits: crowd ? 0.05 : 2,
    throwsUncaught: crowd ? 0.05 : 1,
    rejectsUnhandled: crowd ? 0.05 : 1,
    grows: crowd ? 0 : 0.2,
    nests: crowd ? 0.2 : 3,
    spins: crowd ? 0.05 : 1,
    hangs: crowd ? 0.05 : 1,
  });
  return {
    set,
    does,
    seed: random.int(0, 5000),
    ms: random.int(0, 30),
    code: random.int(0, 3),
    how: random.pick(['own', 'late', 'text', 'nothing', 'range']),
    priority: random.chance(0.1),
    reffed: !random.chance(0.1),
    named: set === 'isolated' && random.chance(0.3),
    signal: ENDLESS.has(does) ? abortedSignal(random) : random.chance(0.15) ? anySignal(random) : undefined,
    tree: does === 'nests' ? planTree(random, set === 'hooked' ? 'warm' : set, random.int(1, 2)) : undefined,
  };
}

/**
 * @param {import('../random.js').Random} random @param {string} set @param {number} depth
 * @returns {any}
 */
function planTree(random, set, depth) {
  const children = depth === 0 ? [] : random.list(random.int(1, 2), () => planChild(random, depth - 1));
  return { set, add: random.int(1, 1000), fails: false, closes: random.chance(0.5), children };
}

/** @param {import('../random.js').Random} random @param {number} depth */
function planChild(random, depth) {
  const tree = planTree(random, random.weighted({ isolated: 1, warm: 3, service: 1 }), depth);
  return { ...tree, fails: random.chance(0.2) };
}

/**
 * What a tree has to come to, and a cell for each of its nodes, none of which runs twice.
 * @param {any} tree @param {import('../ledger.js').Ledger} ledger
 * @returns {{ sum: number, failed: number, tree: any }}
 */
function grow(tree, ledger) {
  const children = tree.children.map((/** @type {any} */ child) => grow(child, ledger));
  const cell = newCell();
  ledger.watchCell(cell, `node ${cell} on ${tree.set}`);
  let [sum, failed] = [tree.add, 0];
  for (const child of children) {
    sum += child.tree.fails ? 0 : child.sum;
    failed += child.tree.fails ? 1 : child.failed;
  }
  return {
    sum,
    failed,
    tree: { ...tree, cell, children: children.map((/** @type {any} */ child) => child.tree) },
  };
}

/** @param {ReturnType<typeof planTasks>} plan @param {import('../world.js').World} world */
export async function runTasks(plan, world) {
  await sleep(plan.at);
  await Promise.all(plan.tasks.map((task) => runTask(task, world)));
}

/** @param {ReturnType<typeof planTask>} task @param {import('../world.js').World} world */
async function runTask(task, world) {
  const { ledger } = world;
  const { set, does, priority, reffed, seed } = task;
  const cell = newCell();
  const controlled = task.signal === undefined ? undefined : world.signals[task.signal];
  const call = {
    priority,
    reffed,
    signal: controlled?.controller.signal,
    ...(task.named && { options: { name: 'chaos' } }),
  };
  const dooms = [controlled?.doom];
  const what = `task ${does} ${cell} on ${set}`;
  const message = `thrown by ${cell}`;
  /** @param {string} name @param {unknown[]} params @param {import('../ledger.js').Expected} expected @param {object} [more] */
  const run = (name, params, expected, more) =>
    ledger.enter(what, setOf(set)({ ...call, ...more, name, params: [cell, ...params] }), { dooms, cell, ...expected });

  switch (does) {
    case 'echo':
      return run('echo', [valueOf(seed)], { value: valueOf(seed) });
    case 'made':
      return run('made', [seed], { value: valueOf(seed) });
    case 'later':
    case 'blocks':
    case 'computes':
      return run(does, [valueOf(seed), task.ms], { value: valueOf(seed) });
    case 'throws':
      return run('throws', [task.how, message], { error: (error) => isThrown(error, task.how, message) });
    case 'unclonable':
      return run('unclonable', [], { error: (error) => error.name === 'DataCloneError' });
    case 'unloadable': {
      const broken = setOf(set === 'isolated' ? 'brokenIsolated' : 'brokenWarm');
      const promise = broken({ ...call, name: 'echo', params: [cell, 1] });
      return ledger.enter(what, promise, { dooms, error: (error) => error.code === 'ERR_NANOLITH_LOAD' });
    }
    case 'refused':
      // Refused before anything is taken, whatever the signal says.
      return run('echo', [() => {}], { error: (error) => error.name === 'DataCloneError' });
    case 'exits':
      return run('exits', [task.code], { error: (error) => exitedWith(error, task.code) });
    case 'throwsUncaught':
    case 'rejectsUnhandled':
      return run(does, [message], { error: (error) => error.name === 'TypeError' && error.message === message });
    case 'grows': {
      const isOver = (/** @type {any} */ error) => error.code === 'ERR_WORKER_OUT_OF_MEMORY';
      if (set !== 'isolated') {
        const promise = setOf('small')({ ...call, name: 'grows', params: [cell] });
        return ledger.enter(what, promise, { dooms, cell, error: isOver });
      }
      return run('grows', [], { error: isOver }, { options: { resourceLimits: { maxOldGenerationSizeMb: 24 } } });
    }
    case 'spins':
    case 'hangs':
      return run(does, [], { error: () => false });
    case 'nests': {
      const { tree, sum, failed } = grow(task.tree, ledger);
      const promise = setOf(set)({ ...call, name: 'nests', params: [tree] });
      return ledger.enter(what, promise, { dooms, cell: tree.cell, value: { sum, failed } });
    }
    case 'sums': {
      const bytes = bytesOf(seed, seed * 50 + 1);
      const sum = bytes.reduce((total, byte) => (total + byte) % 65_521, 0);
      const buffer = new Uint8Array(bytes).buffer;
      const { aborted } = call.signal ?? { aborted: false };
      const outcome = run('sums', [buffer], { value: { sum, length: bytes.length } }, { transferList: [buffer] });
      ledger.check(buffer.byteLength === 0 || aborted, `${what}: the buffer was not transferred`);
      return outcome;
    }
    case 'adds': {
      const shared = new SharedArrayBuffer(4);
      const outcome = await run('adds', [shared], { value: 0 });
      if (outcome.error === undefined) ledger.check(new Int32Array(shared)[0] === 1, `${what}: not the same memory`);
      return outcome;
    }
    case 'posts': {
      const { port1, port2 } = new MessageChannel();
      /** @type {number[]} */
      const got = [];
      const many = 1 + (seed % 50);
      port2.on('message', (at) => {
        got.push(at);
        if (got.length === many) port2.postMessage('got');
      });
      const closed = new Promise((resolve) => port2.once('close', resolve));
      const outcome = await run('posts', [port1, many], { value: 'got' }, { transferList: [port1] });
      if (outcome.error === undefined)
        ledger.check(
          got.every((at, i) => at === i),
          `${what}: ${got}`,
        );
      else port2.close();
      await ledger.enter(`port of ${what}`, closed);
      return outcome;
    }
    default:
      throw new Error(`no such task: ${does}`);
  }
}

/** @param {any} error @param {string} how @param {string} message */
function isThrown(error, how, message) {
  if (how === 'nothing') return error === undefined;
  if (how === 'text') return error === message;
  if (how === 'own') return error instanceof Error && error.name === 'Own' && error.message === message;
  return (
    error instanceof RangeError && error.message === message && /** @type {any} */ (error).detail.message === message
  );
}
