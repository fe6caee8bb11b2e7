import { define, parent } from 'nanolith';

export const api = await define({
  __initializeService() {
    parent.onStream((stream) => {
      // Others may be for other listeners.
      if (stream.metaData.name !== 'words') return;
      stream.on('data', (chunk) => console.log('the service got', chunk));
      stream.on('end', () => parent.sendMessage('end'));
    });
  },
});
