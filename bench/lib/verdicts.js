// How the contestants stand to each other, and whether a figure reaches what it is to reach.

/**
 * How many times better one value is than the other, by the figure's own measure.
 * @param {{ better: 'lower' | 'higher' }} figure
 * @param {{ median: number }} one
 * @param {{ median: number }} other
 */
export function timesBetter({ better }, one, other) {
  return better === 'higher' ? one.median / other.median : other.median / one.median;
}

/** The best of some values. */
export function best({ better }, values) {
  return values.reduce((a, b) => ((better === 'higher') === a.median >= b.median ? a : b));
}

export function measuredValues({ values }) {
  return values.filter(({ median }) => median !== undefined);
}

/** The contestants that ours are raced against: neither nanolith nor a yardstick. */
export function peersOf(figure, ours = 'nanolith') {
  return measuredValues(figure).filter(({ contestant, yardstick }) => contestant !== ours && !yardstick);
}

/** One verdict for each target whose contestants took part. See `Target` in measure.js. */
export function verdicts(figure) {
  return (figure.targets ?? []).flatMap((target) => {
    const { ours = 'nanolith' } = target;
    const own = figure.values.find(({ contestant }) => contestant === ours);
    if (own === undefined) return [];
    if (own.median === undefined) return [verdict(false, undefined, `${ours} was not measured`)];
    return 'of' in target ? againstOthers(figure, target, own) : againstNumber(figure, target, own);
  });
}

function againstOthers(figure, { times, within, of }, own) {
  const others =
    of === 'best'
      ? peersOf(figure, own.contestant)
      : measuredValues(figure).filter(({ contestant }) => of.includes(contestant));
  if (others.length === 0) return [];
  const other = best(figure, others);
  const factor = timesBetter(figure, own, other);
  if (within !== undefined) {
    const behind = timesBetter(figure, other, own);
    const text = `${own.contestant} takes ${behind.toFixed(2)} times ${other.contestant}, to be at most ${within}`;
    return [verdict(behind <= within, factor, text)];
  }
  const text = `${own.contestant} ${factor.toFixed(2)} times ${other.contestant}, to be at least ${times}`;
  return [verdict(factor >= times, factor, text)];
}

function againstNumber({ unit }, { atLeast, atMost }, own) {
  const met = atLeast !== undefined ? own.median >= atLeast : own.median <= atMost;
  const limit = atLeast !== undefined ? `at least ${atLeast}` : `at most ${atMost}`;
  return [verdict(met, undefined, `${own.contestant} ${own.median.toFixed(2)} ${unit}, to be ${limit}`)];
}

function verdict(met, factor, text) {
  return { met, factor, text: `${met ? 'met' : 'MISSED'}: ${text}` };
}
