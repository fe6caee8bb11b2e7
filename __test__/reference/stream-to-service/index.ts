import { Readable } from 'node:stream';
import { api } from './worker.js';

const words = ['one', 'two', 'three', 'four'];
const source = new Readable({
  read() {
    this.push(words.shift() ?? null);
  },
});

const service = await api.launchService();
const ended = service.waitForMessage((data) => data === 'end');
source.pipe(await service.createStream({ name: 'words' }));
await ended;
await service.close();
