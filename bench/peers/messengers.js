// Contestants for one sender and many subscribers on threads of their own. `open(subscribers)` resolves with:
// `expect(n)`, which resolves once the subscribers are ready with a function that waits until each has n messages,
// `send(message)` and `close()`.

import { once } from 'node:events';
import { BroadcastChannel, Worker } from 'node:worker_threads';

const MOST_SUBSCRIBERS = 16;

const worker = (file) => new URL(`../workers/${file}`, import.meta.url);

export const nanolith = {
  name: 'nanolith',
  async open(subscribers) {
    const { Messenger, pool } = await import('../../dist/index.js');
    const { api } = await import('../workers/messenger-nanolith.js');
    pool.setConcurrency(MOST_SUBSCRIBERS);
    const messenger = new Messenger(`bench-${Math.random()}`);
    const services = await Promise.all(
      Array.from({ length: subscribers }, () => api.launchService({ messengers: [messenger] })),
    );
    await Promise.all(services.map((service) => service.call({ name: 'listen', params: [messenger.ID] })));
    return overServices(services, messenger, (service, name, params) => service.call({ name, params }));
  },
};

export const nanolithJs = {
  name: 'nanolith 0.4.6',
  async open(subscribers) {
    const { ConcurrencyOption, Messenger, pool } = await import('nanolith-js');
    const { api } = await import('../workers/messenger-nanolith-js.js');
    pool.setConcurrency(ConcurrencyOption.x10);
    const messenger = new Messenger(`bench-${Math.random()}`);
    const services = await Promise.all(
      Array.from({ length: subscribers }, () => api.launchService({ messengers: [messenger] })),
    );
    await Promise.all(services.map((service) => service.call({ name: 'listen', params: [messenger.ID] })));
    return overServices(services, messenger, (service, name, params) => service.call({ name, params }));
  },
};

function overServices(services, messenger, call) {
  return {
    async expect(count) {
      await Promise.all(services.map((service) => call(service, 'expect', [count])));
      const received = services.map((service) => call(service, 'received', []));
      return () => Promise.all(received);
    },
    send: (message) => messenger.sendMessage(message),
    async close() {
      messenger.close();
      await Promise.all(services.map((service) => service.close()));
    },
  };
}

export const broadcastChannel = {
  name: 'BroadcastChannel',
  async open(subscribers) {
    const name = `bench-${Math.random()}`;
    const channel = new BroadcastChannel(name);
    const threads = Array.from(
      { length: subscribers },
      () => new Worker(worker('messenger-channel.js'), { workerData: { name } }),
    );
    await Promise.all(threads.map((thread) => once(thread, 'message')));
    return {
      async expect(count) {
        const ready = threads.map((thread) => once(thread, 'message'));
        for (const thread of threads) thread.postMessage(count);
        await Promise.all(ready);
        const received = threads.map((thread) => once(thread, 'message'));
        return () => Promise.all(received);
      },
      send: (message) => channel.postMessage(message),
      async close() {
        channel.close();
        await Promise.all(threads.map((thread) => thread.terminate()));
      },
    };
  },
};
