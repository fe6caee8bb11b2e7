import { define, messengers } from 'nanolith';

export const api = await define({
  describe: async () => [process.env.ROLE, (await messengers.use('news')).ID],
  stumble() {
    queueMicrotask(() => {
      throw new Error('not again');
    });
  },
});
