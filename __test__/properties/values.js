// Random structured values for fast-check. What it generates (and shrinks, and prints when a property fails) is a recipe:
// a list of nodes that name each other by number, so that cycles and shared references come by themselves. `build` makes
// a fresh value of a recipe, each time it is called.

import fc from 'fast-check';

const KEYS = [
  'a',
  'b',
  'id',
  'name',
  'message',
  'stack',
  'cause',
  'errors',
  'k\xe9y',
  '\u4f60',
  '\ud800',
  '__proto__',
  'constructor',
  'toString',
  'toJSON',
  'then',
  '0',
  '1',
  '20',
  '-1',
  '4294967294',
  '4294967295',
  ' ',
  '',
  'x'.repeat(70),
];
const VIEWS = [
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
  'DataView',
  'Float16Array',
].filter((name) => name in globalThis);
const ERRORS = ['Error', 'EvalError', 'RangeError', 'ReferenceError', 'SyntaxError', 'TypeError', 'URIError'];
const SOURCES = ['a+b?', '', '/', '\\n\u2603', '(?<year>\\d+)', '[^\\ud800]', 'x{2,}'];
const FLAGS = ['', 'g', 'i', 'm', 's', 'u', 'y', 'd', 'gimsuy', 'gi'];
const resizable = 'resize' in ArrayBuffer.prototype;

/** @typedef {{ is: unknown } | { ref: number }} Slot */
/** @typedef {[string, Slot][]} Entries */
/** @typedef {{ type: string, [field: string]: any }} Node */
/** @typedef {{ root: Slot, nodes: Node[] }} Recipe */

const units = fc.oneof(fc.nat(127), fc.nat(255), fc.nat(0xffff), fc.integer({ min: 0xd7ff, max: 0xe000 }));
export const text = fc.oneof(
  { weight: 4, arbitrary: fc.string() },
  { weight: 2, arbitrary: fc.array(units).map((codes) => String.fromCharCode(...codes)) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.array(units, { minLength: 1, maxLength: 4 }), fc.constantFrom(10, 100, 300, 70_000))
      .map(([codes, n]) => String.fromCharCode(...codes).repeat(n)),
  },
);

const number = fc.oneof(
  fc.integer({ min: -200, max: 300 }),
  fc.integer(),
  fc.double(),
  fc.constantFrom(-0, NaN, Infinity, -Infinity, 2 ** 31, -(2 ** 31), 2 ** 53, 127, 128, 255, 256, 5e-324),
);

const bigint = fc.oneof(
  fc.bigInt(),
  fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }),
  fc.constantFrom(0n, -1n, 2n ** 63n, -(2n ** 63n), 2n ** 64n - 1n, 2n ** 900n, -(2n ** 900n)),
);

export const primitive = fc.oneof(
  { weight: 4, arbitrary: number },
  { weight: 3, arbitrary: text },
  { weight: 1, arbitrary: bigint },
  { weight: 1, arbitrary: fc.constantFrom(true, false, null, undefined) },
);

/** @type {fc.Arbitrary<Slot>} */
const slot = fc.oneof(
  primitive.map((is) => ({ is })),
  fc.nat(40).map((ref) => ({ ref })),
);
const key = fc.oneof(fc.constantFrom(...KEYS), fc.string({ maxLength: 5 }));
const entries = fc.uniqueArray(fc.tuple(key, slot), { selector: ([key]) => key, maxLength: 6 });
/** Own properties of errors: what they have for names, messages and stacks is tested in codec/thrown.test.js. */
const errorEntries = entries.map((list) => list.filter(([key]) => !['name', 'message', 'stack'].includes(key)));
const bytes = fc.uint8Array({ maxLength: 40 });

/** @param {string} type @param {Record<string, fc.Arbitrary<unknown>>} fields @returns {fc.Arbitrary<Node>} */
const node = (type, fields) => fc.record({ type: fc.constant(type), ...fields });

/** Each kind of object that can be cloned, with how often it comes. @type {[number, fc.Arbitrary<Node>][]} */
const KINDS = [
  [6, node('object', { entries, like: fc.constantFrom('plain', 'plain', 'plain', 'null', 'instance', 'getters') })],
  // The same keys several times over: a shape that is interned, and in the end read by a generated decoder.
  [1, node('rows', { keys: fc.uniqueArray(key, { maxLength: 4 }), slot, n: fc.constantFrom(2, 3, 70) })],
  [1, node('wide', { n: fc.constantFrom(31, 32, 33, 100), slot })],
  [
    4,
    node('array', { slots: fc.array(fc.option(slot, { freq: 8 })), entries: fc.option(entries, { freq: 1, nil: [] }) }),
  ],
  [1, node('sparse', { length: fc.constantFrom(3, 1000, 70_000, 2 ** 32 - 1), at: fc.nat(99_999), slot, entries })],
  [1, node('numbers', { list: fc.array(number, { minLength: 30, maxLength: 60 }), entries: fc.constant([]) })],
  [1, node('numbers', { list: fc.array(fc.integer(), { minLength: 33, maxLength: 300 }), entries })],
  [1, node('numbers', { list: fc.array(fc.double(), { minLength: 33, maxLength: 40 }), entries: fc.constant([]) })],
  [2, node('map', { pairs: fc.array(fc.tuple(slot, slot)) })],
  [2, node('set', { slots: fc.array(slot) })],
  [1, node('date', { time: fc.oneof(fc.constant(NaN), fc.integer({ min: -8.64e15, max: 8.64e15 })) })],
  [1, node('regexp', { source: fc.constantFrom(...SOURCES), flags: fc.constantFrom(...FLAGS), last: fc.nat(3) })],
  [1, node('boxed', { of: primitive })],
  [2, node('buffer', { bytes, room: fc.option(fc.nat(40)) })],
  [
    3,
    node('view', { kind: fc.constantFrom(...VIEWS), of: fc.nat(10), offset: fc.nat(5), length: fc.option(fc.nat(6)) }),
  ],
  [
    1,
    node('error', {
      kind: fc.constantFrom(...ERRORS, 'Custom'),
      message: text,
      cause: fc.option(slot),
      entries: errorEntries,
    }),
  ],
  [1, node('aggregate', { message: text, slots: fc.array(slot), code: fc.option(text) })],
  [1, node('exception', { message: text, name: fc.constantFrom('AbortError', 'Error', 'Odd') })],
];

const REFUSED = node('refused', {
  what: fc.constantFrom('function', 'symbol', 'promise', 'weakmap', 'proxy', 'generator', 'arguments', 'boxed symbol'),
});

/**
 * @param {object} [options]
 * @param {'all' | 'plain' | 'none'} [options.errors] `plain`: what structuredClone can do with them: no DOMException, and
 *   no cause, which V8 cannot read back in a cycle
 * @param {boolean} [options.refused] whether there may be what cannot be cloned
 * @param {boolean} [options.nodeBuffers] whether there may be views of Node's pool
 * @param {number} [options.maxNodes]
 * @returns {fc.Arbitrary<Recipe>}
 */
export function recipe({ errors = 'all', refused = false, nodeBuffers = false, maxNodes = 20 } = {}) {
  const kinds = KINDS.map(([weight, arbitrary]) => ({
    weight,
    arbitrary: errors === 'all' ? arbitrary : arbitrary.map(withoutCause),
  }));
  if (errors === 'plain') kinds.splice(-1);
  if (errors === 'none') kinds.splice(-3);
  if (refused) kinds.push({ weight: 1, arbitrary: REFUSED });
  if (nodeBuffers) kinds.push({ weight: 2, arbitrary: node('nodeBuffer', { text: fc.string() }) });
  return fc.oneof(
    { weight: 1, arbitrary: fc.record({ root: primitive.map((is) => ({ is })), nodes: fc.constant([]) }) },
    {
      weight: 12,
      arbitrary: fc.record({
        root: fc.oneof(fc.constant({ ref: 0 }), fc.constant({ ref: -1 })),
        nodes: fc.array(fc.oneof(...kinds), { minLength: 1, maxLength: maxNodes }),
      }),
    },
  );
}

/** @param {Node} node @returns {Node} */
const withoutCause = (node) =>
  node.type === 'error'
    ? { ...node, cause: null, entries: node.entries.filter((/** @type {Entries[0]} */ [key]) => key !== 'cause') }
    : node;

/**
 * Makes a fresh value of a recipe.
 * @param {Recipe} recipe
 */
export const build = (recipe) => buildAll(recipe).value;

/**
 * The same, with every object on the way to it.
 * @param {Recipe} recipe
 */
export function buildAll({ root, nodes }) {
  /** @type {any[]} */
  const objects = nodes.map((node) => (node.type === 'view' ? undefined : shell(node)));
  const buffers = objects.filter((object) => object instanceof ArrayBuffer);
  for (const [i, node] of nodes.entries()) {
    if (node.type === 'view') objects[i] = viewOf(node, buffers);
  }
  // A reference to all of them.
  const of = (/** @type {any} */ slot) => {
    if (slot === null) return undefined;
    if ('is' in slot) return slot.is;
    return slot.ref < 0 || objects.length === 0 ? objects : objects[slot.ref % objects.length];
  };
  for (const [i, node] of nodes.entries()) fill(objects[i], node, of);
  return { value: of(root), objects, buffers };
}

/** An object before what it refers to is there. @param {Node} node @returns {any} */
function shell(node) {
  switch (node.type) {
    case 'object':
      if (node.like === 'null') return Object.create(null);
      return node.like === 'instance' ? new Instance() : {};
    case 'wide':
      return {};
    case 'rows':
    case 'array':
    case 'sparse':
      return [];
    case 'numbers':
      return [...node.list];
    case 'map':
      return new Map();
    case 'set':
      return new Set();
    case 'date':
      return new Date(node.time);
    case 'regexp': {
      const regexp = new RegExp(node.source, node.flags);
      regexp.lastIndex = node.last;
      return regexp;
    }
    case 'boxed':
      // Object(null) and Object(undefined) are no boxes, but empty objects: as good.
      return Object(node.of);
    case 'buffer':
      return bufferOf(node);
    case 'nodeBuffer':
      return Buffer.from(node.text);
    case 'error':
      if (node.kind === 'Custom') return new Custom(node.message);
      return new /** @type {any} */ (globalThis)[node.kind](node.message);
    case 'aggregate':
      return new AggregateError([], node.message);
    case 'exception':
      return new DOMException(node.message, node.name);
    case 'refused':
      return unclonable(node.what);
    default:
      throw new Error(`no such node: ${node.type}`);
  }
}

class Instance {
  own = 1;
  method() {}
}

class Custom extends TypeError {
  name = 'Custom';
}

/** @param {string} what */
function unclonable(what) {
  switch (what) {
    case 'function':
      return () => {};
    case 'symbol':
      return Symbol('s');
    case 'promise':
      return Promise.resolve();
    case 'weakmap':
      return new WeakMap();
    case 'proxy':
      return new Proxy({}, {});
    case 'generator':
      return (function* () {})();
    case 'boxed symbol':
      return Object(Symbol('s'));
    default:
      return (function () {
        // biome-ignore lint/complexity/noArguments: the object itself is wanted
        return arguments;
      })();
  }
}

/** @param {Node} node */
function bufferOf({ bytes, room }) {
  if (room === null || !resizable) return Uint8Array.from(bytes).buffer;
  const buffer = new /** @type {any} */ (ArrayBuffer)(bytes.length, { maxByteLength: bytes.length + room });
  new Uint8Array(buffer).set(bytes);
  return buffer;
}

/** @param {Node} node @param {ArrayBuffer[]} buffers */
function viewOf({ kind, of, offset, length }, buffers) {
  const buffer = buffers.length === 0 ? new ArrayBuffer(48) : buffers[of % buffers.length];
  const viewClass = /** @type {any} */ (globalThis)[kind];
  const size = viewClass.BYTES_PER_ELEMENT ?? 1;
  const start = Math.min(offset, Math.floor(buffer.byteLength / size)) * size;
  const room = Math.floor((buffer.byteLength - start) / size);
  return new viewClass(buffer, start, Math.min(length ?? room, room));
}

/**
 * @param {any} object
 * @param {Node} node
 * @param {(slot: Slot | null) => unknown} of
 */
function fill(object, node, of) {
  switch (node.type) {
    case 'object':
      addEntries(object, node.entries, of, node.like === 'getters');
      if (node.like === 'instance') addHidden(object);
      break;
    case 'rows':
      for (let i = 0; i < node.n; i++) {
        const row = {};
        addEntries(
          row,
          node.keys.map((/** @type {string} */ key) => [key, node.slot]),
          of,
        );
        object.push(row);
      }
      break;
    case 'wide':
      for (let i = 0; i < node.n; i++) object[`key${i}`] = of(node.slot);
      break;
    case 'array':
      object.length = node.slots.length;
      for (const [i, slot] of node.slots.entries()) if (slot !== null) object[i] = of(slot);
      addEntries(object, node.entries, of);
      break;
    case 'sparse':
      object.length = node.length;
      object[node.at % node.length] = of(node.slot);
      addEntries(object, node.entries, of);
      break;
    case 'numbers':
      addEntries(object, node.entries, of);
      break;
    case 'map':
      for (const [key, value] of node.pairs) object.set(of(key), of(value));
      break;
    case 'set':
      for (const slot of node.slots) object.add(of(slot));
      break;
    case 'error':
      if (node.cause !== null) define(object, 'cause', of(node.cause), false);
      addEntries(object, node.entries, of);
      break;
    case 'aggregate':
      object.errors.push(...node.slots.map(of));
      if (node.code !== null) object.code = node.code;
      break;
  }
}

/**
 * @param {object} object
 * @param {Entries} entries
 * @param {(slot: Slot) => unknown} of
 * @param {boolean} [getters]
 */
function addEntries(object, entries, of, getters = false) {
  for (const [key, slot] of entries) {
    if (Array.isArray(object) && key === 'length') continue;
    const value = of(slot);
    if (getters) Object.defineProperty(object, key, { get: () => value, enumerable: true, configurable: true });
    else define(object, key, value, true);
  }
}

/** What a clone leaves out, whatever it is. @param {object} object */
function addHidden(object) {
  Object.defineProperty(object, 'hidden', { value: () => {}, enumerable: false });
  Object.assign(object, { [Symbol('key')]: () => {} });
}

/** @param {object} object @param {string} key @param {unknown} value @param {boolean} enumerable */
function define(object, key, value, enumerable) {
  Object.defineProperty(object, key, { value, enumerable, writable: true, configurable: true });
}
