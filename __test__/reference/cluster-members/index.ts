import { pool, ServiceCluster } from 'nanolith';
import { api } from './worker.js';

pool.setConcurrency(3);
const cluster = new ServiceCluster(api);
const show = () => console.log(cluster.activeServices, cluster.activeServiceCalls);

try {
  cluster.use();
} catch {
  console.log('nothing to use');
}

const one = await cluster.launchService();
const added = await api.launchService();
cluster.addService(added);
const [other] = await cluster.launch(1);
console.log(
  cluster.use() instanceof Object,
  [one, added, other].every((service) => service?.closed === false),
);
show();

// The services that are at work stay.
const call = added.call({ name: 'work' });
show();
const [busy] = cluster.currentServices.filter(({ active }) => active === 1);
console.log(busy?.service === added, busy !== undefined && cluster.use(busy.identifier) === added);
await cluster.closeAllIdle();
show();

added.sendMessage('enough');
await call;
await cluster.closeAll();
show();
