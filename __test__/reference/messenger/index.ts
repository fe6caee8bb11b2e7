import { Messenger, pool } from 'nanolith';
import { api } from './worker.js';

// A service and a task at a time, on a machine with one core, too.
pool.setConcurrency(2);

const board = new Messenger('board');
const heard: string[] = [];
board.onMessage<string>((text) => heard.push(text));

const service = await api.launchService({ messengers: [board] });
console.log(await api({ name: 'pin', params: ['from a task'], messengers: [board] }));

const answer = board.waitForMessage<string>((text) => text.endsWith('from the main thread'));
board.sendMessage('from the main thread');
await answer;
// The service may have read and answered before the first of them has come here.
console.log(heard.sort().join('; '));

await service.close();
