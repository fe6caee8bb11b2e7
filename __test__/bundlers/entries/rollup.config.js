import { nodeResolve } from '@rollup/plugin-node-resolve';

export default {
  input: ['server.js', 'tasks.js'],
  output: { dir: 'out', format: 'es' },
  plugins: [nodeResolve({ preferBuiltins: true })],
  external: ['nanolith', /^node:/],
};
