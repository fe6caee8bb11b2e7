import { api } from './worker.js';

const service = await api.launchService();

service.onMessage<number>(function hear(data) {
  console.log('the main thread heard', data);
  service.offMessage(hear);
});
const number = service.waitForMessage<number>((data) => data > 5);

service.sendMessage(1);
service.sendMessage(2);
const answering = service.call({ name: 'answer' });
service.sendMessage('what?');
service.sendMessage('how many?');
await answering;
console.log('and waited for', await number);

await service.close();
