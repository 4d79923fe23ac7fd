// Who and what takes the most. The tabs are what the server's list of commands has: those known
// here have their tables, any other top_… is shown as it comes.

import * as lists from '../lists.js';

const limit = 50;

const known = {
  top_clients: { title: 'Clients', field: 'clients', choice: { name: 'by', values: {
    requests: 'requests', received_bytes: 'bytes received', sent_bytes: 'bytes sent' } },
  hint: 'Of this server’s clients, since each connection came or the figures were begun anew.',
  columns: (ui) => [
    { title: 'Client', cell: (c) => lists.client(c.client) },
    { title: 'Session', cell: (c) => lists.session(c.session) },
    { title: 'Requests', align: 'right', cell: (c) => ui.count(c.requests) },
    { title: 'Received', align: 'right', cell: (c) => ui.bytes(c.received_bytes) },
    { title: 'Sent', align: 'right', cell: (c) => ui.bytes(c.sent_bytes) },
    { title: 'Connected for', align: 'right', cell: (c) => ui.duration(c.connected_ms) },
    { title: 'Mean latency', align: 'right', cell: (c) => ui.duration(c.mean_latency_ms) },
    { title: 'Longest', align: 'right', cell: (c) => ui.duration(c.max_latency_ms) },
  ] },
  slow_requests: { title: 'Slow requests', field: 'requests', empty: 'None took 10 ms or more.',
    hint: 'The slowest of the last ten minutes, of those that took 10 ms or more: from when the server had ' +
      'read the request to its answer.',
    columns: (ui) => [
      { title: 'Took', align: 'right', cell: (r) => ui.duration(r.took_ms) },
      { title: 'Operation', cell: (r) => r.op },
      { title: 'Path', class: 'path', cell: (r) => (r.path ? lists.path(r.path) : '') },
      { title: 'Client', cell: (r) => lists.client(r.client) },
      { title: 'Session', cell: (r) => lists.session(r.session) },
      { title: 'Answered', cell: (r) => ui.time(r.answered_at_ms) },
    ] },
  top_memory: { title: 'Memory', field: 'subtrees', pages: 'offset',
    hint: 'The subtrees that hold the most memory, each with all that is below it. ' +
      'It is counted when the page opens; r counts anew.',
    columns: (ui) => [
      { title: 'Subtree', class: 'path', cell: (t) => lists.path(t.path) },
      { title: 'Memory', align: 'right', cell: (t) => ui.bytes(t.memory_bytes) },
      { title: 'Data', align: 'right', cell: (t) => ui.bytes(t.data_bytes) },
      { title: 'Znodes', align: 'right', cell: (t) => ui.count(t.znodes) },
    ] },
};

const titled = (name) => known[name]?.title ||
  name.replace(/^top_/, '').replaceAll('_', ' ').replace(/^./, (c) => c.toUpperCase());

// offered are the names of the commands, whichever form the list has.
async function offered(api, signal) {
  const response = await api.commandResponse('', null, { signal, quiet: true });
  const found = (await response.text()).match(/\b(top_[a-z_]+|slow_requests)\b/g) || [];
  const names = [...new Set(found)];
  const order = Object.keys(known);
  const rank = (name) => (order.includes(name) ? order.indexOf(name) : order.length);
  return names.sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
}

export default {
  id: 'top',
  title: 'Top',
  group: 'Data',
  key: 't',
  render(root, { api, ui, params, go, every, signal }) {
    const { el, show } = ui;
    const name = params.get('of') || 'top_clients';
    const tabs = el('nav', { class: 'tabs', 'aria-label': 'Of what' });
    const body = el('div', {});
    show(root, el('h1', {}, 'Top'), tabs, body);

    async function begin() {
      try {
        const names = await offered(api, signal);
        show(tabs, names.map((n) => el('a', { href: `#/top?of=${n}`,
          'aria-current': n === name ? 'page' : null }, titled(n))));
      } catch (error) {
        if (error.name !== 'AbortError') show(body, lists.refusal(error, begin));
      }
    }
    begin();

    const of = known[name] || {};
    const choice = of.choice && el('select', { 'aria-label': 'By', onchange: (event) =>
      go('top', { of: name, [of.choice.name]: event.target.value }, { replace: true }) },
    Object.entries(of.choice.values).map(([value, text]) => el('option', { value }, `by ${text}`)));
    const chosen = of.choice && (params.get(of.choice.name) || Object.keys(of.choice.values)[0]);
    if (choice) choice.value = chosen;
    const list = lists.pager({ signal,
      load: async (after) => {
        const answer = await api.command(name, { limit, ...(of.choice ? { [of.choice.name]: chosen } : {}),
          ...(of.pages ? { [of.pages]: after } : {}) }, { signal, quiet: true });
        const field = of.field || Object.keys(answer).find((key) => Array.isArray(answer[key]));
        const next = of.pages ? answer[`next_${of.pages}`] : null;
        return { rows: answer[field] || [], next: next ?? null };
      },
      draw: (rows) => ui.table({ rows, empty: of.empty || 'Nothing.',
        columns: of.columns ? of.columns(ui) : asTheyCome(ui, rows) }) });
    show(body, ui.panel(null, choice && el('div', { class: 'row above' }, choice), list.element,
      of.hint && el('p', { class: 'hint' }, of.hint)));
    // To count the memory the server looks at every znode: once is enough, and r for more.
    if (of.pages) list.restart();
    else every(5000, list.reload);
  },
};

// asTheyCome makes columns of what the lines have.
function asTheyCome(ui, rows) {
  return Object.keys(rows[0] || {}).map((name) => {
    const number = typeof rows[0][name] === 'number';
    return { title: name.replaceAll('_', ' '), align: number ? 'right' : null,
      class: /path|subtree/.test(name) ? 'path' : null,
      cell: (row) => {
        const value = row[name];
        if (number) return /bytes/.test(name) ? ui.bytes(value) : /_ms$/.test(name) ? ui.duration(value) : ui.count(value);
        if (name === 'session') return lists.session(value);
        return typeof value === 'string' && value.startsWith('/') ? lists.path(value) : String(value ?? '');
      } };
  });
}
