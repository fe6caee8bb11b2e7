// Contestants for a stream of bytes to another thread. `open()` resolves with `begin({ reads })`, which resolves with
// a Writable and `received()` (how many bytes, once the stream has ended), and `close()`.

export const nanolith = {
  name: 'nanolith',
  async open() {
    const { api } = await import('../workers/stream-nanolith.js');
    return overService(await api.launchService());
  },
};

export const nanolithJs = {
  name: 'nanolith 0.4.6',
  async open() {
    const { api } = await import('../workers/stream-nanolith-js.js');
    return overService(await api.launchService());
  },
};

function overService(service) {
  return {
    async begin(metaData) {
      const writable = await service.createStream(metaData);
      return { writable, received: () => service.call({ name: 'received' }) };
    },
    close: () => service.close(),
  };
}

/** What copying the same bytes within one thread takes: no stream can be faster than that. */
export const memcpy = {
  name: 'memcpy (one copy, one thread)',
  yardstick: true,
  open: async () => ({ copies: true, close() {} }),
};
