// Streams over a line: offering one, waiting for a listener, and giving it to all of them.
//
// The maker opens the pipe and offers it in the same order as everything else that it sends. The other side accepts when
// it has a listener; until then the offer waits there. Whoever gives up destroys the pipe, and the other side hears that
// from the core, so an offer needs no refusal of its own.

import { clearTimeout, setTimeout } from 'node:timers';

import { agent, expect, onSettling, whenRead, writer } from './agent.js';
import { validateFunction, validateMetaData, validateSignalOptions } from './arguments.js';
import { StreamTimeoutError } from './errors.js';
import { writeValue } from './hosts.js';
import { Listeners } from './listeners.js';
import { native } from './native.js';
import { STREAM_ACCEPT, STREAM_OFFER } from './protocol.js';
import { onAbort } from './signals.js';
import { destroyPipe, enter, FAILED } from './streams/ends.js';
import { IncomingStream } from './streams/incoming.js';
import { OutgoingStream } from './streams/outgoing.js';

/** How long an offer waits for a listener, in milliseconds. */
const OFFER_MS = 10_000;

/** The offers of this agent that were not answered yet, by pipe. @type {Map<number, Offer>} */
const offered = new Map();

/** The streams that begin on one end of a line. */
export class Offers {
  #listeners = new Listeners();
  /** What was offered and given to nobody yet, in order. @type {Map<number, { metaData: object, due: boolean }>} */
  #waiting = new Map();
  /** What was offered to the other side and not answered yet. @type {Set<Offer>} */
  #made = new Set();
  #thread;
  #peer;
  #closedError;

  /**
   * @param {number} thread
   * @param {number} peer
   * @param {() => unknown} closedError
   */
  constructor(thread, peer, closedError) {
    this.#thread = thread;
    this.#peer = peer;
    this.#closedError = closedError;
  }

  /**
   * Calls back with every stream from now on, and with those that wait. Returns what removes the listener.
   * @param {(stream: any) => void | Promise<void>} callback
   */
  listen(callback) {
    validateFunction(callback);
    const remove = this.#listeners.add((/** @type {Accepted} */ accepted) => accepted.give(callback));
    // Listeners that are added now, one after the other, all get what waits.
    if (this.#waiting.size > 0) queueMicrotask(() => this.#acceptWaiting());
    return remove;
  }

  /**
   * Offers a stream to the other side.
   * @param {object} metaData
   * @param {{ signal?: AbortSignal }} [options]
   * @returns {Promise<OutgoingStream>}
   */
  make(metaData, options) {
    validateMetaData(metaData);
    validateSignalOptions(options);
    const signal = options?.signal;
    if (signal?.aborted) throw signal.reason;
    const pipe = native.pipeOpen(agent.id, this.#peer);
    if (pipe === null) throw this.#closedError();
    this.#send(pipe, metaData);
    return new Promise((resolve, reject) => {
      const offer = new Offer(pipe, metaData, this.#made);
      offer.resolve = resolve;
      offer.reject = reject;
      try {
        offer.wait(signal, this.#closedError);
      } catch (error) {
        // A signal may be anybody's object. What was offered is nobody's stream.
        offer.giveUp(error);
      }
    });
  }

  /** @param {number} pipe @param {object} metaData */
  #send(pipe, metaData) {
    const start = writer.position;
    let sent = false;
    try {
      writer.u8(STREAM_OFFER);
      writer.u32(this.#thread);
      writer.u32(pipe);
      writeValue(metaData, this.#thread);
      sent = agent.send(this.#peer, start, writer.position - start);
    } finally {
      writer.position = start;
      if (!sent) destroyPipe(pipe, false);
    }
    if (!sent) throw this.#closedError();
  }

  /**
   * The other side offers a stream. Returns what gives it to the listeners, for when its turn has come.
   * @param {number} pipe
   * @param {object} metaData
   */
  receive(pipe, metaData) {
    const offer = { metaData, due: false };
    this.#waiting.set(pipe, offer);
    // One that ends while it waits is no stream for anybody.
    enter(pipe, { ended: () => this.#waiting.delete(pipe) });
    return () => {
      offer.due = true;
      const [first] = this.#waiting.keys();
      if (first === pipe) this.#acceptWaiting();
    };
  }

  #acceptWaiting() {
    for (const [pipe, { metaData, due }] of this.#waiting) {
      if (!due || this.#listeners.size === 0) return;
      this.#waiting.delete(pipe);
      this.#accept(pipe, metaData);
    }
  }

  /** @param {number} pipe @param {object} metaData */
  #accept(pipe, metaData) {
    const start = writer.position;
    writer.u8(STREAM_ACCEPT);
    writer.u32(pipe);
    agent.send(this.#peer, start, writer.position - start);
    writer.position = start;
    const accepted = new Accepted(pipe, metaData);
    this.#listeners.emit(accepted);
    accepted.settled();
  }

  /** Nothing begins any more. What has begun ends with the thread. */
  close() {
    for (const offer of this.#made) offer.giveUp(this.#closedError());
    for (const pipe of this.#waiting.keys()) destroyPipe(pipe, true);
    this.#waiting.clear();
  }
}

/** A stream that this agent has offered, until the other side accepts it or somebody gives up. */
class Offer {
  #pipe;
  #metaData;
  #among;
  /** @type {NodeJS.Timeout | undefined} */
  #timer;
  #unlisten = () => {};
  /** @type {(stream: OutgoingStream) => void} */
  resolve = () => {};
  /** @type {(reason: unknown) => void} */
  reject = () => {};

  /**
   * @param {number} pipe
   * @param {object} metaData
   * @param {Set<Offer>} among the offers of the same line
   */
  constructor(pipe, metaData, among) {
    this.#pipe = pipe;
    this.#metaData = metaData;
    this.#among = among;
  }

  /** @param {AbortSignal | undefined} signal @param {() => unknown} closedError */
  wait(signal, closedError) {
    offered.set(this.#pipe, this);
    this.#among.add(this);
    // Before it accepts, the other side ends the pipe because it cannot read the offer, or its line or thread has ended.
    enter(this.#pipe, { ended: (error, reason) => this.giveUp(reason === FAILED ? error : closedError()) });
    // Unreffed: what keeps this thread alive is the line, for as long as it is open.
    this.#timer = setTimeout(() => this.#timeOut(), OFFER_MS).unref();
    if (signal !== undefined) this.#listen(signal);
    expect();
  }

  /** @param {AbortSignal} signal */
  #listen(signal) {
    this.#unlisten = onAbort(signal, (reason) => this.giveUp(reason));
    // A getter of the metaData may have aborted it meanwhile.
    if (signal.aborted) this.giveUp(signal.reason);
  }

  #timeOut() {
    // The answer may be here already, if this thread was busy.
    whenRead(() => {
      const seconds = OFFER_MS / 1000;
      this.giveUp(new StreamTimeoutError(`The other side added no onStream() listener within ${seconds} seconds.`));
    });
  }

  accepted() {
    if (this.#settles()) this.resolve(new OutgoingStream(this.#pipe, this.#metaData));
  }

  /** @param {unknown} reason */
  giveUp(reason) {
    if (!this.#settles()) return;
    destroyPipe(this.#pipe, false);
    this.reject(reason);
  }

  #settles() {
    if (!offered.delete(this.#pipe)) return false;
    this.#among.delete(this);
    clearTimeout(this.#timer);
    this.#unlisten();
    return true;
  }
}

onSettling(STREAM_ACCEPT, (reader) => {
  offered.get(reader.u32())?.accepted();
});

/** A stream that was offered to this agent, while its listeners are called. */
class Accepted {
  #stream;
  /** The callbacks that have not settled, and the round of calling them. */
  #unsettled = 1;

  /** @param {number} pipe @param {object} metaData */
  constructor(pipe, metaData) {
    this.#stream = new IncomingStream(pipe, metaData);
  }

  /** @param {(stream: IncomingStream) => unknown} callback */
  give(callback) {
    const result = /** @type {any} */ (callback(this.#stream));
    if (typeof result?.then !== 'function') return;
    this.#unsettled += 1;
    // Not `then` with two functions: a rejection stays an unhandled one of this thread.
    Promise.resolve(result).finally(() => this.settled());
  }

  /** One callback has settled, or the round is over. */
  settled() {
    this.#unsettled -= 1;
    if (this.#unsettled === 0) this.#stream.offered();
  }
}
