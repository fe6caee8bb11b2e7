import { Messenger } from 'nanolith';
import { api } from './worker.js';

const service = await api.launchService({
  priority: true,
  options: { env: { ROLE: 'reporter' } },
  messengers: [new Messenger('news')],
  exceptionHandler: async ({ error, terminate }) => {
    console.log(error.message);
    await terminate();
  },
});
console.log(await service.call({ name: 'describe' }));

const terminated = new Promise((resolve) => service.once('terminated', resolve));
void service.call({ name: 'stumble' }).catch(() => {});
await terminated;
console.log(service.closed);

// Nobody closes this one; it does not keep the process.
await api.launchService({ reffed: false });
