// What a user's program does with them, and what its compiler must refuse.
import {
  Messenger,
  type Nanolith,
  pool,
  type Service,
  ServiceCluster,
  type TaskParams,
  type TaskResult,
  WorkerExitedError,
} from 'nanolith';
import { api, type Point, warm } from './tasks.js';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function exact<A, B>(_same: Equal<A, B>): void {}

type Tasks = typeof api extends Nanolith<infer D> ? D : never;

const sum = await api({ name: 'add', params: [1, 2] });
exact<typeof sum, number>(true);
const greeting = await api({ name: 'greet' });
exact<typeof greeting, string>(true);
const map = await api({ name: 'news', messengers: [new Messenger('news')], signal: AbortSignal.timeout(1000) });
exact<typeof map, Map<string, number>>(true);
exact<TaskParams<Tasks, 'norm'>, readonly [Point]>(true);
exact<TaskResult<Tasks, 'norm'>, number>(true);

// @ts-expect-error: no such task
await api({ name: 'substract', params: [1, 2] });
// @ts-expect-error: a hook is no task
await api({ name: '__beforeTask', params: [1] });
// @ts-expect-error: a parameter is missing
await api({ name: 'add', params: [1] });
// @ts-expect-error: all parameters are missing
await api({ name: 'add' });
// @ts-expect-error: of a wrong type
await api({ name: 'norm', params: [{ x: 1, y: '2' }] });
// @ts-expect-error: the threads of a warm set get their options from define
await warm({ name: 'add', params: [1, 2], options: { argv: [] } });
// @ts-expect-error: nanolith's own
await api({ name: 'greet', options: { workerData: 1 } });
// @ts-expect-error: the result is a number
export const wrong: string = await api({ name: 'add', params: [1, 2] });

const service = await api.launchService({ exceptionHandler: ({ error }) => console.error(error.message) });
exact<Awaited<ReturnType<typeof service.close>>, void>(true);
const norm = await service.call({ name: 'norm', params: [{ x: 3, y: 4 }] });
exact<typeof norm, number>(true);
// @ts-expect-error: calls of a service have no place in the pool's queue
await service.call({ name: 'greet', priority: true });
service.once('terminated', (exitCode) => exact<typeof exitCode, number>(true));
service.onStream<{ path: string }>(async (stream) => {
  for await (const chunk of stream) console.log(stream.metaData.path, chunk);
});

const cluster = new ServiceCluster(api);
const services = await cluster.launch(pool.maxConcurrency);
exact<(typeof services)[number], typeof service>(true);
export const any: Service = service;
export const total: number = await cluster.use().call({ name: 'total', params: [1, 2, 3] });
// @ts-expect-error: the promise of an api is none
new ServiceCluster(Promise.resolve(api));

try {
  await api({ name: 'greet' });
} catch (error) {
  if (error instanceof WorkerExitedError) exact<typeof error.exitCode, number>(true);
}
