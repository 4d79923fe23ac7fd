// What the server does over time. The samples are the page's own: they begin when the console
// was opened, and the last half hour is kept.

import { chart } from '../charts.js';
import * as series from '../series.js';

const ranges = [[2, '2 min'], [5, '5 min'], [15, '15 min'], [30, '30 min']];
const of = (name, points) => ({ name, points });
const gauge = (read) => (samples) => series.gauge(samples, read);
const rate = (read) => (samples) => series.rate(samples, read);
const shares = [[0.5, 'p50'], [0.95, 'p95'], [0.99, 'p99']];

// quantileLines shares one computation between the lines of a chart.
function quantileLines(name) {
  let samples = null;
  let length = 0;
  let newest = null;
  let lists = [];
  return shares.map(([, title], i) => of(title, (given) => {
    const last = given[given.length - 1];
    if (given !== samples || given.length !== length || last !== newest) {
      lists = series.quantiles(given, series.spread(name), shares.map(([share]) => share));
      [samples, length, newest] = [given, given.length, last];
    }
    return lists[i];
  }));
}

function makeCharts({ count, short, bytes, duration }) {
  const perSecond = (v) => (v === null ? '–' : `${short(v)}/s`);
  const bytesPerSecond = (v) => (v === null ? '–' : `${bytes(v)}/s`);
  const ms = (v) => duration(v === null ? null : v);
  const whole = (v) => (v === null ? '–' : short(v));
  const timesOf = (f, name) => f.spreads[name]?.count;
  return [
    chart({ title: 'Requests', format: perSecond, least: 1, lines: [
      of('all', rate(series.mntr('packets_received'))),
      of('writes', rate((f) => timesOf(f, 'update_latency_seconds'))),
      of('reads', rate((f) => timesOf(f, 'read_latency_seconds')))] }),
    chart({ title: 'Time of writes', format: ms, lines: quantileLines('update_latency_seconds') }),
    chart({ title: 'Time of reads', format: ms, lines: quantileLines('read_latency_seconds') }),
    chart({ title: 'fsync', format: ms, lines: quantileLines('fsync_seconds') }),
    chart({ title: 'Commit', format: ms, lines: quantileLines('commit_seconds') }),
    chart({ title: 'Bytes', format: bytesPerSecond, least: 1024, base: 1024, lines: [
      of('received', rate(series.mntr('bytes_received_count'))),
      of('replies', rate(series.mntr('response_bytes'))),
      of('watch events', rate(series.mntr('watch_bytes')))] }),
    chart({ title: 'Waiting requests', format: whole, least: 4, lines: [
      of('outstanding', gauge(series.mntr('outstanding_requests')))] }),
    chart({ title: 'Sessions', format: whole, least: 4, lines: [
      of('of the ensemble', gauge(series.mntr('global_sessions'))),
      of('connections here', gauge(series.mntr('num_alive_connections')))] }),
    chart({ title: 'Watches', format: whole, least: 4, lines: [
      of('watches here', gauge(series.mntr('watch_count')))] }),
    chart({ title: 'Znodes', format: whole, least: 4, lines: [
      of('znodes', gauge(series.mntr('znode_count'))),
      of('ephemeral', gauge(series.mntr('ephemerals_count')))] }),
    chart({ title: 'Memory', format: bytes, least: 2 ** 20, base: 1024, lines: [
      of('of the process', gauge((f) => f.memory.mapped_bytes)),
      of('heap', gauge((f) => f.memory.heap_bytes)),
      of('heap goal', gauge((f) => f.memory.goal_bytes))] }),
    chart({ title: 'Descriptors', format: count, least: 4, lines: [
      of('open', gauge(series.mntr('open_file_descriptor_count')))] }),
  ];
}

export default {
  id: 'charts',
  title: 'Charts',
  group: 'Ensemble',
  key: 'c',
  render(root, { ui, live, params, go }) {
    const minutes = ranges.some(([m]) => String(m) === params.get('minutes')) ?
      Number(params.get('minutes')) : 5;
    const all = makeCharts(ui);
    const draw = () => {
      const samples = live.all();
      const now = samples.length ? samples[samples.length - 1].at : Date.now();
      for (const one of all) one.draw(samples, minutes * 60000, now);
    };
    ui.show(root,
      ui.el('div', { class: 'head' }, ui.el('h1', {}, 'Charts'),
        ui.el('div', { class: 'switch right', role: 'group', 'aria-label': 'Range' },
          ranges.map(([m, text]) => ui.button(text, () => go('charts', { minutes: m }, { replace: true }),
            { 'aria-pressed': String(m === minutes) })))),
      ui.el('div', { class: 'grid charts' }, all.map((one) => one.panel)),
      ui.el('p', { class: 'hint' }, 'Of this server, every two seconds since this page was opened. ' +
        'Percentiles are of the last ten seconds; without requests there are none. A commit is the time from asking the log ' +
        'for a transaction to applying it, with the quorum.'));
    draw();
    const resized = new ResizeObserver(draw);
    resized.observe(root);
    const end = live.subscribe(draw);
    return () => {
      resized.disconnect();
      end();
    };
  },
};
