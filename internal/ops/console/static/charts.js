// Charts of lines over time, as SVG.

import { el, show, svg } from './ui.js';

const heightPx = 132;
const room = { left: 58, right: 10, top: 8, bottom: 20 };

// roundUp gives a round number at or above the highest value; round in the units of bytes where
// the base is 1024.
function roundUp(v, base) {
  if (!(v > 0)) return 1;
  const unit = base === 1024 ? 1024 ** Math.floor(Math.log(v) / Math.log(1024)) : 1;
  const size = unit * 10 ** Math.floor(Math.log10(v / unit));
  return [1, 2, 2.5, 5, 10].map((m) => m * size).find((m) => m >= v * 0.999);
}

// chart makes a panel with lines. Lines are {name, points: (samples) => [{at, v}]}, format shows
// a value, base is 1024 for bytes. Its draw(samples, rangeMs, now) draws them anew.
export function chart({ title, lines, format, least = 0, base = 10 }) {
  const legend = el('ul', { class: 'legend' });
  const picture = svg('svg', { class: 'chart', role: 'img', height: heightPx });
  const tip = el('div', { class: 'tip', hidden: true });
  const box = el('div', { class: 'plot' }, picture, tip);
  const panel = el('section', { class: 'panel chart-panel' },
    el('div', { class: 'chart-head' }, el('h2', {}, title), legend), box);
  let drawn = null;

  function draw(samples, rangeMs, now) {
    const from = now - rangeMs;
    const width = Math.max(220, box.clientWidth || 300);
    const inner = { w: width - room.left - room.right, h: heightPx - room.top - room.bottom };
    const all = lines.map((line) => ({ ...line, at: line.points(samples).filter((p) => p.at >= from) }));
    const highest = Math.max(least, ...all.flatMap((l) => l.at.map((p) => p.v ?? 0)));
    const top = roundUp(highest, base);
    const x = (at) => room.left + inner.w * (at - from) / rangeMs;
    const y = (v) => room.top + inner.h * (1 - v / top);
    picture.setAttribute('viewBox', `0 0 ${width} ${heightPx}`);
    picture.setAttribute('width', width);
    const latest = all.map((l) => {
      const p = l.at[l.at.length - 1];
      return p ? p.v : null;
    });
    picture.setAttribute('aria-label',
      `${title}: ${all.map((l, i) => `${l.name} ${format(latest[i])}`).join(', ')}`);
    show(picture,
      [0, 0.5, 1].map((share) => [
        svg('line', { class: share ? 'rule' : 'rule base', x1: room.left, x2: width - room.right,
          y1: y(top * share), y2: y(top * share) }),
        svg('text', { class: 'tick', x: room.left - 6, y: y(top * share) + 4, 'text-anchor': 'end' },
          format(top * share))]),
      [[from, 'start', ago(rangeMs)], [from + rangeMs / 2, 'middle', ago(rangeMs / 2)], [now, 'end', 'now']]
        .map(([at, anchor, text]) => svg('text', { class: 'tick', x: x(at), y: heightPx - 5,
          'text-anchor': anchor }, text)),
      all.map((line, i) => paths(line.at, x, y).map((d) =>
        svg('path', { class: `line series-${i + 1}`, d }))));
    show(legend, all.map((line, i) => el('li', { class: `series-${i + 1}` },
      el('span', { class: 'swatch', 'aria-hidden': 'true' }), `${line.name} `,
      el('b', {}, format(latest[i])))));
    drawn = { all, x, y, from, rangeMs, now, width };
    if (!tip.hidden && pointed !== null) point(pointed);
  }

  let pointed = null;
  function point(px) {
    if (!drawn || !drawn.all[0].at.length) return;
    pointed = px;
    const at = drawn.from + (px - room.left) / (drawn.width - room.left - room.right) * drawn.rangeMs;
    const near = drawn.all[0].at.reduce((a, b) => (Math.abs(b.at - at) < Math.abs(a.at - at) ? b : a)).at;
    picture.querySelector('.cross')?.remove();
    picture.append(svg('line', { class: 'cross', x1: drawn.x(near), x2: drawn.x(near), y1: room.top,
      y2: heightPx - room.bottom }));
    show(tip, el('div', { class: 'dim' }, new Date(near).toLocaleTimeString()),
      drawn.all.map((line, i) => {
        const p = line.at.find((q) => q.at === near);
        return el('div', { class: `series-${i + 1}` }, el('span', { class: 'swatch' }),
          `${line.name} `, el('b', {}, format(p ? p.v : null)));
      }));
    tip.hidden = false;
    const right = drawn.x(near) > drawn.width / 2;
    tip.style.left = right ? 'auto' : `${drawn.x(near) + 10}px`;
    tip.style.right = right ? `${drawn.width - drawn.x(near) + 10}px` : 'auto';
  }
  box.addEventListener('pointermove', (event) => point(event.clientX - box.getBoundingClientRect().left));
  box.addEventListener('pointerleave', () => {
    tip.hidden = true;
    pointed = null;
    picture.querySelector('.cross')?.remove();
  });
  return { panel, draw };
}

function ago(ms) {
  return ms >= 60000 ? `${Math.round(ms / 6000) / 10} min ago` : `${Math.round(ms / 1000)} s ago`;
}

// paths are a line for each stretch in which values are known; one value alone is a dot.
function paths(points, x, y) {
  const found = [];
  let d = '';
  for (const p of points) {
    if (p.v === null) {
      if (d) found.push(d);
      d = '';
    } else {
      d += `${d ? 'L' : 'M'}${x(p.at).toFixed(1)} ${y(p.v).toFixed(1)}`;
    }
  }
  if (d) found.push(d);
  return found.map((path) => (path.includes('L') ? path : `${path}h.1`));
}

// sparkline is a line of the last two minutes without anything around it.
export function sparkline(points, { width = 96, height = 24, rangeMs = 120000 } = {}) {
  const known = points.filter((p) => p.v !== null);
  const picture = svg('svg', { class: 'spark', width, height, viewBox: `0 0 ${width} ${height}`,
    'aria-hidden': 'true' });
  if (known.length < 2) return picture;
  const from = points[points.length - 1].at - rangeMs;
  const top = 1.25 * Math.max(...known.map((p) => p.v)) || 1;
  picture.append(...paths(points.filter((p) => p.at >= from), (at) => 1 + (width - 2) * (at - from) / rangeMs,
    (v) => height - 2 - (height - 4) * v / top).map((d) => svg('path', { class: 'line series-1', d })));
  return picture;
}
