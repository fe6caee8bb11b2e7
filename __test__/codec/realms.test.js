import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';

/** Runs a fixture, which asserts by itself, in a process of its own. */
function passes(fixture, ...flags) {
  const path = fileURLToPath(new URL(`fixtures/${fixture}`, import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [...flags, path], { encoding: 'utf8', timeout: 30_000 });
  assert.equal(status, 0, stderr);
}

it('a program that changed the built-in prototypes', () => passes('changed-prototypes.mjs'));
it('a runtime that forbids code from strings', () =>
  passes('no-code-generation.mjs', '--disallow-code-generation-from-strings'));
it('a codec that was loaded in a vm context, as by jest', () => passes('vm-realm.mjs', '--experimental-vm-modules'));
