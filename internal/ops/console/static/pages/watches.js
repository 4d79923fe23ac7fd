// Who watches what on this server.

import * as lists from '../lists.js';

const limit = 50;

export default {
  id: 'watches',
  title: 'Watches',
  group: 'Data',
  key: 'w',
  render(root, { api, ui, params, go, every, signal }) {
    const { el } = ui;
    const input = (name, placeholder, label, search) => el('input', { type: 'search', name, placeholder,
      value: params.get(name) || '', 'aria-label': label, spellcheck: 'false', autocomplete: 'off',
      'data-search': search || null });
    const fields = [input('below', 'Path and all below', 'A path and all below it', true),
      input('path', 'This path only', 'This path only'), input('session', 'Session 0x…', 'Session')];
    const form = el('form', { class: 'row filters', onsubmit: (event) => {
      event.preventDefault();
      go('watches', Object.fromEntries(fields.map((f) => [f.name, f.value.trim()])));
    } }, fields, ui.button('Show', null, { type: 'submit' }));
    const asked = Object.fromEntries(fields.map((f) => [f.name, f.value]));
    const list = lists.pager({ signal,
      load: async (after) => {
        const answer = await api.command('watchers', { ...asked, limit, after }, { signal, quiet: true });
        return { rows: answer.watchers, next: answer.next_after };
      },
      draw: (rows) => ui.table({ rows, empty: 'No client of this server watches that.', columns: [
        { title: 'Path', class: 'path', cell: (w) => lists.path(w.path) },
        { title: 'Kinds', cell: (w) => w.kinds.join(', ') },
        { title: 'Session', cell: (w) => lists.session(w.session) },
        { title: 'Client', cell: (w) => lists.client(w.client) },
      ] }) });
    const summary = el('span', { class: 'dim' });
    ui.show(root, el('div', { class: 'head' }, el('h1', {}, 'Watches'), summary), form,
      ui.panel(null, list.element), el('p', { class: 'hint' },
        'Of this server’s clients only: each server tells its own. A recursive watch is told at the path ' +
        'that it was set on.'));
    every(10000, async () => {
      const [, sums] = await Promise.all([list.reload(),
        api.command('watch_summary', {}, { signal, quiet: true }).catch(() => null)]);
      if (sums) {
        const many = (n, one) => `${ui.count(n)} ${one}${n === 1 ? '' : one === 'watch' ? 'es' : 's'}`;
        ui.show(summary, `${many(sums.num_total_watches, 'watch')} of data on ${many(sums.num_paths, 'path')}, ` +
          `of ${many(sums.num_connections, 'client')}`);
      }
    });
  },
};
