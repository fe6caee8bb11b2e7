import { Messenger } from 'nanolith';
import { api } from './worker.js';

const service = await api.launchService();
const heard = service.call({ name: 'hear' });

const late = new Messenger('late');
await service.sendMessenger(late);
late.sendMessage('better late than never');
console.log(await heard);

await service.close();
