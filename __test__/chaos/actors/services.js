// Services: calls, messages and streams both ways, waits, exceptions, floods and blocks, and then an end: closed,
// terminated, out of memory, by its own exit, by its exception handler, or in order after everything was done.

import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { MessageChannel } from 'node:worker_threads';

import { newCell, read } from '../board.js';
import { service as set } from '../fixtures/service.js';
import { Doom, serviceDooms } from '../ledger.js';
import { anySignal } from '../signals.js';
import { COMPLETE, readAll, streamFault, write } from '../streaming.js';
import { bytesOf, SMALL, valueOf } from '../values.js';

/** @param {import('../random.js').Random} random */
export function planService(random) {
  return {
    kind: 'service',
    at: random.int(0, 1500),
    launch: {
      priority: random.chance(0.2),
      reffed: !random.chance(0.2),
      handler: random.chance(0.7),
      little: random.chance(0.15),
      /** An abort while it starts, most likely; the service is undone if it comes in time. */
      abortMs: random.chance(0.15) ? random.int(0, 150) : undefined,
    },
    steps: random.list(random.int(2, 14), () => planStep(random)),
    end: random.weighted({ order: 5, close: 2, closeTwice: 1, terminate: 2, exit: 2, handler: 1, memory: 0.3 }),
    endMs: random.int(0, 600),
    code: random.int(0, 4),
  };
}

/** @param {import('../random.js').Random} random */
function planStep(random) {
  const does = random.weighted({
    calls: 8,
    talks: 4,
    tells: 4,
    waits: 3,
    awaits: 3,
    streamsIn: 3,
    streamsOut: 3,
    blows: 1,
    carries: 2,
    transfers: 2,
    blocks: 1,
    flood: 0.5,
    nests: 1,
  });
  return {
    does,
    gap: random.chance(0.5) ? 0 : random.int(0, 60),
    many: does === 'flood' ? random.int(5_000, 20_000) : random.int(1, 200),
    atOnce: random.pick([1, 10, 1000]),
    seed: random.int(0, 5000) + (does === 'flood' || random.chance(0.5) ? SMALL : 0),
    ms: random.int(0, 150),
    signal: random.chance(0.2) ? anySignal(random) : undefined,
    stream: planStream(random),
  };
}

/** @param {import('../random.js').Random} random */
function planStream(random) {
  const total = random.chance(0.1) ? 0 : random.int(1, random.pick([100, 50_000, 4_000_000]));
  return {
    seed: random.int(0, 1000),
    total,
    chunk: random.pick([10, 1000, 65_536, 300_000].filter((chunk) => chunk * 2000 > total)),
    spoiler: total > 0 ? random.weighted({ none: 6, writer: 1, reader: 2 }) : 'none',
    withError: random.chance(0.5),
    spoilAt: random.int(0, Math.floor(total / 2)),
    pauseMs: random.chance(0.3) ? 1 : 0,
    reading: random.pick(['data', 'iterate']),
  };
}

/** @param {ReturnType<typeof planService>} plan @param {import('../world.js').World} world */
export async function runService(plan, world) {
  await sleep(plan.at);
  await new Run(plan, world).run();
}

class Run {
  /** @type {any} */
  service;
  /** Trouble that every call on the service may be hit by. */
  doom;
  launchDoom;
  launching = new AbortController();
  /** What talks have said, by tag. @type {Map<string, { heard: number, many: number, before: number, after: number }>} */
  talks = new Map();
  /** Of what was told to the service. */
  told = { sent: 0, received: newCell(), wrong: newCell() };
  /** Each with what counts that the service began to write it. @type {{ plan: import('../streaming.js').StreamPlan, out: boolean, cell?: number }[]} */
  streams = [];
  /** @type {string[]} */
  blown = [];
  /** @type {string[]} */
  handled = [];
  /** @type {(() => Promise<void>) | undefined} */
  terminate;
  terminated = 0;
  tags = 0;
  /** @type {Promise<unknown>[]} */
  work = [];

  /** @param {ReturnType<typeof planService>} plan @param {import('../world.js').World} world */
  constructor(plan, world) {
    this.plan = plan;
    this.world = world;
    this.ledger = world.ledger;
    this.id = world.newId();
    this.doom = doomOf(plan);
    this.launchDoom = new Doom('abort of the launch', (error) => error === this.launching.signal.reason);
  }

  async run() {
    const { plan, ledger } = this;
    if (!(await this.launch())) return;
    const steps = this.take();
    if (plan.end === 'order') {
      await steps;
      await this.settle();
      await this.checkTold();
      await ledger.enter(`close ${this.id}`, this.service.close());
    } else {
      await sleep(plan.endMs);
      await this.spoil();
      await steps;
      await this.settle();
    }
    this.checkAll();
  }

  async launch() {
    const { plan, ledger } = this;
    const { priority, reffed, handler, little, abortMs } = plan.launch;
    if (abortMs !== undefined) {
      setTimeout(() => {
        this.launchDoom.begin();
        this.launching.abort(new Error('launch aborted'));
      }, abortMs);
    }
    const launched = set.launchService({
      priority,
      reffed,
      signal: this.launching.signal,
      ...(handler && { exceptionHandler: (context) => this.handle(context) }),
      ...((little || plan.end === 'memory') && { options: { resourceLimits: { maxOldGenerationSizeMb: 32 } } }),
    });
    const { value } = await ledger.enter(`launch ${this.id}`, launched, {
      dooms: [this.launchDoom],
      check: () => undefined,
    });
    this.world.watchSignal(this.launching.signal);
    if (value === undefined) return false;
    this.service = value;
    value.on('terminated', () => {
      this.terminated += 1;
      ledger.check(this.plan.end === 'order' || this.doom?.begun, `service ${this.id} ended by itself`);
    });
    value.onMessage((/** @type {any} */ message) => this.hear(message));
    value.onStream((/** @type {any} */ stream) => this.receive(stream));
    return true;
  }

  /** @param {any} context */
  handle({ error, terminate }) {
    this.handled.push(error.message);
    this.terminate = terminate;
    if (error.message === `end ${this.id}`) {
      this.doom?.begin();
      return terminate();
    }
    return undefined;
  }

  /** @param {any} message */
  hear({ kind, tag, seq, seed, value }) {
    if (kind !== 'talk') return;
    const talk = this.talks.get(tag);
    if (talk === undefined) return this.ledger.fault(`service ${this.id} said ${tag}, which nobody asked for`);
    talk.heard += 1;
    this.ledger.check(talk.heard === seq, `talk ${tag}: message ${seq} came as number ${talk.heard}`);
    this.ledger.check(isDeepStrictEqual(value, valueOf(seed)), `talk ${tag}: message ${seq} has another value`);
  }

  /** @param {any} stream */
  receive(stream) {
    this.work.push(this.ledger.enter(`reading ${this.id}`, readAll(stream, stream.metaData)));
  }

  async take() {
    for (const step of this.plan.steps) {
      if (step.gap > 0) await sleep(step.gap);
      this.step(step);
    }
  }

  /** @param {any} step */
  step(step) {
    const many = step.does === 'calls' ? Math.ceil(step.many / 4) : 1;
    for (let at = 0; at < many; at += 1) this.work.push(this.act(step, step.seed + at));
  }

  /** Everything that was begun, and what that began. */
  async settle() {
    for (let done = 0; done < this.work.length; ) {
      const now = this.work.slice(done);
      done = this.work.length;
      await Promise.all(now);
    }
  }

  /** @param {any} step @param {number} seed @returns {Promise<unknown>} */
  async act(step, seed) {
    const { ledger } = this;
    const controlled = step.signal === undefined ? undefined : this.world.signals[step.signal];
    const signal = controlled?.controller.signal;
    const dooms = [this.doom, controlled?.doom];
    const cell = newCell();
    /** @param {string} name @param {unknown[]} params @param {import('../ledger.js').Expected} expected */
    const call = (name, params, expected) =>
      ledger.enter(
        `call ${name} ${cell} on service ${this.id}`,
        this.service.call({ name, params: [cell, ...params], signal }),
        {
          dooms,
          cell,
          ...expected,
        },
      );
    switch (step.does) {
      case 'calls':
        return seed % 9 === 0
          ? call('throws', ['own', `thrown by ${cell}`], {
              error: (error) => error?.name === 'Own' && error.message === `thrown by ${cell}`,
            })
          : seed % 3 === 0
            ? call('echo', [valueOf(seed)], { value: valueOf(seed) })
            : call('later', [seed, seed % 20], { value: seed });
      case 'blocks':
        return call('blocks', [1, step.ms], { value: 1 });
      case 'nests': {
        const child = newCell();
        ledger.watchCell(child, `the task that ${cell} calls`);
        const tree = {
          set: 'service',
          cell,
          add: 7,
          fails: false,
          closes: true,
          children: [{ set: 'warm', cell: child, add: 5, fails: false, closes: true, children: [] }],
        };
        const promise = this.service.call({ name: 'nests', params: [tree], signal });
        return ledger.enter(`call nests ${cell} on service ${this.id}`, promise, {
          dooms,
          cell,
          value: { sum: 12, failed: 0 },
        });
      }
      case 'talks':
        return this.talk(step, call);
      case 'tells':
        return this.tell(step.many, seed, step.atOnce);
      case 'flood':
        return Promise.all([this.tell(step.many, seed, 10_000), this.talk({ ...step, atOnce: 5_000 }, call)]);
      case 'waits': {
        const tag = this.newTag();
        const waited = call('waits', [tag], { value: tag });
        await sleep(step.ms / 5);
        this.send({ kind: 'tag', tag });
        return waited;
      }
      case 'awaits': {
        const tag = this.newTag();
        const wanted = Math.ceil(step.many / 2);
        const waited = this.service.waitForMessage(
          (/** @type {any} */ message) => message.tag === tag && message.seq === wanted,
          { signal },
        );
        const entered = ledger.enter(`wait ${tag} on service ${this.id}`, waited, {
          dooms,
          check: (message) => (message.seq === wanted ? undefined : 'another message'),
        });
        const talked = await this.talk(step, call, tag);
        // What would have come does not, when the call is given up before it has begun to talk.
        if (talked.error !== undefined && !this.doom?.begun && controlled?.doom.begun !== true)
          ledger.fault(`talk ${tag} failed`);
        return entered;
      }
      case 'carries':
        return this.carry(Math.ceil(step.many / 10));
      case 'transfers': {
        const bytes = bytesOf(seed, seed % 70_000);
        const sum = bytes.reduce((total, byte) => (total + byte) % 65_521, 0);
        const buffer = new Uint8Array(bytes).buffer;
        const params = [cell, buffer];
        const promise = this.service.call({ name: 'sums', params, signal, transferList: [buffer] });
        const value = { sum, length: bytes.length };
        const shared = new SharedArrayBuffer(4);
        const other = newCell();
        const adding = this.service.call({ name: 'adds', params: [other, shared], signal });
        return Promise.all([
          ledger.enter(`call sums ${cell} on service ${this.id}`, promise, { dooms, cell, value }),
          ledger.enter(`call adds ${other} on service ${this.id}`, adding, { dooms, cell: other, value: 0 }),
        ]);
      }
      case 'blows': {
        const message = `blown ${cell}`;
        const { error } = await call('blows', [message], {});
        if (error === undefined) this.blown.push(message);
        return undefined;
      }
      case 'streamsIn':
        return this.stream({ ...step.stream, cells: newStreamCells() }, dooms, signal);
      case 'streamsOut': {
        const plan = { ...step.stream, cells: newStreamCells() };
        this.streams.push({ plan, out: false, cell });
        return call('streams', [plan], {});
      }
      default:
        throw new Error(`no such step: ${step.does}`);
    }
  }

  newTag() {
    this.tags += 1;
    return `${this.id}.${this.tags}`;
  }

  /** @param {any} step @param {Function} call @param {string} [tag] */
  async talk({ many, seed, atOnce }, call, tag = this.newTag()) {
    const talk = { heard: 0, many, before: newCell(), after: newCell() };
    this.talks.set(tag, talk);
    const { before, after } = talk;
    const outcome = await call('talks', [{ tag, many, seed, before, after, atOnce }], { value: many });
    // What was sent before the reply is here before it.
    if (outcome.error === undefined)
      this.ledger.check(talk.heard === many, `talk ${tag}: ${talk.heard} of ${many} came before the reply`);
    return outcome;
  }

  /** @param {number} many @param {number} seed @param {number} atOnce */
  async tell(many, seed, atOnce) {
    for (let at = 1; at <= many; at += 1) {
      const made = seed + (at % 8);
      const { received, wrong, sent } = this.told;
      if (!this.send({ kind: 'count', received, wrong, seq: sent, seed: made, value: valueOf(made) })) return;
      this.told.sent += 1;
      if (at % atOnce === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Sends ports among the other messages: each brings back its number and closes. @param {number} many */
  async carry(many) {
    const { ledger } = this;
    for (let seq = 1; seq <= many; seq += 1) {
      const { port1, port2 } = new MessageChannel();
      /** @type {unknown} */
      let got;
      port2.on('message', (message) => {
        got = message;
      });
      const closed = new Promise((resolve) => port2.once('close', resolve));
      // A closed service refuses the message, and the port stays here.
      if (!this.send({ kind: 'port', port: port1, seq }, [port1])) port1.close();
      await ledger.enter(`port to service ${this.id}`, closed);
      ledger.check(got === seq || this.doom?.begun, `a port to service ${this.id} brought ${got}, not ${seq}`);
      if (!(await this.tellOne(seq))) return;
    }
  }

  /** @param {number} seed */
  async tellOne(seed) {
    const { sent } = this.told;
    await this.tell(1, SMALL + seed, 1000);
    return this.told.sent > sent;
  }

  /** Sends a message, or finds the service closed. @param {unknown} message @param {any[]} [transferList] */
  send(message, transferList) {
    try {
      this.service.sendMessage(message, transferList);
      return true;
    } catch (error) {
      this.ledger.check(
        this.doom?.begun && /** @type {any} */ (error).code === 'ERR_NANOLITH_SERVICE_CLOSED',
        `sendMessage: ${error}`,
      );
      return false;
    }
  }

  /** A stream to the service. @param {import('../streaming.js').StreamPlan} plan @param {any[]} dooms @param {AbortSignal} [signal] */
  async stream(plan, dooms, signal) {
    const { value } = await this.ledger.enter(`createStream ${this.id}`, this.service.createStream(plan, { signal }), {
      dooms,
      check: () => undefined,
    });
    if (value === undefined) return;
    this.streams.push({ plan, out: true });
    await this.ledger.enter(`writing ${this.id}`, write(value, plan));
  }

  /** The end that the plan has for it. */
  async spoil() {
    const { service, plan, ledger } = this;
    const gone = new Promise((resolve) => service.once('terminated', resolve));
    const cell = newCell();
    const last = (/** @type {Promise<unknown>} */ promise) =>
      ledger.enter(`last call on service ${this.id}`, promise, { dooms: [this.doom], cell });
    const before = this.doom?.begun;
    // The handler's doom begins when it is called: until then calls go on.
    if (plan.end !== 'handler') this.doom?.begin();
    if (before) return;
    switch (plan.end) {
      case 'close':
        await ledger.enter(`close ${this.id}`, service.close());
        ledger.check(service.closed, `service ${this.id} is not closed after close()`);
        break;
      case 'closeTwice':
        await Promise.all([
          ledger.enter(`close ${this.id}`, service.close()),
          ledger.enter(`close ${this.id}`, service.close()),
        ]);
        break;
      case 'terminate':
        service.worker.terminate();
        break;
      case 'exit':
        last(service.call({ name: 'exits', params: [cell, plan.code] }));
        break;
      case 'memory':
        last(service.call({ name: 'grows', params: [cell] }));
        break;
      default:
        // Without a handler of its own it is closed.
        if (plan.launch.handler) last(service.call({ name: 'blows', params: [cell, `end ${this.id}`] }));
        else {
          this.doom?.begin();
          service.close();
        }
    }
    await ledger.enter(`end of service ${this.id} by ${plan.end}`, service.closed ? Promise.resolve() : gone);
    ledger.check(
      service.closed && service.activeCalls === 0,
      `service ${this.id} has ended and counts ${service.activeCalls} calls`,
    );
    await ledger.enter(`late call on service ${this.id}`, service.call({ name: 'echo', params: [newCell(), 1] }), {
      error: (error) => error.code === 'ERR_NANOLITH_SERVICE_CLOSED',
    });
    await ledger.enter(`late close ${this.id}`, service.close());
  }

  /** Behind everything that was told: it has arrived, all of it. */
  async checkTold() {
    const cell = newCell();
    await this.ledger.enter(
      `call echo ${cell} on service ${this.id}`,
      this.service.call({ name: 'echo', params: [cell, 1] }),
      { value: 1, cell },
    );
    const { sent, received } = this.told;
    this.ledger.check(read(received) === sent, `service ${this.id} got ${read(received)} of ${sent} messages`);
    if (this.plan.launch.handler) {
      await this.world.until(
        () => this.blown.every((message) => this.handled.includes(message)),
        `exceptions of ${this.id} to be handled`,
      );
      this.ledger.check(
        new Set(this.handled).size === this.handled.length,
        `an exception of ${this.id} was handled twice`,
      );
    }
    for (const { plan, cell } of this.streams) {
      // A call that was given up before it was made never began.
      if (cell !== undefined && read(cell) === 0) continue;
      await this.world.until(
        () => streamFault(plan) === undefined,
        () => `stream of service ${this.id}: ${streamFault(plan)}`,
      );
    }
  }

  checkAll() {
    const { ledger, told, plan } = this;
    ledger.check(this.terminated === 1, `service ${this.id} said ${this.terminated} times that it terminated`);
    ledger.check(
      read(told.wrong) === 0,
      `service ${this.id} got ${read(told.wrong)} messages out of order, twice or changed`,
    );
    ledger.check(
      read(told.received) <= told.sent,
      `service ${this.id} got ${read(told.received)} of ${told.sent} messages`,
    );
    // close() stops listening at once, also to a talk whose call was aborted and which runs on; one that ended was checked
    // at its reply. Otherwise all counts that was sent before the end.
    const hearsAll = ['terminate', 'exit', 'memory'].includes(plan.end);
    for (const [tag, { heard, before, after }] of this.talks) {
      const fine = heard <= read(before) && (!hearsAll || heard >= read(after));
      ledger.check(fine, `talk ${tag} (end: ${plan.end}): heard ${heard}, sent ${read(after)} to ${read(before)}`);
    }
    if (plan.end !== 'order') {
      for (const { plan: stream, out } of this.streams) {
        const mine = out ? stream.cells.writer : stream.cells.reader;
        // One that the service never began to write has no end here.
        if (read(stream.cells.writer) === 0 && !out) continue;
        if (!out && read(mine) === 0) continue;
        const fault = streamFault(stream, { writerGone: !out, readerGone: out });
        ledger.check(fault === undefined, `stream of service ${this.id}, which ended by ${plan.end}: ${fault}`);
      }
    }
    for (const { plan: stream } of this.streams)
      ledger.count(read(stream.cells.reader) === COMPLETE ? 'stream complete' : 'stream failed');
    ledger.count('message sent to services', told.sent);
    for (const { heard } of this.talks.values()) ledger.count('message heard from services', heard);
  }
}

const newStreamCells = () => ({ writer: newCell(), reader: newCell(), written: newCell(), read: newCell() });

/** @param {ReturnType<typeof planService>} plan */
function doomOf(plan) {
  switch (plan.end) {
    case 'order':
      return undefined;
    case 'exit':
      return serviceDooms.exit(plan.code);
    case 'closeTwice':
      return serviceDooms.close();
    case 'handler':
      return plan.launch.handler ? serviceDooms.handler() : serviceDooms.close();
    default:
      return serviceDooms[/** @type {'close' | 'terminate' | 'memory'} */ (plan.end)]();
  }
}
