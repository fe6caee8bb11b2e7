// One process of the chaos run: round after round of a plan that its number and the seed make, each accounted for.
//
// `run.js` starts it; see there for what is printed and how a round is run again.

import { getEventListeners } from 'node:events';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { pool } from '../../index.js';
import { native } from '../../lib/native.js';
import { planBroadcast, runBroadcast } from './actors/broadcasts.js';
import { planCluster, runCluster } from './actors/clusters.js';
import { planLaunches, runLaunches } from './actors/launches.js';
import { planRoot, runRoot } from './actors/roots.js';
import { planService, runService } from './actors/services.js';
import { planTasks, runTasks } from './actors/tasks.js';
import { block, clearBoard, count } from './board.js';
import { abortDoom, Ledger } from './ledger.js';
import { Random } from './random.js';
import { isLasting, SIGNALS } from './signals.js';

/** How long everything may take to settle once a round's plan is over, and each part of the accounting after that. */
const SETTLE_MS = 90_000;
/** A queue that does not get shorter gets more slots after this: services may hold all of them. */
const RELIEF_MS = 1_000;

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seconds: { type: 'string', default: '20' },
    round: { type: 'string' },
    print: { type: 'boolean', default: false },
    /** Prints the memory after each round, in MB. */
    memory: { type: 'boolean', default: false },
    /** How the process ends: by itself, or by `process.exit` in the middle of a last round. */
    leave: { type: 'string', default: 'alone' },
  },
});
const seed = String(values.seed);
const CODE_IN_THE_MIDDLE = 42;

/** @param {number} number */
function planRound(number) {
  const random = new Random(`${seed}:${number}`);
  const some = (
    /** @type {string} */ what,
    /** @type {number} */ least,
    /** @type {number} */ most,
    /** @type {(random: Random) => any} */ make,
  ) => random.list(random.int(least, most), (at) => make(random.fork(`${what} ${at}`)));
  return {
    concurrency: random.int(1, 6),
    signals: random.list(SIGNALS, (number) => ({
      lasts: isLasting(number),
      at: random.chance(0.1) ? 0 : random.int(50, 2500),
      error: random.chance(0.5),
    })),
    pressure: random.list(random.int(0, 8), () => planPressure(random)),
    actors: [
      ...some('tasks', 3, 8, planTasks),
      ...some('service', 1, 4, planService),
      ...some('cluster', 0, 1, planCluster),
      ...some('broadcast', 0, 2, planBroadcast),
      ...some('launches', 0, 1, planLaunches),
      ...some('root', 0, 1, planRoot),
    ],
  };
}

/** @param {Random} random */
function planPressure(random) {
  const does = random.weighted({ concurrency: 4, option: 1, spares: 2, block: 2 });
  return {
    at: random.int(0, 2500),
    does,
    to: does === 'concurrency' ? random.int(1, 8) : does === 'spares' ? random.int(0, 4) : random.int(1, 200),
    option: random.pick(['Half', 'x1', 'x2', 'Quarter']),
  };
}

const ACTORS = {
  tasks: runTasks,
  service: runService,
  cluster: runCluster,
  broadcast: runBroadcast,
  launches: runLaunches,
  root: runRoot,
};

/** One round, as its actors see it. */
export class World {
  ledger;
  signals;
  #ids = 0;
  /** @type {(() => void | Promise<void>)[]} */
  #atEnd = [];
  /** @type {Set<AbortSignal>} */
  #watched = new Set();

  /** @param {ReturnType<typeof planRound>} plan @param {Ledger} ledger */
  constructor(plan, ledger) {
    this.ledger = ledger;
    this.signals = plan.signals.map((signal) => {
      const controller = new AbortController();
      this.watchSignal(controller.signal);
      return { ...signal, controller, doom: abortDoom(controller) };
    });
  }

  newId() {
    this.#ids += 1;
    return this.#ids;
  }

  count = count;

  /** Does something when nothing goes on any more. @param {() => void | Promise<void>} work */
  atEnd(work) {
    this.#atEnd.push(work);
  }

  async end() {
    for (const work of this.#atEnd) await work();
    for (const signal of this.#watched) {
      const left = getEventListeners(signal, 'abort').length;
      const how = signal.aborted ? 'has aborted' : 'has not aborted';
      this.ledger.check(left === 0, `${left} listeners are left on a signal that ${how}`);
    }
    // They abort what is over.
    for (const { lasts, controller } of this.signals) if (lasts) controller.abort();
  }

  /** No listener may be left on it in the end. @param {AbortSignal} signal */
  watchSignal(signal) {
    this.#watched.add(signal);
  }

  /**
   * Waits for a condition; says what was awaited in vain.
   * @param {() => unknown} condition @param {string | (() => string)} what @param {number} [ms]
   */
  async until(condition, what, ms = 20_000) {
    const end = performance.now() + ms;
    while (!condition()) {
      if (performance.now() > end) {
        this.ledger.fault(`not within ${ms / 1000} s: ${typeof what === 'string' ? what : what()}`);
        return;
      }
      await sleep(3);
    }
  }
}

const ROOT = 1;
const living = () => native.livingAgents();
const ready = () => native.poolCounts(ROOT).ready;
const osThreads = () => (process.platform === 'linux' ? readdirSync('/proc/self/task').length : 0);
const poolState = () =>
  `max ${pool.maxConcurrency}, active ${pool.activeCount}, queued ${pool.queueLength}, ready ${ready()}, agents ${living()}, ` +
  `subscriptions ${native.livingSubscriptions()}, pipes ${native.livingPipes()}, OS threads ${osThreads()}`;

const ledger = new Ledger();
process.on('warning', (warning) => {
  if (!['NANOLITH_POOL_STALLED', 'NANOLITH_UNCAUGHT_IN_SERVICE'].includes(/** @type {any} */ (warning).code)) {
    ledger.fault(`a process warning: ${warning.stack}`);
  }
});
process.on('unhandledRejection', (reason) =>
  ledger.fault(`an unhandled rejection: ${/** @type {any} */ (reason)?.stack ?? reason}`),
);
process.on('uncaughtException', (error) => ledger.fault(`an uncaught exception: ${error?.stack ?? error}`));

/** @param {ReturnType<typeof planRound>} plan @param {World} world */
function makeTrouble(plan, world) {
  for (const { lasts, at, error, controller, doom } of world.signals) {
    if (lasts) continue;
    const abort = () => {
      doom.begin();
      controller.abort(error ? new RangeError(`aborted at ${at}`) : undefined);
    };
    if (at === 0) abort();
    else setTimeout(abort, at);
  }
  for (const { at, does, to, option } of plan.pressure) {
    setTimeout(() => {
      if (does === 'concurrency') pool.setConcurrency(to);
      else if (does === 'option') pool.setConcurrency(/** @type {any} */ (pool.option)[option]);
      else if (does === 'spares') pool.setSpares(to);
      else block(to);
    }, at);
  }
  let queued = 0;
  return setInterval(() => {
    if (queued > 0 && pool.queueLength >= queued) pool.setConcurrency(pool.maxConcurrency + 2);
    queued = pool.queueLength;
  }, RELIEF_MS);
}

/** @param {number} number */
async function runRound(number) {
  const plan = planRound(number);
  if (values.print) console.log(JSON.stringify(plan, null, 1));
  clearBoard();
  pool.setConcurrency(plan.concurrency);
  pool.setSpares(2);
  const world = new World(plan, ledger);
  const relief = makeTrouble(plan, world);
  const actors = plan.actors.map((actor) => ({ actor, over: false }));
  const acted = Promise.all(
    actors.map(async (entry) => {
      try {
        await ACTORS[/** @type {keyof typeof ACTORS} */ (entry.actor.kind)](entry.actor, world);
      } catch (error) {
        ledger.fault(`the ${entry.actor.kind} actor failed: ${/** @type {any} */ (error)?.stack ?? error}`);
      }
      entry.over = true;
    }),
  );
  await world.until(() => actors.every(({ over }) => over), 'everything to settle', SETTLE_MS);
  clearInterval(relief);
  if (ledger.faults.length > 0) return;
  await acted;
  // The last signals abort what is over.
  await world.until(
    () => world.signals.every(({ lasts, controller }) => lasts || controller.signal.aborted),
    'the signals',
  );
  await world.until(
    () => ledger.pending === 0,
    () => `calls to settle: ${ledger.report()}`,
  );
  await world.until(() => pool.idle, 'an idle pool');
  ledger.check(
    pool.activeCount === 0 && pool.queueLength === 0 && pool.next === undefined,
    `counts are not zero: ${poolState()}`,
  );
  pool.setSpares(0);
  pool.setConcurrency(8);
  pool.setConcurrency(1);
  await world.until(
    () => living() <= 1 + ready() && ready() <= 1,
    () => `threads to end: ${poolState()}`,
  );
  await world.end();
  await world.until(
    () => native.livingSubscriptions() === 0 && native.livingPipes() === 0,
    () => `what is left: ${poolState()}`,
  );
  await world.until(
    () => osThreads() <= quiet + ready(),
    () => `OS threads to end, ${quiet} at first: ${poolState()}`,
  );
  ledger.checkCells();
}

const KINDS_OF_MEMORY = /** @type {const} */ (['rss', 'heap', 'external']);
/** @type {{ rss: number, heap: number, external: number }[]} */
const memory = [];

async function measure() {
  for (let at = 0; at < 4; at += 1) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  memory.push({ rss: rss / 2 ** 20, heap: heapUsed / 2 ** 20, external: external / 2 ** 20 });
}

/** The least of the resident memory counts only over so many rounds: what is free in the allocator's arenas is resident too. */
const LONG_ROUNDS = 12;

/**
 * Memory is flat when the last part of the rounds has no more than an earlier one, but for what comes and goes: the least
 * in each counts. Of a long run those are the last quarter and the second. A short one is too short for the resident
 * memory; heap and external memory are what is reachable, so that its second half may have little more than its first.
 */
function checkMemory() {
  const { length } = memory;
  if (length < 3) return;
  const isLong = length >= LONG_ROUNDS;
  const part = isLong ? Math.floor(length / 4) : Math.floor(length / 2);
  const earlier = memory.slice(isLong ? part : 0, isLong ? 2 * part : length - part);
  const last = memory.slice(-part);
  const most = isLong ? { heap: 8, external: 8, rss: 150 } : { heap: 4, external: 8, rss: Number.POSITIVE_INFINITY };
  for (const of of KINDS_OF_MEMORY) {
    const least = (/** @type {typeof memory} */ rounds) => Math.min(...rounds.map((at) => at[of]));
    const grown = least(last) - least(earlier);
    const all = memory.map((at) => at[of].toFixed(0)).join(' ');
    ledger.check(grown < most[of], `memory (${of}) grew by ${grown.toFixed(1)} MB: ${all}`);
  }
}

/** What `run.js` adds up. */
function tellParent() {
  const seconds = (performance.now() - started) / 1000;
  const [first, last] = [memory[0], memory[memory.length - 1]];
  if (values.memory) {
    for (const of of KINDS_OF_MEMORY) console.log(`${of}: ${memory.map((at) => at[of].toFixed(1)).join(' ')}`);
  }
  console.log(`REPORT ${JSON.stringify({ rounds, seconds, counts: Object.fromEntries(ledger.counts), first, last })}`);
}

/** @param {number} number */
function failed(number) {
  if (ledger.faults.length === 0) return false;
  const lines = [
    `FAULT in round ${number} of seed ${seed} (node ${process.version}); again: npm run test:chaos -- --seed ${seed} --round ${number}`,
    ...ledger.faults.map((fault) => `  ${fault}`),
    `  the pool: ${poolState()}`,
    ...ledger.report().map((line) => `  pending: ${line}`),
  ];
  console.error(lines.join('\n'));
  return true;
}

const quiet = osThreads();
const started = performance.now();
const until = started + Number(values.seconds) * 1000;
let rounds = 0;
let number = Number(values.round ?? 0);
let bad = false;
do {
  await runRound(number);
  rounds += 1;
  bad = failed(number);
  if (bad) {
    tellParent();
    process.exit(1);
  }
  await measure();
  if (values.round === undefined) number += 1;
} while (performance.now() < until);
checkMemory();
if (failed(number)) process.exit(1);

tellParent();

if (values.leave === 'exit') {
  // In the middle of a round, with threads of all kinds under way and calls in the queue.
  setTimeout(() => process.exit(CODE_IN_THE_MIDDLE), new Random(`leave ${seed}`).int(100, 2500));
  await runRound(number);
  await new Promise(() => {});
}
// Nothing holds the process: it ends by itself, with an idle warm thread and messengers that nobody closed.
process.removeAllListeners('uncaughtException');
