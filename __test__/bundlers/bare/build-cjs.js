import { build } from 'esbuild';

await build({
  entryPoints: ['server.js'],
  outdir: 'out',
  bundle: true,
  format: 'cjs',
  platform: 'node',
  logLevel: 'error',
});
