// Contestants in processes of their own: for what changes with the state that others leave a process in.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/**
 * The contestant with this name, in a process of its own that runs `program` (see `serve`). Its `open()` resolves with
 * `ask(what, ...args)`, which resolves with what the program's function of that name does, and `close()`.
 *
 * @param {import('./measure.js').Contestant} contestant
 * @param {URL} program
 * @returns {import('./measure.js').Contestant}
 */
export function apart({ name, yardstick }, program) {
  return {
    name,
    yardstick,
    async open() {
      const child = fork(fileURLToPath(program), [name]);
      const ended = once(child, 'exit');
      const answer = async () => {
        const [message] = await Promise.race([
          once(child, 'message'),
          ended.then(([code, signal]) => {
            throw new Error(`its process ended with ${signal ?? `code ${code}`}`);
          }),
        ]);
        if (message.failure !== undefined) throw new Error(message.failure);
        return message.value;
      };
      await answer();
      return {
        ask(what, ...args) {
          child.send({ what, args });
          return answer();
        },
        async close() {
          child.disconnect();
          await ended;
        },
      };
    },
  };
}

/**
 * In the process of one: opens the contestant that the command line names, and does what it is asked for.
 *
 * @param {import('./measure.js').Contestant[]} contestants
 * @param {Record<string, (open: any, ...args: any[]) => Promise<any>>} functions
 */
export async function serve(contestants, functions) {
  const send = (message) => process.connected && process.send(message);
  try {
    const open = await contestants.find(({ name }) => name === process.argv[2]).open();
    process.on('message', async ({ what, args }) => {
      try {
        send({ value: await functions[what](open, ...args) });
      } catch (error) {
        send({ failure: String(error?.message ?? error) });
      }
    });
    process.once('disconnect', async () => {
      await open.close();
      process.exit();
    });
    send({});
  } catch (error) {
    send({ failure: String(error?.message ?? error) });
    process.disconnect();
  }
}
