// The owner, as a nanolith thread sees it.

import { agent, started } from './agent.js';
import { NoParentError } from './errors.js';
import { Line } from './line.js';
import { isService } from './role.js';

/** This thread's line to its owner, on a service; one without an other end, on the thread of a task. */
const line = started && new Line(agent.id, agent.owner);

function end() {
  if (line === undefined) {
    throw new NoParentError('parent works on the threads that nanolith started; this is none.');
  }
  return line;
}

/** A service's line, for what would wait. */
function lineOfService() {
  const open = end();
  if (!isService()) throw new NoParentError('The thread of a task has no parent to wait for: that is for services.');
  return open;
}

/** See `index.d.ts`. */
export const parent = Object.freeze({
  /** @param {unknown} data @param {import('./hosts.js').TransferList} [transferList] */
  sendMessage(data, transferList) {
    end().sendMessage(data, transferList);
  },

  /** @param {(data: any) => void} callback */
  onMessage(callback) {
    return end().onMessage(callback);
  },

  /** @param {(data: any) => void} callback */
  offMessage(callback) {
    end().offMessage(callback);
  },

  /** @param {(data: any) => boolean | Promise<boolean>} predicate @param {{ signal?: AbortSignal }} [options] */
  waitForMessage(predicate, options) {
    return promised(() => lineOfService().waitForMessage(predicate, options));
  },

  /** @param {(stream: any) => void | Promise<void>} callback */
  onStream(callback) {
    return end().onStream(callback);
  },

  /** @param {object} metaData @param {{ signal?: AbortSignal }} [options] */
  createStream(metaData, options) {
    return promised(() => lineOfService().createStream(metaData, options));
  },
});

/**
 * Outside of nanolith's threads everything throws; on them, what is promised rejects.
 * @template T
 * @param {() => Promise<T>} ask
 * @returns {Promise<T>}
 */
function promised(ask) {
  end();
  try {
    return ask();
  } catch (error) {
    return Promise.reject(error);
  }
}
