// A service, as its owner sees it.

import { EventEmitter } from 'node:events';
import { clearTimeout, setTimeout } from 'node:timers';
import { inspect } from 'node:util';

import { agent, beforeNextLook, expect, onInTurn, throwUncaught, writer } from './agent.js';
import { messengerID, validateServiceCall } from './arguments.js';
import { abandon, Call, callsOf, fail, open, ServiceCall } from './calls.js';
import { readThrown, writeParams } from './hosts.js';
import { closedError, Line } from './line.js';
import { native } from './native.js';
import { CALL, END, EXCEPTION, MESSENGER } from './protocol.js';
import { onAbort } from './signals.js';
import { Thread } from './threads.js';
import { warn, warnOnce } from './warnings.js';

/** How long a closing service may take to get to what was sent before, in milliseconds. */
const CLOSE_MS = 100;
const NO_PARAMS = /** @type {readonly unknown[]} */ (Object.freeze([]));

/** The services of this agent whose threads have not exited. @type {Map<number, Service>} */
const services = new Map();

/** See `index.d.ts`. */
export class Service extends EventEmitter {
  #thread;
  #set;
  #line;
  #exceptionHandler;
  #reffed;
  #threadID;
  #closed = false;
  /** @type {Promise<void> | undefined} */
  #closing;

  /**
   * @param {Thread} thread
   * @param {import('./tasks.js').TaskSet} set
   * @param {import('../index.d.ts').ServiceWorkerOptions} options
   */
  constructor(thread, set, options) {
    super();
    if (!(thread instanceof Thread)) throw illegalConstructor();
    this.#thread = thread;
    this.#set = set;
    this.#exceptionHandler = options.exceptionHandler;
    this.#reffed = options.reffed !== false;
    this.#threadID = thread.worker.threadId;
    this.#line = new Line(thread.id, thread.id);
    this.#line.keepEarly();
    services.set(thread.id, this);
    thread.onEnd = (code) => this.#end(code);
  }

  get threadID() {
    return this.#threadID;
  }

  get closed() {
    return this.#closed;
  }

  get activeCalls() {
    return this.#closed ? 0 : agent.activeCalls(this.#thread.id);
  }

  get worker() {
    return this.#thread.worker;
  }

  /** @param {import('../index.d.ts').ServiceCallOptions<any, any>} request */
  call(request) {
    try {
      validateServiceCall(request);
      return this.#call(request);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** @param {any} request */
  #call({ name, params = NO_PARAMS, signal, transferList }) {
    const atom = this.#set.atom(name);
    if (signal?.aborted) throw signal.reason;
    this.#assertOpen();
    const { id } = this.#thread;
    const call = new ServiceCall(this.#thread);
    const promise = open(call);
    const start = writer.position;
    try {
      // First: once the host values are under way, nothing may keep the call from following them.
      if (signal) call.unlisten = onAbort(signal, (reason) => abandon(call, reason));
      writer.u8(CALL);
      writer.u32(call.id);
      writer.u32(atom);
      writeParams(params, id, transferList);
      // A getter among the params may have closed the service, and so settled the call.
      if (this.#closing === undefined) {
        agent.call(id, start, writer.position - start);
        expect();
      }
    } catch (error) {
      fail(call, error);
    } finally {
      writer.position = start;
    }
    return promise;
  }

  /** @param {unknown} data @param {import('./hosts.js').TransferList} [transferList] */
  sendMessage(data, transferList) {
    this.#line.sendMessage(data, transferList);
  }

  /** @param {(data: any) => void} callback */
  onMessage(callback) {
    return this.#line.onMessage(callback);
  }

  /** @param {(data: any) => void} callback */
  offMessage(callback) {
    this.#line.offMessage(callback);
  }

  /** @param {(data: any) => boolean | Promise<boolean>} predicate @param {{ signal?: AbortSignal }} [options] */
  waitForMessage(predicate, options) {
    return this.#line.waitForMessage(predicate, options);
  }

  /** @param {(stream: any) => void | Promise<void>} callback */
  onStream(callback) {
    return this.#line.onStream(callback);
  }

  /** @param {object} metaData @param {{ signal?: AbortSignal }} [options] */
  createStream(metaData, options) {
    return this.#line.createStream(metaData, options);
  }

  /** @param {import('../index.d.ts').Messenger} messenger */
  async sendMessenger(messenger) {
    const ID = messengerID(messenger);
    this.#assertOpen();
    const call = new Call(this.#thread);
    const promise = open(call);
    const start = writer.position;
    try {
      writer.u8(MESSENGER);
      writer.u32(call.id);
      writer.text(ID);
      agent.send(this.#thread.id, start, writer.position - start);
      expect();
    } catch (error) {
      fail(call, error);
    } finally {
      writer.position = start;
    }
    return promise;
  }

  close() {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close() {
    if (this.#closed) return;
    const { worker, exited, id } = this.#thread;
    this.#settle();
    worker.ref();
    const start = writer.position;
    writer.u8(END);
    agent.send(id, start, writer.position - start);
    writer.position = start;
    const timer = setTimeout(() => worker.terminate(), CLOSE_MS);
    await exited;
    clearTimeout(timer);
  }

  [Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose')]() {
    return this.close();
  }

  #assertOpen() {
    if (this.#closed || this.#closing) throw closedError();
  }

  /** Everything pending rejects, and nothing new begins. */
  #settle() {
    for (const call of callsOf(this.#thread)) fail(call, closedError());
    native.clearCalls(agent.id, this.#thread.id);
    this.#line.close();
    this.#leaveClusters();
  }

  /** @param {number} code */
  #end(code) {
    services.delete(this.#thread.id);
    this.#closed = true;
    this.#line.close();
    this.#leaveClusters();
    try {
      this.emit('terminated', code);
    } catch (error) {
      // A listener's fault: whoever waits for the thread's end hears of it all the same.
      throwUncaught(error);
    }
  }

  /** What takes this service out of its clusters. @type {Set<() => void>} */
  #clusters = new Set();

  #leaveClusters() {
    for (const leaveCluster of this.#clusters) leaveCluster();
    this.#clusters.clear();
  }

  /**
   * For a cluster: the number of its thread. Throws when it takes no more calls.
   * @param {Service} service
   */
  static numberOf(service) {
    service.#assertOpen();
    return service.#thread.id;
  }

  /**
   * For a cluster: what to do once when the service takes no more calls.
   * @param {Service} service
   * @param {() => void} leaveCluster
   */
  static onEnding(service, leaveCluster) {
    service.#clusters.add(leaveCluster);
  }

  /** For a cluster, right after the launch: what it sent early waits for `deliverLater`. @param {Service} service */
  static keepEarly(service) {
    service.#keepsEarly = true;
  }

  /** @param {Service} service */
  static deliverLater(service) {
    service.#keepsEarly = false;
    // The caller's continuation adds its listeners first.
    beforeNextLook(() => service.#deliverEarly());
  }

  #keepsEarly = false;

  #deliverEarly() {
    if (!this.#keepsEarly) this.#line.deliverEarly();
  }

  /** The initializer has run. */
  launched() {
    if (!this.#reffed) this.#thread.worker.unref();
    Service.deliverLater(this);
  }

  /** @param {unknown} thrown */
  async exceptionThrown(thrown) {
    const terminate = async () => {
      this.#closing ??= this.#thread.exited.then(() => {});
      this.#settle();
      await this.#thread.worker.terminate();
      await this.#closing;
    };
    if (this.#exceptionHandler === undefined) {
      warnOfUncaught(thrown);
      return;
    }
    try {
      await this.#exceptionHandler({ error: asError(thrown), terminate });
    } catch (error) {
      warn('EXCEPTION_HANDLER', `An exceptionHandler threw: ${describe(error)}`);
    }
  }
}

function illegalConstructor() {
  const error = new TypeError('Illegal constructor: a Service comes from launchService(), and from nowhere else.');
  return Object.assign(error, { code: 'ERR_NANOLITH_INVALID_ARGUMENT' });
}

/** @param {unknown} thrown */
function warnOfUncaught(thrown) {
  warnOnce(
    'UNCAUGHT_IN_SERVICE',
    () =>
      `A service had an uncaught exception and goes on: ${describe(thrown)}. Give launchService() an exceptionHandler ` +
      'to see all of them; this warning is given once.',
  );
}

/** @param {unknown} thrown */
function describe(thrown) {
  if (thrown instanceof Error && typeof thrown.stack === 'string') return thrown.stack;
  // Not String(): a value may have no text of its own, and saying so must not be one more exception.
  return inspect(thrown, { customInspect: false });
}

/** @param {unknown} thrown */
function asError(thrown) {
  if (thrown instanceof Error) return thrown;
  return new Error(`A service threw what is no error: ${describe(thrown)}`, { cause: thrown });
}

onInTurn(EXCEPTION, (reader) => {
  const service = services.get(reader.u32());
  const thrown = readThrown(reader);
  service?.exceptionThrown(thrown);
});
