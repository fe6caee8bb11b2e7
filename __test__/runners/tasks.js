// The definitions that all suites use: a file that Node itself loads on each thread, whatever the runner does to the tests.

import { define, messengers, parent } from 'nanolith';

let calls = 0;

export const tasks = await define(
  {
    add: (a, b) => a + b,
    count: () => ++calls,
    describe: (name) => ({ name, tags: ['a', 'b'], at: new Date(0), seen: new Map([[name, 1]]) }),
    fail() {
      const cause = new RangeError('too far');
      throw Object.assign(new TypeError('not like this', { cause }), { code: 'E_MINE', hints: ['try again'] });
    },
    exit: (code) => process.exit(code),
    never: () => new Promise(() => setInterval(() => {}, 1000)),
    async announce(text) {
      const news = await messengers.use('news');
      news.sendMessage({ text });
    },
  },
  { identifier: 'tasks' },
);

export const warm = await define(
  { count: () => ++calls, square: (x) => x * x, fail: () => tasks.missing.property },
  { identifier: 'warm', isolate: false },
);

export const counter = await define(
  {
    __initializeService() {
      parent.onMessage((step) => {
        if (typeof step !== 'number') throw new RangeError(`no step: ${step}`);
        calls += step;
        parent.sendMessage({ calls });
      });
      parent.onStream(async (stream) => {
        let text = '';
        for await (const chunk of stream) text += chunk;
        const back = await parent.createStream({ re: stream.metaData.name });
        back.end(text.toUpperCase());
      });
    },
    value: () => calls,
    slow: (ms) => new Promise((resolve) => setTimeout(resolve, ms, 'slow')),
  },
  { identifier: 'counter' },
);
