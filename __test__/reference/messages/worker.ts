import { define, parent } from 'nanolith';

export const api = await define({
  __initializeService() {
    // Hears one message, and no more.
    parent.onMessage<number>(function hear(data) {
      console.log('the service heard', data);
      parent.offMessage(hear);
    });
  },
  async answer() {
    const question = await parent.waitForMessage<string>((data) => data === 'how many?');
    parent.sendMessage(question.length);
  },
});
