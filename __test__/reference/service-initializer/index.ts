import { api } from './worker.js';

const service = await api.launchService();
console.log(await service.call({ name: 'lookUp', params: ['two'] }));
await service.close();

// A task's thread is no service, so nothing was initialized.
console.log(await api({ name: 'lookUp', params: ['two'] }));
