// Several services of one set. Which of them is least busy, the core knows.

import { validateApi, validateCount } from './arguments.js';
import { invalidArgument, PoolExceededError } from './errors.js';
import { native } from './native.js';
import { pool } from './pool.js';
import { Service } from './service.js';

const collected = new FinalizationRegistry(native.clusterDrop);

/** See `index.d.ts`. */
export class ServiceCluster {
  #api;
  #number = native.clusterOpen();
  /** By the number of their thread. @type {Map<number, { service: Service, identifier: string }>} */
  #members = new Map();
  #launching = 0;

  /** @param {{ launchService: (options?: any) => Promise<Service> }} api */
  constructor(api) {
    validateApi(api);
    this.#api = api;
    collected.register(this, this.#number);
  }

  get activeServices() {
    return this.#members.size;
  }

  get activeServiceCalls() {
    return native.clusterActiveCalls(this.#number);
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
    const { maxConcurrency } = pool;
    const total = this.#members.size + this.#launching + count;
    if (total > maxConcurrency) {
      throw new PoolExceededError(
        `The cluster would have ${total} services, and the pool has ${maxConcurrency} slots: the last would wait for ever. ` +
          `Launch fewer, or raise the limit with pool.setConcurrency(${total}).`,
      );
    }
    this.#launching += count;
    try {
      const launched = await Promise.allSettled(Array.from({ length: count }, () => this.#api.launchService(options)));
      const services = launched.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
      const failed = launched.find((result) => result.status === 'rejected');
      if (failed) {
        await Promise.all(services.map((service) => service.close()));
        throw failed.reason;
      }
      for (const service of services) this.addService(service);
      return services;
    } finally {
      this.#launching -= count;
    }
  }

  /** @param {import('../index.d.ts').ServiceWorkerOptions} [options] */
  async launchService(options) {
    const [service] = await this.launch(1, options);
    return service;
  }

  /** @param {Service} service */
  addService(service) {
    if (!(service instanceof Service)) throw invalidArgument('service', 'a Service', service);
    const number = Service.join(service, () => {
      this.#members.delete(number);
      native.clusterRemove(this.#number, number);
    });
    if (this.#members.has(number)) return;
    native.clusterAdd(this.#number, number);
    this.#members.set(number, { service, identifier: native.randomID() });
  }

  /** @param {string} [identifier] */
  use(identifier) {
    if (identifier !== undefined) {
      for (const member of this.#members.values()) if (member.identifier === identifier) return member.service;
    }
    const number = native.clusterUse(this.#number);
    if (number === null) {
      throw new Error('The cluster has no service: launch() some, or addService() one, before use().');
    }
    return /** @type {{ service: Service }} */ (this.#members.get(number)).service;
  }

  async closeAll() {
    await Promise.all([...this.#members.values()].map(({ service }) => service.close()));
  }

  async closeAllIdle() {
    const idle = [...this.#members.values()].filter(({ service }) => service.activeCalls === 0);
    await Promise.all(idle.map(({ service }) => service.close()));
  }

  [Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose')]() {
    return this.closeAll();
  }
}
