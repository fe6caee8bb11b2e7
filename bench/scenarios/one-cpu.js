// The same scenarios on a single CPU (taskset, so Linux only): nothing may be slower than the earlier nanolith.

import { nanolithJs } from '../peers/services.js';

export const title = 'On one CPU';
export const nested = ['service-call', 'messenger', 'streams', 'one-off-latency', 'one-off-rate'];
export const only = ['nanolith'];
export const command = ['taskset', '-c', '0'];
export const targets = [{ times: 1, of: [nanolithJs.name] }];
