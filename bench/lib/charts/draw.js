// Results as pictures, and a page that shows them. Vega draws without a browser.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, textMetrics, View } from 'vega';
import { compile } from 'vega-lite';
import { barsSpec } from './bars.js';
import { factorsSpec } from './factors.js';
import { linesSpec } from './lines.js';
import { pageText } from './page.js';
import { textWidth } from './style.js';

textMetrics.width = (item, text) => textWidth(item, String(text));

const SPREAD = 'Medians of rounds that all take in turn; thin lines reach from the lowest to the highest round.';

/**
 * Draws all that a results file holds.
 * @param {any} report
 * @param {string} folder
 * @returns {Promise<string[]>} the files, by name
 */
export async function draw(report, folder) {
  const sections = sectionsOf(report);
  const pictures = sections.flatMap((section) => section.pictures);
  mkdirSync(folder, { recursive: true });
  for (const { file, spec } of pictures) writeFileSync(join(folder, file), await svg(spec));
  writeFileSync(join(folder, 'README.md'), pageText(report, sections));
  return [...pictures.map(({ file }) => file), 'README.md'];
}

/**
 * @typedef {{ title: string, pictures: { file: string, alt: string, spec: any }[], scenarios: any[] }} Section
 * @param {any} report
 * @returns {Section[]} the summary, then one a scenario
 */
function sectionsOf(report) {
  const scenarios = report.scenarios.filter(({ failure }) => !failure);
  const sections = [summary(report, scenarios)];
  for (const scenario of scenarios) {
    // A scenario of scenarios: its parts are called one-cpu/streams and the like, and share a section.
    const [group, inner] = scenario.name.split('/');
    if (inner === undefined) sections.push(single(report, scenario));
    else if (sections.at(-1).group === group) sections.at(-1).scenarios.push(scenario);
    else sections.push({ group, title: scenario.title.split(':')[0], pictures: [], scenarios: [scenario] });
  }
  for (const section of sections) if (section.group) section.pictures = compared(report, section);
  return sections.filter(({ pictures }) => pictures.length > 0);
}

/** One bar a headline: against the best of the peers. */
function summary(report, scenarios) {
  const figures = scenarios
    .filter(({ name }) => !name.includes('/'))
    .flatMap((scenario) => scenario.figures)
    .filter(({ headline }) => headline)
    .map((figure) => ({ name: figure.headline, figure }));
  const spec = factorsSpec(
    {
      title: 'nanolith against the best of its peers',
      subtitle: 'times as fast as the best of the peers, named on the right · the line is 1× · log scale',
      figures,
    },
    captionLines(
      report.machine,
      figures.map(({ figure }) => figure),
    ),
  );
  const alt = 'How many times as fast as the best of its peers nanolith is, by scenario';
  return { title: 'Summary', pictures: spec ? [{ file: 'summary.svg', alt, spec }] : [], scenarios: [] };
}

function single(report, scenario) {
  const { name, title, figures = [], curves = [] } = scenario;
  const caption = (measured) => [...captionLines(report.machine, measured), SPREAD];
  const pictures = curves.map((curve) => ({
    file: `${name}-${curve.id}.svg`,
    alt: curve.title,
    spec: linesSpec(curve, caption([{ values: curve.lines }])),
  }));
  if (figures.some(({ values }) => values.some(({ median }) => median !== undefined))) {
    pictures.unshift({ file: `${name}.svg`, alt: title, spec: barsSpec(scenario, caption(figures)) });
  }
  return { title, pictures, scenarios: [scenario] };
}

/** The same scenarios under another condition, against the one contestant that they have besides nanolith. */
function compared(report, { group, title, scenarios }) {
  const figures = scenarios.flatMap((scenario) => scenario.figures).filter(({ unit }) => unit !== 'MiB');
  const peers = [...new Set(figures.flatMap(({ values }) => values.map(({ contestant }) => contestant)))];
  const spec = factorsSpec(
    {
      title,
      subtitle: `times as fast as ${peers.filter((name) => name !== 'nanolith').join(', ')} · the line is 1× · log scale`,
      figures: figures.map((figure) => ({ name: figure.headline ?? figure.title, figure })),
    },
    captionLines(report.machine, figures),
  );
  return spec ? [{ file: `${group}.svg`, alt: title, spec }] : [];
}

/** Where it was measured, and the versions of those that took part. */
function captionLines({ cpu, cores, memoryGiB, system, node, nanolith, commit, date, peers }, figures) {
  const names = new Set(figures.flatMap(({ values }) => values.map(({ contestant }) => contestant)));
  const versions = Object.entries(peers)
    // The earlier nanolith is called by its version.
    .filter(([peer]) => peer !== 'nanolith')
    .filter(([peer]) => [...names].some((name) => name === peer || name.startsWith(`${peer},`)))
    .map(([peer, version]) => `${peer} ${version}`);
  return [
    `${cpu}, ${cores} cores, ${memoryGiB} GiB · ${system} · Node ${node} · ${date.slice(0, 10)}`,
    [`nanolith ${nanolith}, commit ${commit}`, ...versions].join(' · '),
  ];
}

function svg(spec) {
  const view = new View(parse(compile({ $schema: 'https://vega.github.io/schema/vega-lite/v6.json', ...spec }).spec), {
    renderer: 'none',
  });
  return view.toSVG().finally(() => view.finalize());
}
