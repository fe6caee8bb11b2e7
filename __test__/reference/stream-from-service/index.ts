import { api } from './worker.js';

const service = await api.launchService();

const ended = new Promise<void>((resolve) => {
  service.onStream((stream) => {
    if (stream.metaData.name !== 'words') return;
    stream.on('data', (chunk) => console.log('the main thread got', chunk));
    stream.on('end', resolve);
  });
});

// The task makes the stream and returns; what it pipes arrives when it likes.
await service.call({ name: 'send' });
await ended;
await service.close();
