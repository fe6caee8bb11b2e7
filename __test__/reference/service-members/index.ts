import { Worker } from 'node:worker_threads';
import { api } from './worker.js';

const service = await api.launchService();
console.log(service.threadID === service.worker.threadId, service.worker instanceof Worker);

const calls = [service.call({ name: 'echo', params: ['a'] }), service.call({ name: 'echo', params: ['b'] })];
console.log(service.activeCalls, service.closed);
console.log(await Promise.all(calls), service.activeCalls);

await service.close();
console.log(service.activeCalls, service.closed);
await service.call({ name: 'echo', params: ['c'] }).catch((error) => console.log(error.code));
