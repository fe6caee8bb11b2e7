import { assert, rejection } from '../fixtures/check.js';
import { talker } from '../fixtures/service.js';

for (const how of ['exit', 'close', 'terminate']) {
  const service = await talker.launchService();
  const pending = [1, 2].map(() => rejection(service.call({ name: 'never' })));
  if (how === 'exit') service.call({ name: 'exit', params: [3] }).catch(() => {});
  else if (how === 'close') service.close();
  else service.worker.terminate();
  for (const { code } of await Promise.all(pending)) assert.match(code, /ERR_NANOLITH_(SERVICE_CLOSED|WORKER_EXITED)/);
  assert.match((await rejection(service.call({ name: 'pid' }))).code, /ERR_NANOLITH_SERVICE_CLOSED/);
}
