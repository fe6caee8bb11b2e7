// Runs one scenario in a process of its own and sends what it measured to run.js.

import process from 'node:process';

const { name, quick, only, rounds } = JSON.parse(process.argv[2]);
const scenario = await import(new URL(`../scenarios/${name}.js`, import.meta.url).href);

/** What a scenario gets: how many rounds, and which contestants were asked for. */
const context = {
  quick,
  /** As many as the scenario wants, fewer for a quick look, or what the command line says. */
  rounds: (wanted) => rounds ?? (quick ? Math.min(3, wanted) : wanted),
  /** Constants: the first for a full run, the second for a quick one. */
  scale: (full, small) => (quick ? small : full),
  choose: (contestants) =>
    only ? contestants.filter(({ name }) => only.some((part) => name.startsWith(part))) : contestants,
};

let result;
try {
  result = await scenario.run(context);
} catch (error) {
  result = { figures: [], failure: String(error?.stack ?? error) };
}
process.send({ name, title: scenario.title, figures: [], ...result }, () => process.exit(0));
