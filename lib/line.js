// The line between a service and its owner: messages and streams, the same at both ends.

import { agent, beforeNextLook, onInTurn, writer } from './agent.js';
import { validateTransferList } from './arguments.js';
import { ServiceClosedError } from './errors.js';
import { dropValue, readValue, writeValue } from './hosts.js';
import { Listeners } from './listeners.js';
import { MESSAGE, STREAM_OFFER } from './protocol.js';
import { destroyPipe } from './streams/ends.js';
import { Offers } from './streams.js';

/** The lines of this agent, by the thread that is not the owner. @type {Map<number, Line>} */
export const lines = new Map();

/** One end of a line. */
export class Line {
  #listeners = new Listeners();
  #offers;
  #closed = false;
  /** How to deliver what arrived before anybody could listen, in order. @type {(() => void)[] | undefined} */
  #early;

  /**
   * @param {number} thread the service
   * @param {number} peer the agent at the other end
   */
  constructor(thread, peer) {
    this.thread = thread;
    this.peer = peer;
    this.#offers = new Offers(thread, peer, closedError);
    lines.set(thread, this);
  }

  get closed() {
    return this.#closed;
  }

  /**
   * Sends a value to the other end.
   * @param {unknown} data
   * @param {import('./hosts.js').TransferList} [transferList]
   */
  sendMessage(data, transferList) {
    this.assertOpen();
    validateTransferList(transferList);
    const start = writer.position;
    try {
      writer.u8(MESSAGE);
      writer.u32(this.thread);
      writeValue(data, this.thread, transferList);
      agent.send(this.peer, start, writer.position - start);
    } finally {
      writer.position = start;
    }
  }

  /** @param {(data: any) => void} callback */
  onMessage(callback) {
    return this.#listeners.add(callback);
  }

  /** @param {(data: any) => void} callback */
  offMessage(callback) {
    this.#listeners.remove(callback);
  }

  /**
   * @param {(data: any) => boolean | Promise<boolean>} predicate
   * @param {{ signal?: AbortSignal }} [options]
   */
  waitForMessage(predicate, options) {
    return this.#listeners.wait(predicate, options);
  }

  /** @param {(stream: any) => void | Promise<void>} callback */
  onStream(callback) {
    return this.#offers.listen(callback);
  }

  /** @param {object} metaData @param {{ signal?: AbortSignal }} [options] */
  async createStream(metaData, options) {
    this.assertOpen();
    return this.#offers.make(metaData, options);
  }

  /** Throws on a line that has ended. */
  assertOpen() {
    if (this.#closed) throw closedError();
  }

  /** Keeps what arrives until `deliverEarly`. */
  keepEarly() {
    this.#early = [];
  }

  /** Delivers it, one after the other, each as a message that arrives now. */
  deliverEarly() {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const deliver of early) beforeNextLook(deliver);
  }

  /** @param {unknown} data */
  receive(data) {
    this.#inOrder(() => this.#listeners.emit(data));
  }

  /** @param {number} pipe @param {any} metaData */
  receiveOffer(pipe, metaData) {
    this.#inOrder(this.#offers.receive(pipe, metaData));
  }

  /** @param {() => void} deliver */
  #inOrder(deliver) {
    if (this.#early) this.#early.push(deliver);
    else deliver();
  }

  /** Ends this end: what waits here rejects. */
  close() {
    if (this.#closed) return;
    this.#closed = true;
    lines.delete(this.thread);
    this.#listeners.close(closedError);
    this.#offers.close();
  }
}

export function closedError() {
  return new ServiceClosedError('The service has been closed, or its thread has ended.');
}

onInTurn(MESSAGE, (reader) => {
  const line = lines.get(reader.u32());
  if (line === undefined) dropValue(reader);
  // One that cannot be read is nobody's result: an uncaught exception of this thread.
  else line.receive(readValue(reader));
});

onInTurn(STREAM_OFFER, (reader) => {
  const line = lines.get(reader.u32());
  const pipe = reader.u32();
  if (line === undefined) {
    dropValue(reader);
    destroyPipe(pipe, true);
  } else {
    let metaData;
    try {
      metaData = readValue(reader);
    } catch (error) {
      // No stream without it: whoever offers this one hears why.
      destroyPipe(pipe, true, error);
      return;
    }
    line.receiveOffer(pipe, metaData);
  }
});
