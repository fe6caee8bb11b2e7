// What must compile, and that it has exactly the types it should: nothing decays to `any`.
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { MessageChannel, SHARE_ENV, type Worker } from 'node:worker_threads';
import * as everything from '../../index.js';
import {
  ConcurrencyOption,
  type DefineOptions,
  define,
  LoadError,
  Messenger,
  messengers,
  type Nanolith,
  type PoolItemOptions,
  parent,
  pool,
  Service,
  type ServiceCallOptions,
  ServiceCluster,
  type ServiceLauncher,
  type ServiceThreadOptions,
  type ServiceWorkerOptions,
  type TaskDefinitions,
  type TaskName,
  type TaskParams,
  type TaskResult,
  type TaskThreadOptions,
  type TaskWorkerOptions,
  WorkerExitedError,
} from '../../index.js';
import { api, exact, type IsAny, type Point, warm } from './definitions.js';

type Api = typeof api extends Nanolith<infer D> ? D : never;
const { signal } = new AbortController();
const { port1 } = new MessageChannel();

// Every run-time export has a type of its own.
type Everything = typeof everything;
exact<keyof { [N in keyof Everything as IsAny<Everything[N]> extends true ? N : never]: N }, never>(true);

// define
exact<typeof api.file, string>(true);
exact<typeof api.identifier, string>(true);
await define({});
await define({ run: () => 1 }, { file: new URL('file:///app/worker.js'), safeMode: false });
await define({ run: () => 1 }, { file: 'file:///app/worker.js', identifier: 'run', isolate: true });
await define({ run: () => 1 }, { isolate: false, options: { argv: [1, 'a'], env: process.env } });
await define({ parse: JSON.parse, now: Date.now, max: Math.max });
await define(await import('node:path').then(({ join, sep }) => ({ join })));
declare const isolate: boolean;
const either = await define({ run: () => 1 }, { isolate });
exact<typeof either, Nanolith<{ run: () => number }, boolean>>(true);
const options: DefineOptions = { identifier: 'run' };
await define({ run: () => 1 }, options);

// Calls of tasks
const sum = await api({ name: 'add', params: [1, 2] });
exact<typeof sum, number>(true);
const greeting = await api({ name: 'greet' });
exact<typeof greeting, { greeting: string }>(true);
await api({ name: 'greet', params: [] });
await api({ name: 'greet', params: ['you'] });
const nothing = await api({ name: 'nothing' });
exact<typeof nothing, void>(true);
await api({ name: 'nothing', params: [] });
await api({ name: 'sum' });
await api({ name: 'sum', params: [1, 2, 3] });
const tuple = await api({ name: 'tuple', params: ['id'] });
exact<typeof tuple, [id: string, flag?: boolean]>(true);
await api({ name: 'tuple', params: ['id', true] });
const leading = await api({ name: 'leading', params: ['a', 1, 2] });
exact<typeof leading, readonly [string, number[]]>(true);
const identity = await api({ name: 'identity', params: [{ a: 1 }] });
exact<typeof identity, unknown>(true);
const formatted = await api({ name: 'format', params: [1] });
exact<typeof formatted, 'number' | 'string'>(true);
await api({ name: 'format', params: ['a', true] });
const moved = await api({ name: 'move', params: [{ x: 1, y: 2 }] });
exact<typeof moved, Point>(true);
const side = await api({ name: 'choose', params: ['left'] });
exact<typeof side, 'left' | 'right'>(true);
await api({ name: 'list', params: [['a', 'b'] as const] });
const nested = await api({ name: 'nested' });
exact<typeof nested, Map<string, Date>>(true);
const never = api({ name: 'fails' });
exact<typeof never, Promise<never>>(true);

const frozen = [1, 2] as const;
await api({ name: 'add', params: frozen });
await api({
  name: 'add',
  params: [1, 2],
  priority: true,
  reffed: false,
  options: {
    name: 'adder',
    env: SHARE_ENV,
    argv: ['a', 1],
    execArgv: ['--no-warnings'],
    resourceLimits: { stackSizeMb: 1 },
    trackUnmanagedFds: true,
  },
  messengers: [new Messenger('foo')],
  transferList: [port1, new ArrayBuffer(8)],
  signal,
});
await api({
  name: 'greet',
  params: undefined,
  priority: undefined,
  reffed: undefined,
  options: undefined,
  messengers: undefined,
  transferList: undefined,
  signal: undefined,
});

// A union of names suits all of them
declare const noParams: 'nothing' | 'greet';
const union = await api({ name: noParams });
exact<typeof union, void | { greeting: string }>(true);

// Warm sets
const pong = await warm({ name: 'ping' });
exact<typeof pong, 'pong'>(true);
await warm({ name: 'add', params: [1, 2], priority: true, signal, messengers: [], transferList: [] });
await warm({ name: 'ping', options: undefined });

// The helper types
exact<
  TaskName<Api>,
  | 'add'
  | 'greet'
  | 'nothing'
  | 'sum'
  | 'tuple'
  | 'leading'
  | 'identity'
  | 'format'
  | 'move'
  | 'choose'
  | 'list'
  | 'nested'
  | 'fails'
>(true);
exact<TaskParams<Api, 'add'>, readonly [x: number, y: number]>(true);
exact<TaskResult<Api, 'nested'>, Map<string, Date>>(true);
const call: TaskWorkerOptions<Api, 'add'> = { name: 'add', params: [1, 2], priority: true };
const again = await api(call);
exact<typeof again, number>(true);
const serviceCall: ServiceCallOptions<Api, 'add'> = { name: 'add', params: [1, 2], signal };
async function firstService<D extends TaskDefinitions>(any: Nanolith<D>, launch: ServiceWorkerOptions) {
  const cluster = new ServiceCluster(any);
  const [service] = await cluster.launch(1, launch);
  return service;
}
const first = await firstService(api, {});
exact<typeof first, Service<Api> | undefined>(true);
const taskThread: TaskThreadOptions = { argv: ['a'] };
const serviceThread: ServiceThreadOptions = { stdin: true, stdout: true, stderr: true, name: 'io' };

// Services
const service = await api.launchService({
  exceptionHandler: ({ error, terminate }) => {
    exact<typeof error, Error>(true);
    const terminated = terminate();
    exact<typeof terminated, Promise<void>>(true);
  },
  options: serviceThread,
  messengers: [new Messenger()],
  priority: true,
  reffed: false,
  signal,
});
await api.launchService();
await warm.launchService({ options: { env: {} }, exceptionHandler: async () => {} });
exact<typeof service, Service<Api>>(true);
exact<typeof service.threadID, number>(true);
exact<typeof service.closed, boolean>(true);
exact<typeof service.activeCalls, number>(true);
exact<typeof service.worker, Worker>(true);
const serviceSum = await service.call({ name: 'add', params: [1, 2] });
exact<typeof serviceSum, number>(true);
await service.call(serviceCall);
await service.call({ name: 'greet', transferList: [], signal });
service.on('terminated', (exitCode) => exact<typeof exitCode, number>(true)).once('terminated', () => {});
await once(service, 'terminated', { signal });
await service.sendMessenger(new Messenger('late'));
exact<ReturnType<typeof service.close>, Promise<void>>(true);
{
  await using scoped = await api.launchService();
  await using cluster = new ServiceCluster(api);
}

// Messages: the same on a service and on the parent
for (const line of [service, parent]) {
  line.sendMessage({ any: 'value' });
  line.sendMessage<string>('a', [port1]);
  const remove = line.onMessage<number>(function callback(data) {
    exact<typeof data, number>(true);
    line.offMessage(callback);
  });
  exact<typeof remove, () => void>(true);
  line.onMessage((data) => exact<typeof data, unknown>(true));
  line.onMessage((data: Point) => data.x);
  line.onMessage(async () => {});
  const message = await line.waitForMessage<number>((data) => data === 1337);
  exact<typeof message, number>(true);
  const point = await line.waitForMessage(async (data: Point) => data.x > 0, { signal });
  exact<typeof point, Point>(true);
  const dontCare = await line.waitForMessage(() => true);
  exact<typeof dontCare, unknown>(true);

  line.onStream((stream) => {
    if (stream.metaData.name !== 'foo') return;
    stream.on('data', () => {});
  });
  line.onStream<{ name: string }>(async (stream) => {
    exact<typeof stream.metaData, { name: string }>(true);
    stream satisfies Readable;
  });
  const writable = await line.createStream({ name: 'foo' }, { signal });
  exact<typeof writable.metaData, { name: string }>(true);
  writable satisfies Writable;
  process.stdin.pipe(writable);
  await line.createStream<Point>({ x: 1, y: 2 });
}

// Clusters
const cluster = new ServiceCluster(api);
exact<typeof cluster, ServiceCluster<Api>>(true);
exact<typeof cluster.activeServices, number>(true);
exact<typeof cluster.activeServiceCalls, number>(true);
const services = await cluster.launch(3, { exceptionHandler: (error) => console.error(error) });
exact<typeof services, Service<Api>[]>(true);
cluster.addService(await cluster.launchService());
const clusterSum = await cluster.use().call({ name: 'add', params: [4, 3] });
exact<typeof clusterSum, number>(true);
for (const { service, active, identifier } of cluster.currentServices) {
  exact<typeof active, number>(true);
  await cluster.use(identifier).call({ name: 'nothing' });
  await service.close();
}
await cluster.closeAllIdle();
await cluster.closeAll();
const warmPong = await new ServiceCluster(warm).use().call({ name: 'ping' });
exact<typeof warmPong, 'pong'>(true);

// Messengers
const messenger = new Messenger('foo');
new Messenger();
const copy = new Messenger(messenger.transfer());
exact<typeof copy.ID, string>(true);
exact<typeof copy.uniqueKey, string>(true);
messenger.sendMessage(new Map([[1, 'a']]));
const remove = messenger.onMessage<string>((data) => exact<typeof data, string>(true));
remove();
const heard = await messenger.waitForMessage(async (data: number) => data > 1, { signal });
exact<typeof heard, number>(true);
messenger.setRef(true);
messenger.close();
messenger.closeAll();
const used = await messengers.use('foo', { signal });
exact<typeof used, Messenger>(true);
const sought = messengers.seek();
exact<typeof sought, Record<string, Messenger>>(true);

// The pool
pool.setConcurrency(ConcurrencyOption.Quarter);
pool.setConcurrency(pool.option.x10);
pool.setConcurrency(8);
pool.setSpares(0);
const option: ConcurrencyOption = ConcurrencyOption.Default;
exact<ConcurrencyOption, 'Quarter' | 'Half' | 'x1' | 'x2' | 'x4' | 'x6' | 'x8' | 'x10'>(true);
exact<typeof pool.maxConcurrency, number>(true);
exact<typeof pool.maxed, boolean>(true);
exact<typeof pool.queueLength, number>(true);
exact<typeof pool.activeCount, number>(true);
exact<typeof pool.idle, boolean>(true);
exact<typeof pool.next, PoolItemOptions | undefined>(true);
exact<PoolItemOptions['type'], 'task' | 'service'>(true);
exact<PoolItemOptions['name'], string>(true);

// Errors
try {
  await api({ name: 'nothing' });
} catch (error) {
  if (error instanceof LoadError) {
    exact<typeof error.code, 'ERR_NANOLITH_LOAD'>(true);
    exact<typeof error.cause, unknown>(true);
    error satisfies Error;
  } else if (error instanceof WorkerExitedError) {
    exact<typeof error.exitCode, number>(true);
    exact<typeof error.name, 'WorkerExitedError'>(true);
  }
}
declare const caught: unknown;
if (caught instanceof Service) exact<typeof caught.activeCalls, number>(true);

// Any set will do where no task of it is called
const launchers: ServiceLauncher<TaskDefinitions>[] = [api, warm];
const apis: Nanolith<TaskDefinitions, boolean>[] = [either];
const anyApi: Nanolith<TaskDefinitions> = api;
const anyServices: Service[] = [service, await warm.launchService()];
const anyCluster: ServiceCluster[] = [cluster];
const fewerTasks: Service<Pick<Api, 'add'>> = service;
