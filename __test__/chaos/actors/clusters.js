// Clusters: launched, called by `use()`, with members that end meanwhile.

import { setTimeout as sleep } from 'node:timers/promises';

import { pool, ServiceCluster } from '../../../index.js';
import { newCell } from '../board.js';
import { service as set } from '../fixtures/service.js';
import { serviceDooms } from '../ledger.js';
import { valueOf } from '../values.js';

/** @param {import('../random.js').Random} random */
export function planCluster(random) {
  return {
    kind: 'cluster',
    at: random.int(0, 1500),
    members: random.int(1, 3),
    calls: random.int(5, 120),
    seed: random.int(0, 5000),
    slow: random.chance(0.5),
    /** How one member ends while calls are under way. */
    loses: random.weighted({ none: 3, close: 1, terminate: 1, exit: 1 }),
    ends: random.pick(['closeAll', 'closeAllIdle', 'one by one']),
    at2: random.int(0, 100),
  };
}

/** @param {ReturnType<typeof planCluster>} plan @param {import('../world.js').World} world */
export async function runCluster(plan, world) {
  await sleep(plan.at);
  const { ledger } = world;
  const id = world.newId();
  const cluster = new ServiceCluster(set);
  const tooMany = plan.members > pool.maxConcurrency;
  const { value: services } = await ledger.enter(`cluster ${id} launch`, cluster.launch(plan.members), {
    ...(tooMany && { error: (error) => error.code === 'ERR_NANOLITH_POOL_EXCEEDED' }),
    check: (launched) => (launched.length === plan.members ? undefined : `${launched.length} services`),
  });
  if (services === undefined) {
    ledger.check(cluster.activeServices === 0, `cluster ${id} has services of a launch that failed`);
    return;
  }
  const ends = new Map(
    services.map((/** @type {any} */ one) => [one, new Promise((resolve) => one.once('terminated', resolve))]),
  );
  const dooms = new Map(
    services.map((/** @type {any} */ one) => [one, /** @type {import('../ledger.js').Doom | undefined} */ (undefined)]),
  );
  const victim = services[0];
  if (plan.loses !== 'none') {
    dooms.set(victim, plan.loses === 'exit' ? serviceDooms.exit(3) : serviceDooms[plan.loses]());
  }

  const call = (/** @type {number} */ at) => {
    const before = cluster.activeServiceCalls;
    const member = cluster.use();
    const cell = newCell();
    const seed = plan.seed + at;
    const [name, params] = plan.slow ? ['later', [valueOf(seed), at % 30]] : ['echo', [valueOf(seed)]];
    const promise = member.call({ name, params: [cell, ...params] });
    ledger.check(
      cluster.activeServiceCalls === before + 1,
      `cluster ${id} counts ${cluster.activeServiceCalls} calls, not ${before + 1}`,
    );
    return ledger.enter(`call ${cell} on cluster ${id}`, promise, {
      cell,
      value: valueOf(seed),
      dooms: [dooms.get(member)],
    });
  };
  const half = Math.floor(plan.calls / 2);
  const calls = Array.from({ length: half }, (_, at) => call(at));
  await sleep(plan.at2);
  if (plan.loses !== 'none') {
    const cell = newCell();
    dooms.get(victim)?.begin();
    if (plan.loses === 'close') calls.push(ledger.enter(`close in cluster ${id}`, victim.close()));
    else if (plan.loses === 'terminate') victim.worker.terminate();
    else
      calls.push(
        ledger.enter(`exit in cluster ${id}`, victim.call({ name: 'exits', params: [cell, 3] }), {
          dooms: [dooms.get(victim)],
          cell,
          error: () => false,
        }),
      );
    if (plan.loses === 'close')
      ledger.check(cluster.activeServices === plan.members - 1, `cluster ${id} keeps a closed service`);
  }
  for (let at = half; at < plan.calls; at += 1) {
    if (cluster.activeServices === 0) break;
    calls.push(call(at));
    if (at % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(calls);
  const counted = cluster.activeServiceCalls;
  ledger.check(counted === 0, `cluster ${id} counts ${counted} calls after all have settled`);
  if (plan.loses !== 'none') await ledger.enter(`end of a member of cluster ${id}`, ends.get(victim));
  if (plan.ends === 'one by one') for (const one of services) await ledger.enter(`close in cluster ${id}`, one.close());
  else await ledger.enter(`${plan.ends} of cluster ${id}`, cluster[/** @type {'closeAll'} */ (plan.ends)]());
  ledger.check(cluster.activeServices === 0, `cluster ${id} has ${cluster.activeServices} services after ${plan.ends}`);
  await ledger.enter(`end of cluster ${id}`, Promise.all(ends.values()));
  ledger.check(
    services.every((/** @type {any} */ one) => one.closed && one.listenerCount('terminated') === 0),
    `cluster ${id}: a service is open`,
  );
}
