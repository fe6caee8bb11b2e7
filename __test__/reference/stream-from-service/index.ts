import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { api } from './worker.js';

const service = await api.launchService();

const streams: Readable[] = [];
service.onStream((stream) => {
  if (stream.metaData.name !== 'words') return;
  stream.on('data', (chunk) => console.log('the main thread got', chunk));
  streams.push(stream);
});

// When the task has opened its stream, the listener has been called with it.
await service.call({ name: 'send' });
for (const stream of streams) await once(stream, 'end');
await service.close();
