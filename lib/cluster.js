// Several services of one set. Which of them is least busy, the core knows.

import { validateApi, validateCount, validateLaunchOptions } from './arguments.js';
import { invalidArgument, NoServiceError, PoolExceededError } from './errors.js';
import { closedError } from './line.js';
import { native } from './native.js';
import { pool } from './pool.js';
import { Service } from './service.js';
import { onAbort } from './signals.js';

/** See `index.d.ts`. */
export class ServiceCluster {
  #api;
  /** What the core has of it. */
  #core = native.clusterOpen();
  /** By the number of their thread. @type {Map<number, { service: Service, identifier: string }>} */
  #members = new Map();
  #launching = 0;
  /** Those that take no more calls, and whose threads are not gone. @type {Service[]} */
  #ending = [];

  /** @param {{ launchService: (options?: any) => Promise<Service> }} api */
  constructor(api) {
    validateApi(api);
    this.#api = api;
  }

  get activeServices() {
    return this.#members.size;
  }

  get activeServiceCalls() {
    return native.clusterActiveCalls(this.#core);
  }

  get currentServices() {
    return [...this.#members.values()].map(({ service, identifier }) => ({
      service,
      active: service.activeCalls,
      identifier,
    }));
  }

  /** @param {number} count @param {import('../index.d.ts').ServiceWorkerOptions} [options] */
  async launch(count, options) {
    validateCount(count);
    validateLaunchOptions(options);
    this.#assertRoomFor(count);
    this.#launching += count;
    try {
      const services = await launchAll(this.#api, count, options);
      try {
        for (const service of services) this.addService(service);
      } catch (error) {
        // One has ended while the others were launched.
        await close(services);
        throw error;
      }
      for (const service of services) Service.deliverLater(service);
      return services;
    } finally {
      this.#launching -= count;
    }
  }

  /** @param {number} count */
  #assertRoomFor(count) {
    const { maxConcurrency } = pool;
    const total = this.#members.size + this.#launching + count;
    if (total <= maxConcurrency) return;
    throw new PoolExceededError(
      `The cluster would have ${total} services, and the pool has ${maxConcurrency} slots: the last would wait for ever. ` +
        `Launch fewer, or raise the limit with pool.setConcurrency(${total}).`,
    );
  }

  /** @param {import('../index.d.ts').ServiceWorkerOptions} [options] */
  async launchService(options) {
    const [service] = await this.launch(1, options);
    return service;
  }

  /** @param {Service} service */
  addService(service) {
    assertService(service);
    const number = Service.numberOf(service);
    if (this.#members.has(number)) return;
    if (!native.clusterAdd(this.#core, number)) throw closedError();
    this.#members.set(number, { service, identifier: native.randomID() });
    Service.onEnding(service, () => this.#leave(number, service));
  }

  /** @param {number} number @param {Service} service */
  #leave(number, service) {
    this.#members.delete(number);
    native.clusterRemove(this.#core, number);
    this.#ending = [...this.#ending, service].filter(({ closed }) => !closed);
  }

  /** @param {string} [identifier] */
  use(identifier) {
    if (identifier !== undefined) {
      for (const member of this.#members.values()) if (member.identifier === identifier) return member.service;
    }
    const number = native.clusterUse(this.#core);
    if (number === null) {
      throw new NoServiceError('The cluster has no service: launch() some, or addService() one, before use().');
    }
    return /** @type {{ service: Service }} */ (this.#members.get(number)).service;
  }

  async closeAll() {
    await close([...this.#members.values()].map(({ service }) => service).concat(this.#ending));
  }

  async closeAllIdle() {
    const idle = [...this.#members.values()].filter(({ service }) => service.activeCalls === 0);
    await close(idle.map(({ service }) => service));
  }

  [Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose')]() {
    return this.closeAll();
  }
}

/** @param {unknown} service */
function assertService(service) {
  if (!(service instanceof Service)) throw invalidArgument('service', 'a Service', service);
}

/** @param {Service[]} services */
async function close(services) {
  await Promise.all(services.map((service) => service.close()));
}

/**
 * Launches several services; when one fails, the launches under way are undone and the others closed.
 * @param {{ launchService: (options?: any) => Promise<Service> }} api
 * @param {number} count
 * @param {import('../index.d.ts').ServiceWorkerOptions} [options]
 */
async function launchAll(api, count, options) {
  const signal = options?.signal;
  if (signal?.aborted) throw signal.reason;
  const undo = new AbortController();
  const unlisten = signal && onAbort(signal, (reason) => undo.abort(reason));
  /** @type {{ reason: unknown } | undefined} */
  let failure;
  /** @type {Service[]} */
  const services = [];
  const launchOne = async () => {
    try {
      const service = await api.launchService({ ...options, signal: undo.signal });
      assertService(service);
      services.push(service);
      // The caller can listen once all of them are there.
      Service.keepEarly(service);
    } catch (reason) {
      failure ??= { reason };
      undo.abort();
    }
  };
  await Promise.all(Array.from({ length: count }, launchOne));
  unlisten?.();
  if (failure === undefined) return services;
  await close(services);
  throw failure.reason;
}
