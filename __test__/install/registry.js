// A registry on loopback with nothing in it and nothing behind it: what it is asked for and does not have, does not exist.
// Forked by the test, which it tells its address; it ends with it.

import { runServer } from 'verdaccio';

const [storage] = process.argv.slice(2);
const server = await runServer({
  self_path: storage,
  configPath: storage,
  storage,
  uplinks: {},
  packages: { '**': { access: '$all', publish: '$all' } },
  auth: {},
  web: { enable: false },
  max_body_size: '100mb',
  log: { type: 'stdout', format: 'pretty', level: 'warn' },
});
server.listen(0, '127.0.0.1', () => process.send?.({ url: `http://127.0.0.1:${server.address().port}/` }));
process.once('disconnect', () => process.exit());
