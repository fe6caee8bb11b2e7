import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Messenger, pool, ServiceCluster } from 'nanolith';
import { tasks, warm } from './tasks.js';

const said = {};
said.sum = await tasks({ name: 'add', params: [2, 3] });
said.warm = await warm({ name: 'double', params: [21] });
said.error = await tasks({ name: 'fail', params: ['too far'] }).catch((error) => [
  error instanceof RangeError,
  error.message,
]);

const service = await tasks.launchService();
const echo = service.waitForMessage((message) => typeof message === 'string');
service.sendMessage('you');
said.echo = await echo;
const bytes = service.waitForMessage((message) => typeof message === 'number');
await pipeline(Readable.from(['a', 'bc']), await service.createStream({}));
said.bytes = await bytes;
await service.close();

const news = new Messenger('news');
const heard = news.waitForMessage(() => true);
await tasks({ name: 'announce', params: ['hello'], messengers: [news] });
said.news = await heard;
news.close();

pool.setConcurrency(2);
const cluster = new ServiceCluster(tasks);
await cluster.launch(2);
said.cluster = await cluster.use().call({ name: 'add', params: [1, 1] });
await cluster.closeAll();
console.log(JSON.stringify(said));
