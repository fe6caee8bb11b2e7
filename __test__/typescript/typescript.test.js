// What users of TypeScript see of the packed package: their compilers, loaders, and the linters of packages.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pack, unpackInto } from '../../scripts/pack.js';
import { checkPackage } from './package.js';

const folder = mkdtempSync(join(tmpdir(), 'nanolith-typescript-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
const packed = pack(join(folder, 'packed'));
unpackInto(fileURLToPath(new URL('.', import.meta.url)), packed);

checkPackage(packed.main.tarball);
await import('./types.js');
await import('./loaders.js');
