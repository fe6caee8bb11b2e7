import { define, messengers } from 'nanolith';

export const api = await define({
  // Nothing is attached yet when this begins: it waits for the messenger to be brought.
  async hear() {
    const late = await messengers.use('late');
    return late.waitForMessage<string>(() => true);
  },
});
