// What must not compile. A line that does is an error of its own: an unused `@ts-expect-error`.
import { Worker, type WorkerOptions } from 'node:worker_threads';

import {
  ConcurrencyOption,
  define,
  LoadError,
  Messenger,
  messengers,
  type Nanolith,
  parent,
  pool,
  Service,
  ServiceCluster,
  type TaskDefinitions,
} from '../../index.js';
import { api, exact, warm } from './definitions.js';

// Definitions
// @ts-expect-error: no object
await define(() => {});
// @ts-expect-error
await define(null);
// @ts-expect-error
await define([() => {}]);
// @ts-expect-error: a member that is no function
await define({ run: 3 });
// @ts-expect-error
await define({ run: undefined });
// @ts-expect-error: a hook gets a number
await define({ __beforeTask(threadID: string) {} });
await define({
  __initializeService(threadID, info) {
    // @ts-expect-error
    info.nope;
  },
});
// @ts-expect-error
await define({ __initializeService: 'no function' });

// Options of define
// @ts-expect-error
await define({ run() {} }, { identifier: 3 });
// @ts-expect-error
await define({ run() {} }, { file: 3 });
// @ts-expect-error
await define({ run() {} }, { safeMode: 'no' });
// @ts-expect-error
await define({ run() {} }, { isolated: false });
// @ts-expect-error: options are a key of each call
await define({ run() {} }, { options: { env: {} } });
// @ts-expect-error
await define({ run() {} }, { isolate: true, options: { env: {} } });
// @ts-expect-error: nanolith's own
await define({ run() {} }, { isolate: false, options: { workerData: 1 } });
// @ts-expect-error: for services only
await define({ run() {} }, { isolate: false, options: { stdout: true } });

// Names
// @ts-expect-error
await api({ name: 'ad', params: [1, 2] });
// @ts-expect-error
await api({ name: 'toString' });
// @ts-expect-error
await api({ params: [1, 2] });
// @ts-expect-error
await api();
// @ts-expect-error
await api('add', [1, 2]);
// @ts-expect-error: hooks are not tasks
await api({ name: '__initializeService', params: [1, { name: '', inService: true }] });
// @ts-expect-error
await api({ name: '__beforeTask', params: [1] });
// @ts-expect-error
await api({ name: '__afterTask', params: [1, { name: '', inService: true }] });
// @ts-expect-error
await api({ name: '__beforeServiceTask' });
// @ts-expect-error
await api({ name: '__afterServiceTask' });
declare const anyName: string;
// @ts-expect-error
await api({ name: anyName });

// Params
// @ts-expect-error: missing
await api({ name: 'add' });
// @ts-expect-error
await api({ name: 'add', params: undefined });
// @ts-expect-error
await api({ name: 'add', params: [] });
// @ts-expect-error: too few
await api({ name: 'add', params: [1] });
// @ts-expect-error: too many
await api({ name: 'add', params: [1, 2, 3] });
// @ts-expect-error: of the wrong type
await api({ name: 'add', params: [1, '2'] });
// @ts-expect-error
await api({ name: 'add', params: 3 });
// @ts-expect-error
await api({ name: 'nothing', params: [1] });
// @ts-expect-error
await api({ name: 'greet', params: [1] });
// @ts-expect-error
await api({ name: 'sum', params: [1, '2'] });
// @ts-expect-error
await api({ name: 'tuple' });
// @ts-expect-error
await api({ name: 'leading', params: ['a', 'b'] });
// @ts-expect-error
await api({ name: 'identity' });
// @ts-expect-error: no overload takes it
await api({ name: 'format', params: [true] });
// @ts-expect-error
await api({ name: 'format', params: [1, true] });
// @ts-expect-error
await api({ name: 'move', params: [{ x: 1 }] });
// @ts-expect-error: an unknown property
await api({ name: 'move', params: [{ x: 1, y: 2, z: 3 }] });
// @ts-expect-error
await api({ name: 'choose', params: ['up'] });
declare const numbers: number[];
// @ts-expect-error: may be of another length
await api({ name: 'add', params: numbers });
declare const addOrNothing: 'add' | 'nothing';
// @ts-expect-error: must suit both
await api({ name: addOrNothing, params: [1, 2] });
// @ts-expect-error
await api({ name: addOrNothing });
const untyped = await define({
  // @ts-expect-error: a parameter without a type is `never`
  shout: (text) => text.toUpperCase(),
});
// @ts-expect-error
await untyped({ name: 'shout', params: ['a'] });

// Results
// @ts-expect-error
const text: string = await api({ name: 'add', params: [1, 2] });
// @ts-expect-error
(await api({ name: 'greet' })).length;
// @ts-expect-error
(await api({ name: 'nothing' })).anything;
// @ts-expect-error
(await api({ name: 'identity', params: [1] })).anything;

// Options of a call
// @ts-expect-error
await api({ name: 'nothing', parms: [] });
// @ts-expect-error
await api({ name: 'nothing', priority: 1 });
// @ts-expect-error
await api({ name: 'nothing', reffed: 'no' });
// @ts-expect-error
await api({ name: 'nothing', messengers: ['foo'] });
// @ts-expect-error
await api({ name: 'nothing', messengers: new Messenger('foo') });
// @ts-expect-error
await api({ name: 'nothing', signal: new AbortController() });
// @ts-expect-error
await api({ name: 'nothing', transferList: [{}] });
// @ts-expect-error
await api({ name: 'nothing', exceptionHandler() {} });
// @ts-expect-error: nanolith's own
await api({ name: 'nothing', options: { workerData: 1 } });
// @ts-expect-error
await api({ name: 'nothing', options: { eval: false } });
// @ts-expect-error
await api({ name: 'nothing', options: { transferList: [] } });
// @ts-expect-error: for services only
await api({ name: 'nothing', options: { stdin: true } });
// @ts-expect-error
await api({ name: 'nothing', options: { stdout: true } });
// @ts-expect-error
await api({ name: 'nothing', options: { stderr: true } });
// @ts-expect-error
await api({ name: 'nothing', options: { nope: 1 } });
declare const nodeOptions: WorkerOptions;
// @ts-expect-error: may have what is nanolith's own
await api({ name: 'nothing', options: nodeOptions });
// @ts-expect-error
await api.launchService({ options: nodeOptions });
// @ts-expect-error: a warm set has them from define
await warm({ name: 'ping', options: { env: {} } });
// @ts-expect-error
await warm({ name: 'ping', options: {} });

// @ts-expect-error: would allow them
const isolated: Nanolith<{ ping: () => 'pong' }> = warm;
// @ts-expect-error: has a task that the set has not
const larger: Service<{ ping: () => 'pong'; more: () => void }> = await warm.launchService();

// The API is frozen
// @ts-expect-error
api.file = 'other';
// @ts-expect-error
api.identifier = 'other';
// @ts-expect-error
api.launchService = warm.launchService;

// Services
// @ts-expect-error
new Service();
// @ts-expect-error
await api.launchService({ exceptionHandler: 'log' });
// @ts-expect-error
await api.launchService({ exceptionHandler: ({ nope }) => {} });
// @ts-expect-error
await api.launchService({ options: { eval: true } });
// @ts-expect-error
await api.launchService({ params: [] });
const service = await api.launchService();
// @ts-expect-error
await service.call({ name: 'add' });
// @ts-expect-error
await service.call({ name: '__beforeServiceTask' });
// @ts-expect-error: only where it takes a thread
await service.call({ name: 'nothing', priority: true });
// @ts-expect-error
await service.call({ name: 'nothing', options: {} });
// @ts-expect-error
service.on('terminate', () => {});
// @ts-expect-error
service.on('terminated', (exitCode: string) => {});
// @ts-expect-error
service.closed = true;
// @ts-expect-error
service.sendMessage('a', { transfer: [] });
// @ts-expect-error
service.sendMessage();
// @ts-expect-error
service.onMessage('message', () => {});
// @ts-expect-error
service.onMessage((data) => data.anything);
// @ts-expect-error
await service.waitForMessage<number>((data) => data.length);
// @ts-expect-error
await service.waitForMessage();
// @ts-expect-error
await service.sendMessenger('foo');
// @ts-expect-error
await service.sendMessenger(new Messenger('foo').transfer());
// @ts-expect-error
await service.createStream();
// @ts-expect-error
await service.createStream('foo');
// @ts-expect-error
service.onStream((stream) => stream.metaData.size.toFixed());
// @ts-expect-error: a reading end
parent.onStream((stream) => stream.write('a'));
// @ts-expect-error
parent.call({ name: 'add', params: [1, 2] });
// @ts-expect-error
parent.close();

// Clusters
// @ts-expect-error
new ServiceCluster();
// @ts-expect-error
new ServiceCluster({ add() {} });
const cluster = new ServiceCluster(api);
// @ts-expect-error
await cluster.launch();
// @ts-expect-error
await cluster.launch({});
// @ts-expect-error: a service of another set
cluster.addService(await warm.launchService());
// @ts-expect-error
cluster.use(0);
// @ts-expect-error
await cluster.use().call({ name: 'add', params: ['1', 2] });

// Messengers
// @ts-expect-error
new Messenger(3);
// @ts-expect-error
new Messenger({});
const messenger = new Messenger('foo');
// @ts-expect-error: it has many receivers
messenger.sendMessage('a', []);
// @ts-expect-error
messenger.setRef();
// @ts-expect-error
messenger.ID = 'bar';
// @ts-expect-error
await messengers.use();
// @ts-expect-error: there may be none
messengers.seek()['foo'].close();

// The pool
// @ts-expect-error
pool.setConcurrency('Default');
// @ts-expect-error
pool.setConcurrency(ConcurrencyOption.x3);
// @ts-expect-error
pool.maxConcurrency = 3;
// @ts-expect-error
pool.next.name;
// @ts-expect-error
ConcurrencyOption.x1 = 'x2';

// Errors
// @ts-expect-error
new LoadError('made by nanolith only');
declare const loadError: LoadError;
// @ts-expect-error: `code` is a literal
if (loadError.code === 'ERR_NANOLITH_LOADED') {
}

// What is not exported
// @ts-expect-error
type Line = import('../../index.js').MessageLine;
// @ts-expect-error
type Item = import('../../index.js').ItemOptions<object>;

const definitions: TaskDefinitions = { run: () => 1 };
// @ts-expect-error: what is in it is not known
(await (await define(definitions))({ name: 'run' })).toFixed();

// The tests themselves: `any` is the same as itself only
type Any = ReturnType<typeof JSON.parse>;
// @ts-expect-error
exact<Any, string>(true);
// @ts-expect-error
exact<string, Any>(true);
// @ts-expect-error
exact<unknown, Any>(true);
