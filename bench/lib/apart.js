// Contestants in processes of their own: for what changes with the state that others leave a process in.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/**
 * The contestant with this name, in a process of its own that runs `program` (see `serve`). Its `open()` resolves with
 * `ask(what, ...args)`, which resolves with what the program's function of that name does, `abandon()`, which kills the
 * process, and `close()`.
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
      // Also when nobody waits for it any longer: what is measured next is to have the machine to itself.
      const kill = () => child.kill('SIGKILL');
      process.once('exit', kill);
      const ended = once(child, 'exit').finally(() => process.off('exit', kill));
      const failure = ([code, signal]) => new Error(`its process ended with ${signal ?? `code ${code}`}`);
      const answer = async () => {
        const [message] = await Promise.race([
          once(child, 'message'),
          ended.then((how) => {
            throw failure(how);
          }),
        ]);
        if (message.failure !== undefined) throw new Error(message.failure);
        return message.value;
      };
      try {
        await answer();
      } catch (error) {
        kill();
        await ended.catch(() => {});
        throw error;
      }
      return {
        ask(what, ...args) {
          child.send({ what, args });
          return answer();
        },
        abandon: kill,
        async close() {
          if (child.connected) child.disconnect();
          const how = await ended;
          if (how[0] !== 0) throw failure(how);
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
  let open;
  process.once('disconnect', async () => {
    await open?.close();
    process.exit();
  });
  const answering = async (work) => {
    try {
      send({ value: await work() });
    } catch (error) {
      send({ failure: String(error?.message ?? error) });
    }
  };
  process.on('message', ({ what, args }) => answering(() => functions[what](open, ...args)));
  await answering(async () => {
    open = await contestants.find(({ name }) => name === process.argv[2]).open();
  });
}
