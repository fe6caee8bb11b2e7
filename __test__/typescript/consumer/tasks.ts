// A user's definitions file.
import { define, type HookInfo, messengers, parent } from 'nanolith';

export interface Point {
  x: number;
  y: number;
}

let handled = 0;

export const api = await define({
  add: (x: number, y: number) => x + y,
  greet: async (name = 'world') => `hello ${name}`,
  total: (...values: number[]) => values.reduce((total, value) => total + value, 0),
  norm: ({ x, y }: Point) => Math.hypot(x, y),
  async news() {
    const messenger = await messengers.use('news');
    messenger.sendMessage({ handled });
    return new Map([['handled', handled]]);
  },
  __initializeService() {
    parent.onMessage<Point>(({ x, y }) => parent.sendMessage(x + y));
  },
  __beforeTask(threadID: number, { name, inService }: HookInfo) {
    if (!inService && threadID > 0) console.log(name);
    handled += 1;
  },
});

export const warm = await define({ add: (x: number, y: number) => x + y }, { isolate: false, identifier: 'warm' });
