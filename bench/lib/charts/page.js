// The page that shows the pictures, with the figures behind each.

import { machineText, scenarioText } from '../print.js';
import { verdicts } from '../verdicts.js';

/**
 * @param {any} report
 * @param {import('./draw.js').Section[]} sections
 */
export function pageText(report, sections) {
  const all = report.scenarios.flatMap(({ figures = [] }) => figures.flatMap(verdicts));
  const parts = [
    '# What the benchmark measured',
    `${machineText(report.machine).replaceAll('\n', '  \n')}  \n${report.machine.date.slice(0, 10)}`,
    'Made by `npm run bench`, which measures all contestants in one run and draws this page; [bench/](../../bench/) says how. ' +
      'Rows such as *bare Worker* and *memcpy* are yardsticks, no peers: they do not count as the best. ' +
      `${all.filter(({ met }) => met).length} of ${all.length} targets met.`,
  ];
  for (const { title, pictures, scenarios } of sections) {
    parts.push(`## ${title}`, ...pictures.map(({ file, alt }) => `![${alt}](${file})`));
    for (const scenario of scenarios) {
      const label = scenarios.length > 1 ? scenario.title : 'The figures';
      parts.push(`<details><summary>${label}</summary>`, scenarioText(scenario), '</details>');
    }
  }
  return `${parts.join('\n\n')}\n`;
}
