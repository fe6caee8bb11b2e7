import { define, messengers, parent } from 'nanolith';

export const tasks = await define({
  add: (a, b) => a + b,
  fail(message) {
    throw new RangeError(message);
  },
  async announce(text) {
    const news = await messengers.use('news');
    news.sendMessage(text);
  },
  __initializeService() {
    parent.onMessage((message) => parent.sendMessage(`heard ${message}`));
    parent.onStream(async (stream) => {
      let bytes = 0;
      for await (const chunk of stream) bytes += chunk.length;
      parent.sendMessage(bytes);
    });
  },
});

export const warm = await define({ double: (x) => x * 2 }, { isolate: false });
