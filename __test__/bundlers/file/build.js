import { build } from 'esbuild';

await build({
  entryPoints: ['server.js', 'tasks.js'],
  outdir: 'out',
  bundle: true,
  format: 'esm',
  platform: 'node',
  external: ['nanolith'],
});
