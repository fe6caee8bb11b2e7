/// <reference types="node" />
/// <reference lib="esnext.disposable" />

import { EventEmitter } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import type { Worker, WorkerOptions } from 'node:worker_threads';

export {}; // Only what says `export` is exported.

/* ----------------------------------------------------------------------------------------- definitions */

/**
 * A set of tasks by name, with any of the hooks. A member that is not a function is refused.
 *
 * A task may be sync or async, and may take whatever can be cloned (Node's structured clone). Write the types
 * of its parameters: those of a parameter without one are `never`, so that no call of it compiles.
 */
export type TaskDefinitions = { readonly [name: string]: (...params: never[]) => unknown } & Hooks;

/**
 * The functions of a set that run around its tasks. They run on the thread, are awaited, and are not tasks.
 */
export interface Hooks {
  /**
   * Runs once in a service, after its file has loaded and before `launchService` resolves. If it throws, the
   * launch rejects. The place to register listeners on `parent`.
   */
  __initializeService?(threadID: number, info: HookInfo): unknown;
  /**
   * Runs before a task's function; never in a service. If it throws, the call rejects and the task does not
   * run.
   */
  __beforeTask?(threadID: number, info: HookInfo): unknown;
  /**
   * Runs after a task's function, also when that threw, and before the result is delivered; never in a
   * service. The result has been encoded by then: changing it has no effect. If it throws, the call rejects;
   * the task's own error wins.
   */
  __afterTask?(threadID: number, info: HookInfo): unknown;
  /** `__beforeTask` for tasks that a service runs. An async one delays its own task only. */
  __beforeServiceTask?(threadID: number, info: HookInfo): unknown;
  /** `__afterTask` for tasks that a service runs. */
  __afterServiceTask?(threadID: number, info: HookInfo): unknown;
}

/** What a hook is told beside the thread's ID. */
export interface HookInfo {
  /** The name of the task that the hook belongs to; for `__initializeService`, that name itself. */
  readonly name: string;
  /** `true` in the hooks of a service, `false` in those of a task. */
  readonly inService: boolean;
}

/** The names of a set's hooks. They cannot be called as tasks. */
export type HookName = keyof Hooks;

/** The names of a set's tasks. */
export type TaskName<D extends TaskDefinitions> = Exclude<keyof D & string, HookName>;

/** One `[params, result]` for each overload of a function, of the last four where there are more. */
type Signature<F> = F extends {
  (...params: infer A1): infer R1;
  (...params: infer A2): infer R2;
  (...params: infer A3): infer R3;
  (...params: infer A4): infer R4;
}
  ? [A1, R1] | [A2, R2] | [A3, R3] | [A4, R4]
  : never;

/** The parameters of a task as a tuple; a union of tuples for an overloaded function. */
export type TaskParams<D extends TaskDefinitions, N extends TaskName<D>> = Readonly<Signature<D[N]>[0]>;

/** What a call of a task resolves with; the union of all overloads' results for an overloaded function. */
export type TaskResult<D extends TaskDefinitions, N extends TaskName<D>> = Awaited<Signature<D[N]>[1]>;

/* ---------------------------------------------------------------------------------------------- define */

/**
 * Registers a set of task functions and resolves with the API that runs them on other threads.
 *
 * Threads load the file that calls `define` and find the set there, by its identifier. Registering is done
 * synchronously, so a CommonJS file can export the promise.
 *
 * Rejects with a `TypeError` (`ERR_NANOLITH_INVALID_ARGUMENT`) for definitions or options of a wrong shape,
 * and with a {@link DuplicateIdentifierError} when another place of the same file has taken the identifier.
 */
export function define<D extends TaskDefinitions, I extends boolean = true>(
  definitions: D,
  options?: DefineOptions<I>,
): Promise<Nanolith<D, I>>;

/** Options of {@link define}. `I` is the literal given as `isolate`. */
export interface DefineOptions<I extends boolean = boolean> {
  /**
   * Tells the sets of one file apart. It must be the same each time the file is loaded, so not a random one.
   * Default: derived from the names of the functions, in order.
   */
  identifier?: string | undefined;
  /**
   * The file for threads to load: a path, a `file:` URL string or a `URL`. A relative path is taken from the
   * working directory: rather pass `new URL('./tasks.js', import.meta.url)`.
   * Default: the file that calls `define`.
   */
  file?: string | URL | undefined;
  /**
   * `true` rejects tasks and launches that are called from the definitions' own file, with a
   * {@link SafeModeError}. Of the calls of a warm set it looks at the first in each turn of the event loop
   * only. In a bundle all files are one: set `file`, or `false` here.
   * Default: `true`.
   */
  safeMode?: boolean | undefined;
  /**
   * `true` gives every task a thread of its own, with fresh module state. The thread ends once the task has
   * answered, whatever is pending in it: its `exit` handlers run, and after 5 s it is terminated. `false`
   * keeps the set's threads warm and reuses them, one task at a time on each: far faster, and what one task
   * leaves in a module the next sees. A warm thread that has been idle for ten seconds ends; it never holds
   * the process.
   * Default: `true`.
   */
  isolate?: I | undefined;
  /** Options for the warm threads. With `isolate: false` only; otherwise they are a key of each call. */
  options?: (I extends false ? TaskThreadOptions : never) | undefined;
}

/** The part of a {@link Nanolith} API that does not depend on how its tasks run; what a cluster takes. */
export interface ServiceLauncher<out D extends TaskDefinitions> {
  /**
   * Starts a service: a thread that stays until it is closed and runs any number of the set's tasks, side by
   * side as their awaits allow. Takes a slot of the pool for as long as it lives.
   *
   * Resolves after `__initializeService` has finished. Rejects, leaving nothing behind, with what that threw,
   * with an exception uncaught before it, with the signal's reason, with a {@link LoadError}, a
   * {@link SafeModeError}, a {@link NestingError} or an {@link OwnerEndedError}, with a
   * {@link WorkerExitedError} when the thread ends before it is ready, with a `TypeError`
   * (`ERR_NANOLITH_INVALID_ARGUMENT`) for wrong options, and with a `RangeError` (`ERR_NANOLITH_LIMIT`) when
   * 4,194,304 calls of this thread are pending.
   *
   * The messages and streams that the service sends by `parent` before that are held back, and delivered right
   * after, to the listeners that are added where the launch is awaited. What it sends on a {@link Messenger}
   * is not, and so arrives ahead of them; everywhere else both arrive in the order sent.
   */
  readonly launchService: (options?: ServiceWorkerOptions) => Promise<Service<D>>;
  /** The path of the file that threads load. */
  readonly file: string;
  /** The identifier of the set, given or derived. */
  readonly identifier: string;
}

/**
 * The API of one set. Called, it runs a task on another thread and resolves with its result. `I` tells
 * whether each task has a thread of its own (`true`) or shares warm ones (`false`).
 *
 * A call never throws; it rejects with
 * - what the task or a hook threw, with its class if that is a built-in one, else as an `Error` with its
 *   `name`;
 * - an {@link UnknownTaskError}, a {@link SafeModeError} or a `TypeError` (`ERR_NANOLITH_INVALID_ARGUMENT`),
 *   before any thread is taken;
 * - a `DataCloneError`, when a parameter or the result cannot be cloned;
 * - a {@link LoadError}, when the file cannot be loaded or does not define the set;
 * - a {@link WorkerExitedError}, when the thread ended before the task settled;
 * - an exception that nothing caught on its thread meanwhile, as it was thrown;
 * - Node's `ERR_WORKER_OUT_OF_MEMORY`, when a limit of `resourceLimits` was reached;
 * - a {@link NestingError} or an {@link OwnerEndedError};
 * - a `RangeError` (`ERR_NANOLITH_LIMIT`), when 4,194,304 calls of this thread are pending, the params or the
 *   result take 4 GiB or more, or the process has no room for one more task's name;
 * - the signal's reason, when it aborts.
 *
 * While a task runs, its thread stays, even if only an unreffed handle is pending.
 */
export interface Nanolith<D extends TaskDefinitions, I extends boolean = true> extends ServiceLauncher<D> {
  <const N extends TaskName<D>>(call: TaskWorkerOptions<D, N, I>): Promise<TaskResult<D, N>>;
}

/* ------------------------------------------------------------------------------------ options of calls */

/** The name and the params of a call. `params` may be left out when the task can be called with none. */
type NameAndParams<D extends TaskDefinitions, N extends TaskName<D>> = {
  /** The name of the task. */
  readonly name: N;
} & ([] extends TaskParams<D, N>
  ? {
      /** The parameters for the task, as an array. Default: `[]`. */
      readonly params?: TaskParams<D, N> | undefined;
    }
  : {
      /** The parameters for the task, as an array. */
      readonly params: TaskParams<D, N>;
    });

/** What can be moved to another thread instead of being cloned: `ArrayBuffer`, `MessagePort` and so on. */
type Transferable = NonNullable<WorkerOptions['transferList']>[number];

/** A last argument that lets a wait be given up. */
export interface SignalOptions {
  /** Rejects with its reason once it aborts, at once if it already has. No listener is left on it. */
  readonly signal?: AbortSignal | undefined;
}

interface TransferOptions {
  /**
   * Objects within the params that are moved instead of cloned. They are unusable on this thread afterwards.
   */
  readonly transferList?: readonly Transferable[] | undefined;
}

/** What tasks and services have in common: `O` is the kind of thread options allowed. */
interface ItemOptions<O> {
  /** `true` puts the item at the very front of the pool's queue, the latest first. Default: `false`. */
  readonly priority?: boolean | undefined;
  /**
   * `false` lets the process exit although the item is queued or runs. A service holds it during its launch
   * all the same. Default: `true`.
   */
  readonly reffed?: boolean | undefined;
  /** Options for the thread, Node's `WorkerOptions` less what nanolith owns. Default: `{}`. */
  readonly options?: O | undefined;
  /** Messengers that the thread finds by `messengers.use(name)`; two of one name count as one. Default: `[]`. */
  readonly messengers?: readonly Messenger[] | undefined;
}

/**
 * A call of a task. On abort, a queued task leaves the queue, and the thread of a running one is ended.
 *
 * `options` is refused for a set with `isolate: false`, whose threads get theirs from `define`.
 */
export type TaskWorkerOptions<
  D extends TaskDefinitions = TaskDefinitions,
  N extends TaskName<D> = TaskName<D>,
  I extends boolean = true,
> = {
  // One member for each name, so that a call by a union of names must suit all of them.
  [K in N]: NameAndParams<D, K> &
    ItemOptions<I extends false ? never : TaskThreadOptions> &
    TransferOptions &
    SignalOptions;
}[N];

/** A call of a task on a service. On abort, the task runs on, and its result is dropped. */
export type ServiceCallOptions<D extends TaskDefinitions = TaskDefinitions, N extends TaskName<D> = TaskName<D>> = {
  [K in N]: NameAndParams<D, K> & TransferOptions & SignalOptions;
}[N];

/** How to launch a service. On abort, a launch that is under way is undone; a launched service is not. */
export interface ServiceWorkerOptions extends ItemOptions<ServiceThreadOptions>, SignalOptions {
  /**
   * Called for each uncaught exception and unhandled rejection in the service, which goes on afterwards
   * unless it is told to end. A handler that throws emits a process warning. Without a handler the service
   * goes on too, and only the first such exception of the whole process emits a warning: give every service
   * a handler.
   */
  readonly exceptionHandler?: ((context: ExceptionContext) => void | Promise<void>) | undefined;
}

/** What an `exceptionHandler` is given. */
export interface ExceptionContext {
  /** What was thrown. If that is no error, one that says so, with the thrown value as `cause`. */
  readonly error: Error;
  /** Ends the service at once, rejecting its pending calls. Resolves when its thread is gone. */
  readonly terminate: () => Promise<void>;
}

type Owned = 'workerData' | 'eval' | 'transferList';
type Stdio = 'stdin' | 'stdout' | 'stderr';

/** Node's `WorkerOptions` for a service's thread, less what nanolith owns. */
export interface ServiceThreadOptions extends Omit<WorkerOptions, Owned | 'argv' | 'execArgv' | 'env'> {
  /**
   * The name of the thread, for debuggers. Default: the file with the set's identifier (`tasks.js#words`), or
   * with the task for a one-off thread (`tasks.js#isPrime`), or `tasks.js#warm`.
   */
  name?: string | undefined;
  /** Values appended to `process.argv` of the thread, as strings. */
  argv?: unknown[] | undefined;
  /** Node options for the thread. Default: the process's, less those that concern only its own entry. */
  execArgv?: string[] | undefined;
  /** The environment of the thread. Default: `SHARE_ENV`, the process's own. */
  env?: WorkerOptions['env'];
  /** Nanolith's own: ignored. */
  workerData?: never;
  /** Nanolith's own: ignored. */
  eval?: never;
  /** Nanolith's own: ignored. A call's own `transferList` is beside `params`. */
  transferList?: never;
}

/**
 * Node's `WorkerOptions` for a task's thread: as a service's, and no stdio, as a task gives no handle to it.
 */
export interface TaskThreadOptions extends Omit<ServiceThreadOptions, Stdio> {
  /** For services only. */
  stdin?: never;
  /** For services only. */
  stdout?: never;
  /** For services only. */
  stderr?: never;
}

/* -------------------------------------------------------------------------------- messages and streams */

/**
 * What both ends of a service's line have: {@link Service} on its owner's thread, {@link parent} in the
 * service.
 */
interface MessageLine {
  /**
   * Sends a value to the other side. Messages, calls, replies and stream offers arrive in the order sent. A
   * message that finds no listener is dropped. Throws a `DataCloneError` for what cannot be cloned, a
   * `RangeError` (`ERR_NANOLITH_LIMIT`) for 4 GiB or more, and, on a closed service, a
   * {@link ServiceClosedError}.
   */
  sendMessage<T = unknown>(data: T, transferList?: readonly Transferable[]): void;
  /**
   * Calls `callback` for each message from the other side, listeners in order of registration. `T` is a claim
   * about what is sent, not checked. A listener that throws is an uncaught exception of this thread; the others
   * still run. Returns a function that removes the listener.
   */
  onMessage<T = unknown>(callback: (data: T) => void): () => void;
  /** Removes a listener; nothing happens if there is none. */
  offMessage(callback: (data: never) => void): void;
  /**
   * Resolves with the first message, from now on, for which `predicate` returns `true`. An async predicate is
   * tried in order, one message at a time. Rejects with what `predicate` throws, with the signal's reason, or
   * when the other side ends. It waits without a limit: use `AbortSignal.timeout(ms)` for one.
   */
  waitForMessage<T = unknown>(predicate: (data: T) => boolean | Promise<boolean>, options?: SignalOptions): Promise<T>;
  /**
   * Calls `callback` for each stream that the other side creates; all callbacks get the same one. If nobody
   * reads, pipes or iterates it within ten seconds after the last callback has settled, both sides are
   * destroyed with a {@link StreamUnclaimedError}. `M` is a claim, not checked. Returns a function that
   * removes the listener.
   */
  onStream<M extends object = Record<string, unknown>>(
    callback: (stream: IncomingStream<M>) => void | Promise<void>,
  ): () => void;
  /**
   * Opens a stream of bytes to the other side, with any cloneable object as `metaData`. Resolves when the
   * other side has a listener, rejects with a {@link StreamTimeoutError} if there is none within ten seconds.
   */
  createStream<M extends object>(metaData: M, options?: SignalOptions): Promise<OutgoingStream<M>>;
}

/**
 * The reading end of a stream. Its chunks are `Buffer`s; each write of up to 64 KiB is one chunk.
 *
 * `destroy(error)` on either side reaches the other. A side whose other thread has ended is destroyed with
 * `ERR_STREAM_PREMATURE_CLOSE`; where nobody listens for errors, that is a process warning, no uncaught exception.
 */
export type IncomingStream<M extends object = Record<string, unknown>> = Readable & { readonly metaData: M };

/** The writing end of a stream, which takes strings and bytes and waits for its reader. */
export type OutgoingStream<M extends object = Record<string, unknown>> = Writable & { readonly metaData: M };

/**
 * A service's owner, seen from the service.
 *
 * On the thread of a task, `sendMessage` finds no listener, and what would wait rejects with a
 * {@link NoParentError}. Outside nanolith's threads everything on it throws one.
 */
export interface Parent extends MessageLine {}

export const parent: Parent;

/* --------------------------------------------------------------------------------------------- service */

/**
 * A service, on the thread that launched it and owns it: it ends with that thread. Made by `launchService`.
 *
 * On a closed one, whatever is promised rejects with a {@link ServiceClosedError}, and `sendMessage` throws
 * it; `close`, the properties and removing listeners still work.
 *
 * Emits `terminated` once, with the exit code, when its thread has ended: after `close()` 0, or 1 where the
 * thread was still busy after 100 ms and was ended by force.
 */
export class Service<out D extends TaskDefinitions = TaskDefinitions> extends EventEmitter {
  private constructor();

  /** Node's ID of the thread. */
  readonly threadID: number;
  /**
   * Whether the service has ended: `true` after `await service.close()`, or when its thread ended otherwise.
   */
  readonly closed: boolean;
  /** How many calls have not settled. */
  readonly activeCalls: number;
  /** The thread itself. Its `message` events carry only what is posted with the worker's own means. */
  readonly worker: Worker;

  /**
   * Runs a task in the service and resolves with its result. Never throws; rejects with what the task or a
   * hook threw, a `TypeError`, an {@link UnknownTaskError}, a `DataCloneError`, a {@link WorkerExitedError},
   * a {@link ServiceClosedError}, Node's `ERR_WORKER_OUT_OF_MEMORY` or a `RangeError` (`ERR_NANOLITH_LIMIT`),
   * or with the signal's reason.
   */
  call<const N extends TaskName<D>>(call: ServiceCallOptions<D, N>): Promise<TaskResult<D, N>>;
  /**
   * Ends the service: pending calls reject at once, messages sent before have 100 ms to be handled, then the
   * thread is ended. Resolves when it is gone. Further calls of it do the same and nothing more. After it
   * nothing is received, not even answers and messages that were under way: await those that matter first.
   */
  close(): Promise<void>;
  /** Closes it: `await using service = await api.launchService()` (Node 24, or TypeScript 5.2 and later). */
  [Symbol.asyncDispose](): Promise<void>;

  /** Attaches a messenger to the running service. Resolves when the service has it. */
  sendMessenger(messenger: Messenger): Promise<void>;

  on(event: 'terminated', listener: (exitCode: number) => void): this;
  once(event: 'terminated', listener: (exitCode: number) => void): this;
  off(event: 'terminated', listener: (exitCode: number) => void): this;
  addListener(event: 'terminated', listener: (exitCode: number) => void): this;
  removeListener(event: 'terminated', listener: (exitCode: number) => void): this;
  prependListener(event: 'terminated', listener: (exitCode: number) => void): this;
  prependOnceListener(event: 'terminated', listener: (exitCode: number) => void): this;
}

export interface Service<out D extends TaskDefinitions = TaskDefinitions> extends MessageLine {}

/** Several services of one set, of which `use()` picks the least busy. */
export class ServiceCluster<D extends TaskDefinitions = TaskDefinitions> {
  /** Makes an empty cluster for the services of `api`. */
  constructor(api: ServiceLauncher<D>);

  /** How many services are in the cluster. */
  readonly activeServices: number;
  /** How many calls on them have not settled. */
  readonly activeServiceCalls: number;
  /** The services, as of now. */
  readonly currentServices: ClusteredService<D>[];

  /**
   * Launches `count` services (a whole number, 0 or more), all with the same options. If one fails, the
   * others of this call are closed. Rejects at once with a {@link PoolExceededError}, launching none, if the
   * cluster would have more services than `pool.maxConcurrency`.
   */
  launch(count: number, options?: ServiceWorkerOptions): Promise<Service<D>[]>;
  /**
   * Launches one service.
   * @deprecated Use `launch(1, options)`.
   */
  launchService(options?: ServiceWorkerOptions): Promise<Service<D>>;
  /** Adds a service that runs already. Services that end leave the cluster by themselves. */
  addService(service: Service<D>): void;
  /**
   * Returns the service with the fewest active calls, in rotation where several have; with an identifier,
   * that service, or the least busy one if there is none of that identifier. Throws a {@link NoServiceError}
   * with no service in the cluster.
   */
  use(identifier?: string): Service<D>;
  /** Closes all services. */
  closeAll(): Promise<void>;
  /** Closes the services that have no active call. */
  closeAllIdle(): Promise<void>;
  /** Closes all services: `await using cluster = new ServiceCluster(api)` (Node 24, or TypeScript 5.2 and later). */
  [Symbol.asyncDispose](): Promise<void>;
}

/** One service in a cluster. */
export interface ClusteredService<D extends TaskDefinitions = TaskDefinitions> {
  readonly service: Service<D>;
  /** How many calls on it have not settled. */
  readonly active: number;
  /** Its name within the cluster, for `use`. */
  readonly identifier: string;
}

/* ------------------------------------------------------------------------------------------- messenger */

/**
 * A channel by name between any threads of the process: every instance of an ID hears what the others send,
 * and never itself. Messages wait in memory until they are received. Unreffed by default; ends with its
 * thread.
 */
export class Messenger {
  /**
   * Joins the channel of a name, or of a transferred messenger. Without an argument: a random ID. Throws a
   * `TypeError` (`ERR_NANOLITH_INVALID_ARGUMENT`) for anything but a string or what `transfer()` returned, and
   * for a name with half of a surrogate pair (`'\ud800'`).
   */
  constructor(name?: string | MessengerTransfer);

  /** What all instances of one channel share: the name. */
  readonly ID: string;
  /** What only this instance has. */
  readonly uniqueKey: string;

  /**
   * Sends a value to all other instances. Throws a {@link MessengerClosedError} when closed, and a
   * `DataCloneError` for what cannot be cloned or only a port could carry (a `MessagePort`, a
   * `SharedArrayBuffer`): there may be many receivers, so nothing can be moved, and a `transferList` is refused
   * with one too. 4 GiB or more are a `RangeError` (`ERR_NANOLITH_LIMIT`).
   */
  sendMessage<T = unknown>(data: T): void;
  /**
   * Calls `callback` for each message of the other instances. `T` is a claim, not checked. Returns a function
   * that removes the listener.
   */
  onMessage<T = unknown>(callback: (data: T) => void): () => void;
  /** Removes a listener; nothing happens if there is none. */
  offMessage(callback: (data: never) => void): void;
  /**
   * Resolves with the first message, from now on, for which `predicate` returns `true`; see
   * `service.waitForMessage`. Rejects with a {@link MessengerClosedError} when the instance is closed.
   */
  waitForMessage<T = unknown>(predicate: (data: T) => boolean | Promise<boolean>, options?: SignalOptions): Promise<T>;
  /** A plain object that can be sent anywhere, to make an instance of the same ID from. */
  transfer(): MessengerTransfer;
  /** `true` lets this instance hold its thread, `false` (as at first) does not. */
  setRef(reffed: boolean): void;
  /** Ends this instance. */
  close(): void;
  /** Ends all instances of this ID, on all threads. */
  closeAll(): void;
}

/** A messenger on its way. To be given to `new Messenger`; what is in it is nanolith's own. */
export interface MessengerTransfer {
  readonly __messengerID: string;
}

/**
 * The messengers that were attached to this thread; on a warm thread they leave with the task that brought them.
 * Outside nanolith's threads both methods throw.
 */
export interface Messengers {
  /**
   * Resolves with the attached messenger of a name. In a service it waits up to ten seconds, from the call,
   * for `sendMessenger` to bring it, then rejects with a {@link MessengerTimeoutError}; in a task it rejects
   * with that at once, as nothing can bring one. Rejects with a {@link MessengerClosedError} after
   * `closeAll`, or `close` of the attached one, until the name is attached again. A thread remembers the 100 names
   * that were closed last; an earlier one is as one that was never attached.
   */
  use(name: string, options?: SignalOptions): Promise<Messenger>;
  /** All attached messengers that are open, by name. */
  seek(): Record<string, Messenger>;
}

export const messengers: Messengers;

/* ------------------------------------------------------------------------------------------------ pool */

/**
 * Concurrency in proportion to the cores that this process may use. Results are rounded, and never below 1.
 */
export const ConcurrencyOption: {
  /** One thread per four cores. */
  readonly Quarter: 'Quarter';
  /** One thread per two cores. */
  readonly Half: 'Half';
  /** The default, `x1`. */
  readonly Default: 'x1';
  /** One thread per core. */
  readonly x1: 'x1';
  /** Two threads per core. */
  readonly x2: 'x2';
  /** Four threads per core. */
  readonly x4: 'x4';
  /** Six threads per core. */
  readonly x6: 'x6';
  /** Eight threads per core. */
  readonly x8: 'x8';
  /** Ten threads per core. */
  readonly x10: 'x10';
};
export type ConcurrencyOption = (typeof ConcurrencyOption)[keyof typeof ConcurrencyOption];

/**
 * What decides which task or service gets a thread, and when. There is one for the main thread and all
 * nanolith threads below it; a `Worker` that you, or a test runner, start has one of its own, with its own
 * limits and counts. Its counts are exact as soon as the call that changes them has returned.
 */
export interface Pool {
  /** The same as {@link ConcurrencyOption}. */
  readonly option: typeof ConcurrencyOption;
  /** How many threads may run a task or a service at a time. Default: the cores this process may use. */
  readonly maxConcurrency: number;
  /**
   * Whether `activeCount` is at or above `maxConcurrency`. Nested calls may exceed it rather than deadlock.
   */
  readonly maxed: boolean;
  /** How many tasks and services wait for a slot. */
  readonly queueLength: number;
  /**
   * How many threads run a task or a service, or start for one. Idle warm threads and spares do not count.
   */
  readonly activeCount: number;
  /** Whether nothing runs and nothing waits. */
  readonly idle: boolean;
  /** What gets the next slot; `undefined` when nothing waits. */
  readonly next: PoolItemOptions | undefined;
  /**
   * Changes `maxConcurrency`, at once: a raise starts what waits, a cut lets what runs finish. Takes an
   * option or a positive whole number; throws a `TypeError` for anything else.
   */
  setConcurrency(concurrency: ConcurrencyOption | number): void;
  /**
   * Bounds the *spares*: threads started ahead, with nothing of yours loaded, so that the next one-off task
   * begins sooner; 0 forbids them. Throws a `TypeError` for anything but a whole number, 0 or more.
   * Default: as many as one-off tasks of the pool's own thread began within the last ten seconds.
   *
   * Spares and idle warm threads together never exceed `maxConcurrency`, end after ten idle seconds, and do not
   * hold the process. There are none where something is preloaded (`--import`, `--require`, a loader). Only
   * calls without `options` get one; environment data that was set after it started (`setEnvironmentData`) is
   * not seen there.
   */
  setSpares(count: number): void;
}

/** One waiting task or service. */
export interface PoolItemOptions {
  readonly type: 'task' | 'service';
  /** The name of the task; for a service, `__initializeService`. */
  readonly name: string;
  /** The path of the file that its thread loads. */
  readonly file: string;
  /** The identifier of its set. */
  readonly identifier: string;
  readonly priority: boolean;
  readonly reffed: boolean;
}

export const pool: Pool;

/* ---------------------------------------------------------------------------------------------- errors */

// Match on `code`: it is stable, and it survives when an error crosses from one thread to another, where the
// class does not. Bad arguments are `TypeError`s with the code `ERR_NANOLITH_INVALID_ARGUMENT`.

/**
 * A definitions file cannot be loaded or does not define the set. `cause` is what was thrown, if anything
 * was.
 */
export class LoadError extends Error {
  private constructor();
  readonly name: 'LoadError';
  readonly code: 'ERR_NANOLITH_LOAD';
  readonly cause?: unknown;
}

/** A thread ended before what ran on it had settled. */
export class WorkerExitedError extends Error {
  private constructor();
  readonly name: 'WorkerExitedError';
  readonly code: 'ERR_NANOLITH_WORKER_EXITED';
  /** The exit code of the thread. */
  readonly exitCode: number;
}

/** The service is closed, or was while the call, wait or stream was pending. */
export class ServiceClosedError extends Error {
  private constructor();
  readonly name: 'ServiceClosedError';
  readonly code: 'ERR_NANOLITH_SERVICE_CLOSED';
}

/** The calling thread is about to end, because the thread that owns the pool has ended. */
export class OwnerEndedError extends Error {
  private constructor();
  readonly name: 'OwnerEndedError';
  readonly code: 'ERR_NANOLITH_OWNER_ENDED';
}

/** Tasks call tasks more than 64 deep, or a file calls its own set while it is still loading. */
export class NestingError extends Error {
  private constructor();
  readonly name: 'NestingError';
  readonly code: 'ERR_NANOLITH_NESTING';
}

/**
 * `parent` or `messengers` was used outside nanolith's threads, or something that waits on `parent` was used in
 * a task.
 */
export class NoParentError extends Error {
  private constructor();
  readonly name: 'NoParentError';
  readonly code: 'ERR_NANOLITH_NO_PARENT';
}

/** The messenger is closed. */
export class MessengerClosedError extends Error {
  private constructor();
  readonly name: 'MessengerClosedError';
  readonly code: 'ERR_NANOLITH_MESSENGER_CLOSED';
}

/** No messenger of the name was attached in time. */
export class MessengerTimeoutError extends Error {
  private constructor();
  readonly name: 'MessengerTimeoutError';
  readonly code: 'ERR_NANOLITH_MESSENGER_TIMEOUT';
}

/** A stream was offered, and nobody read it in time. */
export class StreamUnclaimedError extends Error {
  private constructor();
  readonly name: 'StreamUnclaimedError';
  readonly code: 'ERR_NANOLITH_STREAM_UNCLAIMED';
}

/** A stream was offered, and the other side had no listener in time. */
export class StreamTimeoutError extends Error {
  private constructor();
  readonly name: 'StreamTimeoutError';
  readonly code: 'ERR_NANOLITH_STREAM_TIMEOUT';
}

/** The set has no task of that name. */
export class UnknownTaskError extends Error {
  private constructor();
  readonly name: 'UnknownTaskError';
  readonly code: 'ERR_NANOLITH_UNKNOWN_TASK';
}

/** A task or a launch was called from the definitions' own file, which `safeMode` forbids. */
export class SafeModeError extends Error {
  private constructor();
  readonly name: 'SafeModeError';
  readonly code: 'ERR_NANOLITH_SAFE_MODE';
}

/** Two places of one file define sets of the same identifier. */
export class DuplicateIdentifierError extends Error {
  private constructor();
  readonly name: 'DuplicateIdentifierError';
  readonly code: 'ERR_NANOLITH_DUPLICATE_IDENTIFIER';
}

/** A cluster would have more services than the pool allows. */
export class PoolExceededError extends Error {
  private constructor();
  readonly name: 'PoolExceededError';
  readonly code: 'ERR_NANOLITH_POOL_EXCEEDED';
}

/** `use()` of a cluster that has no service. */
export class NoServiceError extends Error {
  private constructor();
  readonly name: 'NoServiceError';
  readonly code: 'ERR_NANOLITH_NO_SERVICE';
}

/**
 * Thrown by importing nanolith where it cannot run: there is no native binary for the platform, it cannot be
 * loaded, or a bundler took nanolith's code out of its package.
 */
export class PlatformError extends Error {
  private constructor();
  readonly name: 'PlatformError';
  readonly code: 'ERR_NANOLITH_PLATFORM';
}
