import { pool, ServiceCluster } from 'nanolith';
import { api } from './worker.js';

// On a machine with fewer cores.
pool.setConcurrency(3);

const cluster = new ServiceCluster(api);
await cluster.launch(3, { exceptionHandler: ({ error }) => console.error(error) });

// While the first service has a call, the next ones go to the others.
const results = await Promise.all([
  cluster.use().call({ name: 'addLater', params: [1, 2] }),
  cluster.use().call({ name: 'addLater', params: [3, 4] }),
  cluster.use().call({ name: 'addLater', params: [5, 6] }),
]);

console.log(results.map(({ sum }) => sum));
console.log(new Set(results.map(({ thread }) => thread)).size);

await cluster.closeAll();
