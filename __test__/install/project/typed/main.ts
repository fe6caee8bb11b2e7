import { LoadError, Messenger, ServiceCluster } from 'nanolith';
import { tasks } from './tasks.js';

const sum: number = await tasks({ name: 'add', params: [2, 3] });
const service = await tasks.launchService();
const words: string[] = await service.call({ name: 'words', params: ['a b'] });
await service.close();
// @ts-expect-error: there is no such task
const missing: Error = await tasks({ name: 'subtract' }).catch((error: Error) => error);
console.log(sum, words, missing.name, new ServiceCluster(tasks).activeServices, new Messenger().ID.length > 0);
console.log(missing instanceof LoadError);
