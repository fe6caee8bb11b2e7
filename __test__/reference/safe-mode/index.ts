import { outcomes } from './worker.js';

for (const outcome of outcomes) {
  console.log(outcome.status === 'fulfilled' ? outcome.value : outcome.reason.code);
}
