import { api } from './worker.js';

let told = (_message: string) => {};
const exception = new Promise<string>((resolve) => {
  told = resolve;
});

const service = await api.launchService({ exceptionHandler: ({ error }) => told(error.message) });

console.log(await service.call({ name: 'add', params: [4] }));
console.log(await service.call({ name: 'add', params: [6] }));

// After an exception that its handler was told of, the service goes on.
await service.call({ name: 'stumble' });
console.log(await exception);
console.log(await service.call({ name: 'add', params: [1] }));

await service.close();
console.log(service.closed);
