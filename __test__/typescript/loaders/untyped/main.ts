import { fresh, warm } from './tasks.ts';

const call = { name: 'add', params: [{ left: 2, right: 3 }] } as const;
const service = await fresh.launchService();
const answers: number[] = [await fresh(call), await warm(call), await service.call(call)];
await service.close();
console.log(answers.join(' '));
