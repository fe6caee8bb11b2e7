import { resolve } from 'node:path';

export default {
  mode: 'production',
  target: 'node20',
  entry: './server.js',
  output: { path: resolve('out'), filename: 'server.js', module: true, library: { type: 'module' } },
  experiments: { outputModule: true },
  externals: { nanolith: 'module nanolith' },
};
