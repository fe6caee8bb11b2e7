// How the pictures look: one font, one accent for nanolith, grey for the rest, on white, which reads in dark mode too.

export const INK = '#1f2328';
export const FAINT = '#656d76';
const GRID = '#e7eaee';
export const OURS = '#e8590c';
export const PEER = '#9aa5b1';
export const YARDSTICK = '#dfe3e8';
/** Lines of peers, told apart by shape too. */
export const LINES = [OURS, '#1971c2', '#2f9e44', '#862e9c', '#5c677d'];

export const config = {
  // The page gives each picture a text of its own.
  aria: false,
  background: '#ffffff',
  padding: 20,
  font: 'system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif',
  view: { stroke: null },
  concat: { spacing: 26 },
  title: {
    anchor: 'start',
    frame: 'bounds',
    color: INK,
    fontSize: 13,
    fontWeight: 600,
    subtitleColor: FAINT,
    subtitleFontSize: 11,
    subtitlePadding: 4,
    offset: 8,
  },
  axis: {
    labelColor: INK,
    titleColor: FAINT,
    labelFontSize: 12,
    titleFontSize: 11,
    titleFontWeight: 'normal',
    gridColor: GRID,
    domain: false,
    ticks: false,
    labelLimit: 0,
    labelPadding: 6,
  },
  axisX: { labelColor: FAINT, labelFontSize: 11 },
  legend: { labelColor: INK, labelFontSize: 12, labelLimit: 0, symbolSize: 80, titleFontSize: 11 },
  text: { color: INK, fontSize: 12 },
};

/**
 * How wide text is, about: the fonts of those who look at a picture differ, and no font is at hand where it is drawn.
 * @param {{ fontSize?: number, fontWeight?: number | string }} item
 * @param {string} text
 */
export function textWidth({ fontSize = 11, fontWeight = 400 }, text) {
  return text.length * fontSize * (fontWeight >= 600 ? 0.62 : 0.57);
}

/** The room that labels left of the panels take. */
export function labelsWidth(labels) {
  return Math.ceil(Math.max(...labels.map((label) => textWidth({ fontSize: 12, fontWeight: 700 }, label))));
}

/** The title over all panels. */
export function heading(text, subtitle) {
  return {
    text,
    ...(subtitle && { subtitle }),
    anchor: 'start',
    frame: 'bounds',
    fontSize: 18,
    fontWeight: 700,
    subtitleFontSize: 12,
    offset: 16,
  };
}

/** The lines under all panels: what was measured, where and with what. `left`: the room that the labels left of the panels take. */
export function caption(lines, left) {
  return {
    data: { values: [{ lines }] },
    width: 1,
    height: lines.length * 15,
    mark: {
      type: 'text',
      align: 'left',
      baseline: 'top',
      x: -left,
      y: 0,
      text: lines,
      fontSize: 11,
      lineHeight: 15,
      color: FAINT,
    },
  };
}

export function isOurs(contestant) {
  return contestant === 'nanolith' || contestant.startsWith('nanolith, ');
}

/** 12.34 as 12×, 2.345 as 2.3×, 1.234 as 1.23×. */
export function times(factor) {
  return `${factor.toFixed(factor >= 9.95 ? 0 : factor >= 1.95 ? 1 : 2)}×`;
}

/** Whether values lie so far apart that the small ones would not be seen otherwise. */
export function wantsLog(values) {
  const seen = values.filter((value) => value > 0);
  return seen.length === values.length && seen.length > 1 && Math.max(...seen) / Math.min(...seen) > 30;
}

/** The powers of ten around some values. */
export function decades(values) {
  return [10 ** Math.floor(Math.log10(Math.min(...values))), 10 ** Math.ceil(Math.log10(Math.max(...values)))];
}
