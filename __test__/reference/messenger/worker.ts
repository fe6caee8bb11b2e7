import { define, messengers } from 'nanolith';

export const api = await define({
  async __initializeService() {
    const board = await messengers.use('board');
    board.onMessage<string>((text) => board.sendMessage(`the service read: ${text}`));
  },
  async pin(text: string) {
    const board = await messengers.use('board');
    console.log(Object.keys(messengers.seek()), messengers.seek().board === board);
    board.sendMessage(text);
    // The service reads it, and says so to the task as well as to the main thread.
    return board.waitForMessage<string>((answer) => answer.endsWith(text));
  },
});
