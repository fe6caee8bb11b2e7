import { api } from './worker.js';

await api({ name: 'work' });

const service = await api.launchService();
await service.call({ name: 'work' });
await service.close();
