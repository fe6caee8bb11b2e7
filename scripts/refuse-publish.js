// `npm publish` in a clone runs this by `prepublishOnly`, and must not go on: the clone's package.json asks for the platform
// packages by `file:` and has scripts. What prepare-publish.js makes of it has neither, and no guard.

console.error(
  'publish: a clone is not what is shipped, so nothing was published. Push a tag, and the release workflow publishes;\n' +
    'or, in a clone to throw away: node scripts/prepare-publish.js, then node scripts/publish.js.\n' +
    'CONTRIBUTING.md has the steps, under "Releasing".',
);
process.exit(1);
