// What is computed from samples of figures: rates, quantiles. Pure; no element, no clock.

// A pause between two samples beyond which nothing is said about the time between.
const gapMs = 30000;

const bounds = new Map();
const bound = (index) => {
  if (!bounds.has(index)) bounds.set(index, 2 ** (index / 8));
  return bounds.get(index);
};

// mntr, counted, spread and memory say where a figure of a sample is.
export const mntr = (name) => (f) => f.figures[name];
export const counted = (name) => (f) => f.counted[name];
export const spread = (name) => (f) => f.spreads[name];

const numeric = (v) => (typeof v === 'number' && Number.isFinite(v) ? v : null);

// gauge gives the values of a figure over the samples: [{at, v}], v null where it is not known.
export function gauge(samples, read) {
  return samples.map(({ at, figures }) => ({ at, v: figures ? numeric(read(figures)) : null }));
}

// pairs calls back with each sample and the one before it, null where that says nothing.
function pairs(samples, make) {
  return samples.map((sample, i) => {
    const before = samples[i - 1];
    const fits = before && before.figures && sample.figures &&
      sample.at - before.at <= gapMs && sample.figures.at_ms > before.figures.at_ms;
    return { at: sample.at, v: fits ? make(before.figures, sample.figures) : null };
  });
}

// rate gives how fast a counter grows, in a second; null behind a reset.
export function rate(samples, read) {
  return pairs(samples, (before, now) => {
    const grown = read(now) - read(before);
    return grown >= 0 ? grown / ((now.at_ms - before.at_ms) / 1000) : null;
  });
}

// between is the histogram of what was observed between two of one server; null if it was reset.
export function between(before, now) {
  if (!before || !now || now.count < before.count) return null;
  const counts = new Map();
  now.counts.forEach((n, i) => counts.set(now.first + i, n));
  before.counts.forEach((n, i) => {
    const index = before.first + i;
    counts.set(index, (counts.get(index) || 0) - n);
  });
  return { zero: now.zero - before.zero, counts, count: now.count - before.count,
    sum: now.sum - before.sum };
}

// quantile is what a share of the observations do not exceed, off by 9 % at most; null without
// any.
export function quantile(of, share) {
  if (!of || of.count <= 0) return null;
  const rank = Math.ceil(share * of.count);
  let seen = of.zero;
  if (seen >= rank) return 0;
  for (const index of [...of.counts.keys()].sort((a, b) => a - b)) {
    seen += of.counts.get(index);
    if (seen >= rank) return bound(index);
  }
  return null;
}

// quantiles gives those of a histogram over the samples, each of the last `span` of them, as
// one list for each share; scale turns its unit into that of the chart.
export function quantiles(samples, read, shares, { span = 5, scale = 1000 } = {}) {
  const lists = shares.map(() => []);
  samples.forEach((sample, i) => {
    let first = i;
    while (first > 0 && i - first < span && samples[first - 1].figures &&
      samples[first].at - samples[first - 1].at <= gapMs) first--;
    const before = samples[first].figures;
    const known = sample.figures && before && first < i;
    const observed = known ? between(read(before), read(sample.figures)) : null;
    shares.forEach((share, n) => {
      const v = quantile(observed, share);
      lists[n].push({ at: sample.at, v: v === null ? null : v * scale });
    });
  });
  return lists;
}

// last is the newest value that is known, of the newest sample only.
export function last(points) {
  return points.length ? points[points.length - 1].v : null;
}
