// The sets that accept.ts and refuse.ts call. They are only type-checked, never run.
import { define, type HookInfo } from '../../index.js';

export type Point = { x: number; y: number; label?: string };

function format(value: number): 'number';
function format(value: string, upper?: boolean): 'string';
function format(value: number | string): string {
  return typeof value;
}

export const api = await define({
  add(x: number, y: number) {
    return x + y;
  },
  async greet(name = 'world') {
    return { greeting: `hello ${name}` };
  },
  nothing() {},
  sum: (...values: number[]) => values.reduce((total, value) => total + value, 0),
  tuple: (...params: [id: string, flag?: boolean]) => params,
  leading: (first: string, ...rest: number[]) => [first, rest] as const,
  identity: <T>(value: T) => value,
  format,
  move: (point: Point) => point,
  choose: (side: 'left' | 'right') => side,
  list: (values: readonly string[]) => values.length,
  nested: async () => Promise.resolve(Promise.resolve(new Map<string, Date>())),
  fails: (): never => {
    throw new Error('always');
  },
  __initializeService(threadID, { name, inService }) {
    exact<typeof threadID, number>(true);
    exact<typeof name, string>(true);
    exact<typeof inService, boolean>(true);
  },
  __beforeTask: async (threadID) => void threadID.toFixed(),
  __afterTask(threadID: number, info: HookInfo) {},
  __beforeServiceTask() {},
  __afterServiceTask: () => undefined,
});

export const warm = await define(
  { add: (x: number, y: number) => x + y, ping: () => 'pong' as const },
  { isolate: false, identifier: 'warm', options: { resourceLimits: { maxOldGenerationSizeMb: 64 } } },
);

/** Whether two types are the same, `any` being the same as itself only. */
export type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** `exact<Actual, Expected>(true)` compiles when the types are the same. */
export function exact<A, B>(same: Equal<A, B>): void {}

export type IsAny<T> = 0 extends 1 & T ? true : false;
