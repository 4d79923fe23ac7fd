// The stages of the start: what took how long until the server served.

export default {
  id: 'startup',
  title: 'Start-up',
  group: 'Server',
  key: 'u',
  render(root, { api, ui, every }) {
    const { el, show, refresh, svg } = ui;
    const out = el('div', {});
    show(root, el('h1', {}, 'Start-up'), out);

    const bar = (s, total) => svg('svg', { class: 'gantt', viewBox: '0 0 100 10',
      preserveAspectRatio: 'none', role: 'img',
      'aria-label': `from ${ui.duration(s.start_ms)} for ${ui.duration(s.duration_ms)}` },
    svg('rect', { x: 0, y: 0, width: 100, height: 10, class: 'ground' }),
    svg('rect', { x: 100 * s.start_ms / total, y: 0, height: 10,
      width: Math.max(0.4, 100 * s.duration_ms / total) }));

    every(2000, async (signal) => {
      const { stages } = await api.command('startup', null, { signal, quiet: true });
      const ends = stages.map((s) => s.start_ms + s.duration_ms);
      const total = Math.max(1e-6, ...ends);
      const slowest = stages.reduce((a, b) => (a && a.duration_ms >= b.duration_ms ? a : b), null);
      refresh(out, slowest && el('p', {}, `${stages.length} stages in ${ui.duration(total)}; the longest was `,
        el('b', {}, slowest.name), `, ${ui.duration(slowest.duration_ms)}.`),
      el('section', { class: 'panel' }, ui.table({ rows: stages, empty: 'No stage has ended yet.', columns: [
        { title: 'Stage', cell: (s) => s.name },
        { title: 'From', align: 'right', cell: (s) => ui.duration(s.start_ms) },
        { title: 'Took', align: 'right', cell: (s) => ui.duration(s.duration_ms) },
        { title: 'When', class: 'when', cell: (s) => bar(s, total) },
        { title: 'Detail', class: 'path dim', cell: (s) => s.detail },
      ] })),
      el('p', { class: 'hint' }, 'Times since the process began. The same: zoo status --startup HOST:PORT.'));
    });
  },
};
