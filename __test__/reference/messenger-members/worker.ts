import { define, Messenger, type MessengerTransfer } from 'nanolith';

export const api = await define({
  async join(transferred: MessengerTransfer) {
    const messenger = new Messenger(transferred);
    messenger.sendMessage('joined');
    // Without this, waiting would not keep the thread; a task's thread stays until the task has settled anyway.
    messenger.setRef(true);
    const word = await messenger.waitForMessage<string>((data) => data.startsWith('bye'));
    return [messenger.ID, messenger.uniqueKey, word];
  },
});
