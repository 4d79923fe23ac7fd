// What is wrong, what the checks of /readyz and /livez say, and when certificates end.

import { findings } from '../findings.js';

export default {
  id: 'alarms',
  title: 'Alarms',
  group: 'Ensemble',
  key: 'a',
  render(root, { api, ui, live, every }) {
    const { el, show, refresh } = ui;
    const verdict = el('div', {});
    const list = el('div', {});
    const checks = el('div', {});
    const certificates = el('div', {});
    show(root, el('h1', {}, 'Alarms'), verdict, list,
      ui.panel('Checks', checks), ui.panel('Certificates', certificates),
      el('p', { class: 'hint' }, 'What this server knows. Alerts for all servers, and what to do for each: ' +
        'docs/operate/monitor.md.'));

    let alive = null;
    function draw() {
      const last = live.known();
      if (!last) return;
      const { ready, ensemble } = last;
      const now = Date.now();
      const found = findings({ ...last, live: alive }, now);
      refresh(verdict, found.length ? null : el('section', { class: 'verdict good', role: 'status' },
        el('strong', {}, 'No alarm.'), ' Clients can read and write here.'));
      refresh(list, found.map((f) => el('section', { class: `alarm ${f.kind}`, role: 'alert' },
        el('strong', {}, f.what), f.todo && el('p', {}, f.todo))));
      const rows = [...ready.checks.map((c) => ({ of: 'ready', ...c })),
        ...(alive ? alive.checks : []).map((c) => ({ of: 'alive', ...c }))];
      refresh(checks, ui.table({ rows, columns: [
        { title: 'Of', cell: (c) => c.of },
        { title: 'Check', cell: (c) => c.name },
        { title: 'State', cell: (c) => ui.pill(c.ok ? 'ok' : 'failed', c.ok ? 'good' : 'bad') },
        { title: 'Reason', class: 'path', cell: (c) => c.reason || '' },
      ] }));
      refresh(certificates, ui.table({ rows: ensemble.certificates, empty: 'None: no port speaks TLS.',
        columns: [
          { title: 'Port', cell: (c) => c.port },
          { title: 'Ends', cell: (c) => ui.time(c.ends_ms) },
          { title: 'In', align: 'right', cell: (c) => (c.ends_ms > now ? ui.duration(c.ends_ms - now) :
            ui.pill('ended', 'bad')) },
        ] }));
    }
    draw();
    every(5 * live.intervalMs, async (signal) => {
      alive = await api.health('livez', { signal });
      draw();
    });
    return live.subscribe(draw);
  },
};
