import { Messenger } from 'nanolith';
import { api } from './worker.js';

const here = new Messenger('room');
const there = new Messenger('room');
console.log(here.ID === there.ID, here.uniqueKey !== there.uniqueKey);

// All hear it but the one that sent it.
const listen = (messenger: Messenger, name: string) =>
  messenger.onMessage<string>(function hear(data) {
    console.log(name, data);
    messenger.offMessage(hear);
  });
listen(here, 'here:');
listen(there, 'there:');
const joined = here.waitForMessage<string>((data) => data === 'joined');
const task = api({ name: 'join', params: [here.transfer()] });
await joined;
here.sendMessage('bye');
const [ID, uniqueKey, word] = await task;
console.log(ID, uniqueKey !== here.uniqueKey, word);

// `close` ends one, `closeAll` all of them: here at once, elsewhere with the next message that is read.
there.close();
here.closeAll();
for (const messenger of [here, there]) {
  try {
    messenger.sendMessage('too late');
  } catch (error) {
    console.log((error as NodeJS.ErrnoException).code);
  }
}
