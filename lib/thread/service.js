// A thread that serves calls until it is closed.

import { threadId } from 'node:worker_threads';

import { agent, onMayStay, onSettling, writer } from '../agent.js';
import { readValue, writeThrown } from '../hosts.js';
import { attach } from '../messengers.js';
import { native } from '../native.js';
import '../parent.js';
import { CALL, EXCEPTION, MESSENGER, READY } from '../protocol.js';
import { becomeService } from '../role.js';
import { streaming } from '../streams/ends.js';
import { load } from './load.js';
import { finish, reportFatal, writeLoadFailure } from './one-off.js';
import { answerOf, isThenable, tasksByAtom, writeAnswer, writeFailure, writeResult } from './run.js';

const INITIALIZER = '__initializeService';

/** @type {Map<string, Function>} */
let functions;
/** @type {(atom: number) => Function} */
let functionOf;
/** Calls that have not settled. */
let running = 0;
/** @type {Function | undefined} */
let before;
/** @type {Function | undefined} */
let after;

/**
 * Becomes the service that the owner asked for.
 * @param {{ call: number, file: string, identifier: string }} what
 */
export async function launchHere({ call, file, identifier }) {
  let launching = true;
  reportFatal(() => (launching ? call : undefined));
  becomeService();
  try {
    functions = await load(file, identifier);
  } catch (error) {
    return finish(() => writeLoadFailure(call, file, error));
  }
  try {
    await functions.get(INITIALIZER)?.(threadId, { name: INITIALIZER, inService: true });
  } catch (error) {
    return finish(() => writeFailure(call, error));
  }
  launching = false;
  functionOf = tasksByAtom(functions);
  before = functions.get('__beforeServiceTask');
  after = functions.get('__afterServiceTask');
  process.on('uncaughtException', report);
  process.on('unhandledRejection', report);
  onMayStay(() => running === 0 && !streaming());
  native.serviceReady(agent.id);
  tellOwner(() => {
    writer.u8(READY);
    writer.u32(call);
  });
  return undefined;
}

/** @param {() => void} write */
function tellOwner(write) {
  const start = writer.position;
  write();
  agent.send(agent.owner, start, writer.position - start);
  writer.position = start;
}

/** An uncaught exception: the owner hears of it, and the service goes on. @param {unknown} error */
function report(error) {
  tellOwner(() => {
    writer.u8(EXCEPTION);
    writer.u32(agent.id);
    writeThrown(error);
  });
}

onSettling(CALL, (reader) => {
  const call = reader.u32();
  const atom = reader.u32();
  let params;
  try {
    params = readValue(reader);
  } catch (error) {
    reply(() => writeFailure(call, error));
    return;
  }
  if (before !== undefined || after !== undefined) {
    runWithHooks(call, native.atomText(atom), params);
    return;
  }
  try {
    const value = functionOf(atom)(...params);
    if (isThenable(value)) settle(call, value);
    else reply(() => writeResult(call, value));
  } catch (error) {
    reply(() => writeFailure(call, error));
  }
});

/** @param {() => void} write */
function reply(write) {
  const start = writer.position;
  write();
  agent.reply(start, writer.position - start);
  writer.position = start;
}

/** @param {number} call @param {PromiseLike<unknown>} promised */
async function settle(call, promised) {
  running += 1;
  try {
    const value = await promised;
    reply(() => writeResult(call, value));
  } catch (error) {
    reply(() => writeFailure(call, error));
  }
  running -= 1;
}

/** @param {number} call @param {string} name @param {unknown[]} params */
async function runWithHooks(call, name, params) {
  running += 1;
  const answer = await answerOf({ call, name, functions, params, before, after, inService: true });
  reply(() => writeAnswer(call, answer));
  running -= 1;
}

onSettling(MESSENGER, (reader) => {
  const call = reader.u32();
  attach(reader.text());
  reply(() => writeResult(call, undefined));
});
