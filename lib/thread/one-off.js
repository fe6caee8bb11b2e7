// A thread that runs one task and ends.

import { agent, hold, onSettling, writer } from '../agent.js';
import { readValue, writeThrown } from '../hosts.js';
import { receiveMessengers } from '../messengers.js';
import { FATAL, LOAD_FAILED, ONE_OFF, RUN } from '../protocol.js';
import { exit } from './exit.js';
import { load } from './load.js';
import { answerOf, writeAnswer } from './run.js';
import { launchHere } from './service.js';

hold();

onSettling(RUN, (reader) => {
  const call = reader.u32();
  const work = reader.u8();
  const file = reader.text();
  const identifier = reader.text();
  const name = reader.text();
  receiveMessengers(reader);
  const params = readValue(reader);
  if (work === ONE_OFF) runHere({ call, file, identifier, name, params });
  else launchHere({ call, file, identifier });
});

/**
 * @param {{ call: number, file: string, identifier: string, name: string, params: unknown[] }} what
 */
async function runHere({ call, file, identifier, name, params }) {
  reportFatal(() => call);
  let functions;
  try {
    functions = await load(file, identifier);
  } catch (error) {
    return finish(() => writeLoadFailure(call, file, error));
  }
  const [before, after] = [functions.get('__beforeTask'), functions.get('__afterTask')];
  const answer = await answerOf({ call, name, functions, params, before, after, inService: false });
  return finish(() => writeAnswer(call, answer));
}

/** Answers and ends: the slot is free before the caller hears of it. @param {() => void} write */
export function finish(write) {
  const start = writer.position;
  write();
  agent.finish(start, writer.position - start);
  writer.position = start;
  return exit();
}

/**
 * @param {number} call
 * @param {string} file
 * @param {unknown} error
 */
export function writeLoadFailure(call, file, error) {
  writer.u8(LOAD_FAILED);
  writer.u32(call);
  writer.text(file);
  writer.thrown(error);
}

/**
 * Tells the caller of an uncaught exception before it ends the thread: Node's own report loses what it cannot clone.
 * @param {() => number | undefined} current the call that runs
 */
export function reportFatal(current) {
  process.on('uncaughtExceptionMonitor', (error) => {
    const call = current();
    if (call === undefined) return;
    const start = writer.position;
    writer.u8(FATAL);
    writer.u32(call);
    writeThrown(error);
    agent.tellCaller(start, writer.position - start);
    writer.position = start;
  });
}
