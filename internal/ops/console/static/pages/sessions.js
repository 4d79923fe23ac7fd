// The sessions of the ensemble, and what one of them has: ephemeral znodes and watches.

import * as lists from '../lists.js';

const limit = 50;

export default {
  id: 'sessions',
  title: 'Sessions',
  group: 'Data',
  key: 's',
  render(root, { api, ui, params, go, every, signal }) {
    const { el } = ui;
    const id = params.get('session') || '';
    const search = el('input', { type: 'search', value: id, placeholder: 'Session id, 0x…',
      'aria-label': 'Session id', 'data-search': true, spellcheck: 'false', autocomplete: 'off' });
    const form = el('form', { class: 'row', onsubmit: (event) => {
      event.preventDefault();
      go('sessions', { session: search.value.trim() });
    } }, search, ui.button('Show', null, { type: 'submit' }));
    ui.show(root, el('div', { class: 'head' }, el('h1', {}, 'Sessions'), form));
    const page = (name, params, field) => async (after) => {
      const answer = await api.command(name, { limit, after, ...params }, { signal, quiet: true });
      return { rows: answer[field], next: answer.next_after };
    };
    if (id) one(root, id, { api, ui, signal, every, page });
    else all(root, { ui, signal, every, page });
  },
};

function columns(ui) {
  return [
    { title: 'Session', cell: (s) => [lists.session(s.session), s.local ? [' ', ui.pill('local')] : ''] },
    { title: 'Client', cell: (s) => lists.client(s.client) },
    { title: 'Ephemerals', align: 'right', cell: (s) => ui.count(s.ephemerals) },
    { title: 'Timeout', align: 'right', cell: (s) => ui.duration(s.timeout_ms) },
    { title: 'Connected for', align: 'right', cell: (s) => ui.duration(s.connected_ms) },
    { title: 'Silent for', align: 'right', cell: (s) => ui.duration(s.silent_ms) },
  ];
}

function all(root, { ui, signal, every, page }) {
  const list = lists.pager({ signal, load: page('sessions', {}, 'sessions'),
    draw: (rows) => ui.table({ columns: columns(ui), rows, empty: 'There are no sessions.' }) });
  root.append(ui.panel('Of the ensemble', list.element), ui.el('p', { class: 'hint' },
    'All sessions of the ensemble, by id. Those whose client is “not here” are connected to another ' +
    'server, or to none at the moment.'));
  every(10000, list.reload);
}

// before is the id that comes right before one: sessions are listed behind an id.
function before(id) {
  try {
    return `0x${BigInt.asUintN(64, BigInt(id) - 1n).toString(16)}`;
  } catch {
    return null;
  }
}

function one(root, id, { api, ui, signal, every, page }) {
  const { el } = ui;
  const facts = el('div', {});
  const after = before(id);
  if (after === null) {
    root.append(ui.failure(new lists.ApiError(400, `${id} is no id of a session, such as 0x10000a1b2c30000.`)));
    return;
  }
  const ephemerals = lists.pager({ signal, load: page('ephemeral_owners', { session: id }, 'ephemerals'),
    draw: (rows) => ui.table({ rows, empty: 'It owns none.', columns: [
      { title: 'Path', class: 'path', cell: (e) => lists.path(e.path) }] }) });
  const watches = lists.pager({ signal, load: page('watchers', { session: id }, 'watchers'),
    draw: (rows) => ui.table({ rows, empty: 'It has none on this server.', columns: [
      { title: 'Path', class: 'path', cell: (w) => lists.path(w.path) },
      { title: 'Kinds', cell: (w) => w.kinds.join(', ') }] }) });
  root.append(el('p', {}, el('a', { href: '#/sessions' }, '← All sessions')),
    ui.panel(['Session ', ui.mono(id)], facts),
    ui.panel('Ephemeral znodes', ephemerals.element), ui.panel('Watches', watches.element));

  async function describe() {
    try {
      const { sessions } = await api.command('sessions', { after, limit: 1 }, { signal, quiet: true });
      const [s] = sessions;
      if (!s || BigInt(s.session) !== BigInt(id)) {
        ui.show(facts, el('p', { class: 'empty' }, 'There is no such session: it has ended or expired, or it never was.'));
        return;
      }
      ui.show(facts, ui.facts([
        ['Client', s.client ? lists.client(s.client) : 'connected to another server, or to none at the moment'],
        ['Timeout', `${ui.duration(s.timeout_ms)}: it expires if nothing is heard for so long`],
        s.client && ['Connected', `for ${ui.duration(s.connected_ms)}, silent for ${ui.duration(s.silent_ms)}`],
        ['Ephemerals', ui.count(s.ephemerals)],
        ['Kind', s.local ? 'local: only this server knows it' : 'of the ensemble: every server knows it'],
      ]));
    } catch (error) {
      if (error.name !== 'AbortError') ui.show(facts, lists.refusal(error, describe));
    }
  }
  every(5000, () => Promise.all([describe(), ephemerals.reload(), watches.reload()]));
}
