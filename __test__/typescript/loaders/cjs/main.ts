import * as tasks from './tasks';

async function main(): Promise<void> {
  const [fresh, warm] = [await tasks.fresh, await tasks.warm];
  const call = { name: 'add', params: [2, 3] } as const;
  const service = await fresh.launchService();
  const answers: number[] = [await fresh(call), await warm(call), await service.call(call)];
  await service.close();
  console.log(answers.join(' '));
}

main();
