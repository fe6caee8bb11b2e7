// No loader knows TypeScript here, unless Node does: the definitions are asked for by the name of their source file.
import { define } from 'nanolith';

const sources = new URL('../native/tasks.ts', import.meta.url);
const api = await define({ add: () => 0 }, { file: sources });
const warm = await define({ add: () => 0 }, { file: sources, isolate: false, identifier: 'warm' });
const params = [{ left: 2, right: 3 }];
for (const run of [api, warm, (call) => api.launchService().then((service) => service.call(call))]) {
  try {
    console.log(await run({ name: 'add', params }));
  } catch (error) {
    console.log(error.code, error.cause.code, error.message);
  }
}
process.exit();
