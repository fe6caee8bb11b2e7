/**
 * Finds the shape (the interned key list) of an object while the writer walks its keys.
 *
 * A tree of key prefixes: each node is the list of keys on the way to it. Every node remembers the child it
 * took last, so that objects of one kind cost one comparison a key. A list is interned when it is seen a
 * second time: what occurs once is cheaper sent inline. A walk that exceeds a bound goes on in a loose node,
 * which only collects.
 */
import { ShapeLimit } from './tags.js';

/** No atom for these keys yet; or none ever: they are too many, or this tree or the process has no room for more lists. */
const [UNASKED, REFUSED] = [-1, -2];

/** Keys that an `arguments` object can begin with. */
const INDEX_LIKE = /^\d/;

export class KeyNode {
  /**
   * @param {KeyNode | null} parent
   * @param {string} key
   */
  constructor(parent, key) {
    this.parent = parent;
    this.key = key;
    /** @type {number} */
    this.depth = parent === null ? 0 : parent.depth + 1;
    /** @type {string | undefined} */
    this.lastKey = undefined;
    /** @type {KeyNode | null} */
    this.lastChild = null;
    /** @type {Map<string, KeyNode> | null} */
    this.children = null;
    /** The atom of the key list, or why there is none. @type {number} */
    this.shape = UNASKED;
    this.seen = false;
    /** @type {string[] | null} All keys so far, when this node is loose. */
    this.loose = null;
    /** An object that has exactly these keys may be an `arguments` object. */
    this.maybeArguments = parent === null || (parent.parent === null ? INDEX_LIKE.test(key) : parent.maybeArguments);
  }
}

export class KeyTree {
  /** @param {(text: string) => number | null} atom `null` when there is no room for more */
  constructor(atom) {
    this.atom = atom;
    this.root = new KeyNode(null, '');
    this.prefixes = 0;
    this.shapes = 0;
  }

  /**
   * The node after `key`, when it is not the one taken last.
   * @param {KeyNode} node
   * @param {string} key
   * @returns {KeyNode}
   */
  step(node, key) {
    if (node.loose !== null) {
      node.loose.push(key);
      return node;
    }
    let child = node.children === null ? undefined : node.children.get(key);
    if (child === undefined) {
      child = new KeyNode(node, key);
      if (child.depth > ShapeLimit.keys || key.length > ShapeLimit.keyLength || this.prefixes >= ShapeLimit.prefixes) {
        child.loose = keysOf(child);
        return child;
      }
      if (node.children === null) node.children = new Map();
      node.children.set(key, child);
      this.prefixes++;
    }
    node.lastChild = child;
    node.lastKey = key;
    return child;
  }

  /**
   * The atom of the key list; negative when it is to be sent inline.
   * @param {KeyNode} node
   */
  shapeOf(node) {
    if (node.shape >= 0) return node.shape;
    if (node.loose !== null || node.shape === REFUSED) return REFUSED;
    if (!node.seen) {
      node.seen = true;
      return UNASKED;
    }
    if (this.shapes >= ShapeLimit.shapes) return REFUSED;
    // Key by key: a program may have given Array.prototype a toJSON.
    const text = `[${keysOf(node)
      .map((key) => JSON.stringify(key))
      .join(',')}]`;
    node.shape = this.atom(text) ?? REFUSED;
    if (node.shape >= 0) this.shapes++;
    return node.shape;
  }
}

/**
 * @param {KeyNode} node
 * @returns {string[]}
 */
export function keysOf(node) {
  if (node.loose !== null) return node.loose;
  /** @type {string[]} */
  const keys = [];
  for (let at = node; at.parent !== null; at = at.parent) keys.push(at.key);
  return keys.reverse();
}
