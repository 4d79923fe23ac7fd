// The znodes: the children of one, page by page, and all that is known of it. What is in a znode is
// shown as text and never as anything else.

import * as data from '../data.js';
import * as edit from '../edit.js';
import * as lists from '../lists.js';
import * as znodes from '../znodes.js';

const limit = 50;

const split = (path) => {
  const at = path.lastIndexOf('/');
  return { parent: path.slice(0, at) || '/', name: path.slice(at + 1) };
};

export default {
  id: 'znodes',
  title: 'Znodes',
  group: 'Data',
  key: 'z',
  render(root, context) {
    const { ui, params } = context;
    const path = params.get('path') || '/';
    const page = { ...context, path, prefix: params.get('prefix') || '' };
    const { el } = ui;
    const children = el('section', { class: 'panel children' });
    const znode = el('div', { class: 'znode' });
    page.actions = el('div', { class: 'row right' });
    ui.show(root,
      el('div', { class: 'head' }, el('h1', {}, 'Znodes'), search(page), identity(page)),
      el('div', { class: 'head where' }, breadcrumb(page), page.actions), el('div', { class: 'browser' }, children, znode));
    showChildren(children, page);
    showZnode(znode, page);
  },
};

function breadcrumb({ ui, path }) {
  const parts = path === '/' ? [] : path.slice(1).split('/');
  const link = (text, to, last) => ui.el('a', { href: to, 'aria-current': last ? 'page' : null }, text);
  return ui.el('nav', { class: 'crumbs mono', 'aria-label': 'Path' },
    link('/', '#/znodes', !parts.length),
    parts.map((part, i) => [i ? ui.el('span', { class: 'dim' }, '/') : '',
      link(part, znodes.address(`/${parts.slice(0, i + 1).join('/')}`), i === parts.length - 1)]));
}

// search goes to the path that is typed, or to those that begin with it.
function search({ ui, go, signal }) {
  const { el } = ui;
  const options = el('datalist', { id: 'paths' });
  const input = el('input', { type: 'search', list: 'paths', placeholder: 'Path, or how it begins: /app/conf',
    'aria-label': 'Path, or how it begins', 'data-search': true, spellcheck: 'false', autocomplete: 'off' });
  const message = el('span', { class: 'dim', role: 'status' });
  let turn = 0;
  const suggest = async () => {
    const mine = ++turn;
    await new Promise((resolve) => { setTimeout(resolve, 150); });
    if (mine !== turn || !input.value.startsWith('/')) return;
    const { parent, name } = split(input.value);
    try {
      const found = await znodes.ask('children', { path: parent, prefix: name, limit: 12 }, { signal, quiet: true });
      if (mine === turn) {
        ui.show(options, found.children.map((c) => el('option', { value: znodes.join(parent, c.name) })));
      }
    } catch { /* there is nothing to suggest */ }
  };
  const open = async () => {
    let typed = input.value.trim();
    if (!typed.startsWith('/')) typed = `/${typed}`;
    if (typed !== '/' && typed.endsWith('/')) typed = typed.slice(0, -1);
    try {
      await znodes.ask('znode', { path: typed, bytes: 0 }, { signal });
      go('znodes', { path: typed });
    } catch (error) {
      if (error.name === 'AbortError') return;
      if (error.status === 403) go('znodes', { path: typed });
      else if (error.status === 404) await begin(typed);
      else ui.show(message, error.message);
    }
  };
  const begin = async (typed) => {
    const { parent, name } = split(typed);
    try {
      const found = await znodes.ask('children', { path: parent, prefix: name, limit: 1 }, { signal });
      if (found.children.length) go('znodes', { path: parent, prefix: name });
      else ui.show(message, 'No znode begins like that.');
    } catch (error) {
      if (error.name !== 'AbortError') ui.show(message, error.status === 404 ? 'There is no such znode.' : error.message);
    }
  };
  return el('form', { class: 'row find', onsubmit: (event) => {
    event.preventDefault();
    open();
  }, oninput: suggest }, input, options, ui.button('Go', null, { type: 'submit' }), message);
}

// identity shows as whom the znodes are looked at, and lets the operator be somebody else to
// their ACLs.
function identity({ ui, go, path, signal }) {
  const { el } = ui;
  const button = ui.button('As …', async () => {
    if (await znodes.askForUser(ui)) go('znodes', { path });
  }, { class: 'right as', title: 'As whom you look at znodes: what their ACLs go by' });
  const tell = async () => {
    const who = await znodes.whoAmI(signal).catch(() => null);
    const users = who ? who.ids.filter((id) => id.scheme !== 'ip' && id.scheme !== 'world') : [];
    ui.show(button, users.length ? ['As ', el('b', {}, users.map((u) => `${u.scheme}:${u.id}`).join(', '))] : 'As anyone');
  };
  ui.show(button, znodes.user() ? ['As ', el('b', {}, znodes.user())] : 'As anyone');
  tell();
  return button;
}

const kinds = {
  ephemeral: ['ephemeral', 'info', 'It goes when its session ends.'],
  container: ['container', 'plain', 'It goes when its last child has gone.'],
  ttl: ['ttl', 'plain', 'It goes when it was not changed for a while and has no children.'],
};

function kindPill(ui, kind) {
  const [text, colour, title] = kinds[kind] || [];
  if (!text) return '';
  const pill = ui.pill(text, colour);
  pill.title = title;
  return pill;
}

function showChildren(panel, page) {
  const { ui, path, signal } = page;
  const { el } = ui;
  const total = el('span', { class: 'dim' });
  const filter = el('input', { type: 'search', value: page.prefix, placeholder: 'Names that begin with …',
    'aria-label': 'Names that begin with', spellcheck: 'false', autocomplete: 'off' });
  const list = lists.pager({ signal,
    load: async (after) => {
      const answer = await znodes.ask('children', { path, prefix: filter.value, after, limit }, { signal });
      return { rows: answer.children, next: answer.next_after, total: answer.total };
    },
    draw: (rows, answer) => {
      ui.show(total, ui.count(answer.total));
      filter.hidden = !answer.total;
      panel.classList.toggle('none', !answer.total);
      if (!rows.length) return el('p', { class: 'empty' }, answer.total ? 'None begins like that.' : 'It has none.');
      return el('ul', {}, rows.map((c) => el('li', {},
        el('a', { class: 'mono', href: znodes.address(znodes.join(path, c.name)) }, c.name),
        c.kind === null ? ui.pill('no permission', 'warn') : kindPill(ui, c.kind),
        el('span', { class: 'dim' }, c.children ? `${ui.count(c.children)} ${c.children === 1 ? 'child' : 'children'}` : ''),
        el('span', { class: 'dim size' }, c.bytes ? ui.bytes(c.bytes) : ''))));
    } });
  let timer = 0;
  filter.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      // The address follows, so that it can be kept; the page stays as it is.
      history.replaceState(null, '', znodes.address(path, filter.value));
      list.restart();
    }, 200);
  });
  signal.addEventListener('abort', () => clearTimeout(timer));
  panel.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || event.target === filter) return;
    const links = [...panel.querySelectorAll('li a')];
    const to = links[links.indexOf(document.activeElement) + step];
    if (to) {
      event.preventDefault();
      to.focus();
    }
  });
  ui.show(panel, el('h2', {}, 'Children ', total), filter, list.element);
  list.restart();
}

async function showZnode(root, page) {
  const { ui, path, signal } = page;
  const again = () => showZnode(root, page);
  try {
    const [znode, who] = await Promise.all([znodes.ask('znode', { path }, { signal }), znodes.whoAmI(signal)]);
    if (signal.aborted) return;
    ui.show(root, dataPanel(znode, who, page, again), statPanel(znode, ui), aclPanel(znode, who, page, again),
      watchPanel(page), !who.edit && ui.el('p', { class: 'hint' },
        'The console only reads; admin.console.edit=true lets operators change znodes.'));
    ui.show(page.actions, who.edit && changes(znode, page, again));
  } catch (error) {
    if (error.name === 'AbortError') return;
    ui.show(root, lists.refusal(error, again), error.status === 403 && ui.el('p', { class: 'hint after' },
      'If it is another user’s, look at it as that one: the button above says as whom you do.'));
  }
}

// Data

function dataPanel(znode, who, page, again) {
  const { ui, path, signal } = page;
  const { el } = ui;
  let bytes = data.fromBase64(znode.data);
  if (bytes === null) {
    return ui.panel('Data', el('p', {}, ui.pill('no permission', 'warn'), ' The ACL does not let you read it.'));
  }
  const size = znode.stat.data_length;
  const body = el('div', {});
  const views = el('span', { class: 'switch' });
  const buttons = el('div', { class: 'row' });

  const whole = () => bytes.length >= size;
  async function all() {
    if (whole()) return true;
    try {
      const more = await znodes.ask('znode', { path, bytes: 16 * 2 ** 20 }, { signal });
      znode = more;
      bytes = data.fromBase64(more.data);
      return true;
    } catch (error) {
      if (error.name !== 'AbortError') ui.toast(error.message, 'bad');
      return false;
    }
  }
  function draw(wanted) {
    const text = data.asText(bytes, whole());
    const json = whole() ? data.asJSON(text) : null;
    const offered = [json !== null && 'JSON', text !== null && 'Text', 'Hex'].filter(Boolean);
    const view = offered.includes(wanted) ? wanted : offered[0];
    ui.show(views, size > 0 && offered.map((name) => ui.button(name, () => draw(name), { 'aria-pressed': String(name === view) })));
    const shown = { JSON: () => json, Text: () => text, Hex: () => data.asHex(bytes) }[view]();
    const cut = !whole() ? `The first ${ui.bytes(bytes.length)} of ${ui.bytes(size)}.` :
      view === 'Hex' && bytes.length > data.hexBytesMax ? `The first ${ui.bytes(data.hexBytesMax)}.` : '';
    ui.show(body, size === 0 ? el('p', { class: 'empty' }, 'No data.') :
      el('pre', { class: `code data ${view.toLowerCase()}`, tabindex: '0', 'aria-label': `Data as ${view}` }, shown),
    cut && el('p', { class: 'hint' }, cut, ' ', !whole() && ui.button('Show all', async () => {
      if (await all()) draw(view);
    })));
    ui.show(buttons,
      who.edit && ui.button('Edit…', async () => {
        if (await all() && await edit.setData(page, znode, bytes)) again();
      }),
      size > 0 && ui.button('Download', async () => {
        if (await all()) download(bytes, split(path).name || 'root');
      }));
  }
  draw();
  return el('section', { class: 'panel' }, el('div', { class: 'head tight' },
    el('h2', {}, 'Data ', el('span', { class: 'dim' }, ui.bytes(size))), views, el('div', { class: 'right' }, buttons)), body);
}

function download(bytes, name) {
  const url = URL.createObjectURL(new Blob([bytes], { type: 'application/octet-stream' }));
  const a = document.createElement('a');
  a.href = url;
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

// Stat, in words

function statPanel(znode, ui) {
  const { el } = ui;
  const s = znode.stat;
  const now = Date.now();
  const note = (...text) => el('div', { class: 'dim' }, ...text);
  const at = (zxid) => {
    const value = BigInt(zxid);
    return value === 0n ? 'before any transaction' :
      [ui.zxid(zxid), ` (transaction ${value & 0xffffffffn} of epoch ${value >> 32n})`];
  };
  const when = (ms) => (ms > 0 ? [ui.time(ms), el('span', { class: 'dim' }, ` ${ago(ui, now - ms)}`)] : '–');
  const times = (n, what) => (n === 0 ? `never ${what}` : n === 1 ? `${what} once` : `${what} ${ui.count(n)} times`);
  return ui.panel('Stat', ui.facts([
    ['Kind', kindInWords(znode, ui)],
    ['Created', [when(s.ctime), note('czxid ', at(s.czxid))]],
    ['Data changed', [when(s.mtime), note('mzxid ', at(s.mzxid))]],
    ['Data version', [s.version, note(`The data was ${times(s.version, 'changed')} since then.`)]],
    ['Children', [ui.count(s.num_children), note('pzxid ', at(s.pzxid), ', when one came or went last; ',
      `cversion ${s.cversion} counts how often that was`)]],
    ['ACL version', [s.aversion, note(`The ACL was ${times(s.aversion, 'changed')} (aversion).`)]],
    ['Data length', `${ui.count(s.data_length)} bytes`],
  ]));
}

function ago(ui, ms) {
  return ms < 1000 ? 'just now' : `${ui.duration(ms)} ago`;
}

function kindInWords(znode, ui) {
  const note = (...text) => ui.el('div', { class: 'dim' }, ...text);
  switch (znode.kind) {
    case 'ephemeral':
      return ['ephemeral', note('It goes when the session ', lists.session(znode.stat.ephemeral_owner), ' ends (ephemeralOwner).')];
    case 'container':
      return ['container', note('The server deletes it some time after its last child has gone.')];
    case 'ttl':
      return ['with a time to live', note(`The server deletes it when it was not changed for ${ui.duration(znode.ttl_ms)} and has no children.`)];
    default:
      return ['persistent', note('It stays until somebody deletes it.')];
  }
}

// ACL

const permissions = { c: 'create children', d: 'delete children', r: 'read', w: 'write', a: 'change the ACL' };

const everyone = (id) => (id === 'anyone' ? 'everybody' : id);
const whoInWords = {
  world: everyone,
  digest: (id) => `the user ${id.split(':')[0]} with the password`,
  ip: (id) => `who comes from ${id}`,
  x509: (id) => `who has the certificate ${id}`,
  sasl: (id) => `${id} by SASL`,
};

function aclPanel(znode, who, page, again) {
  const { ui } = page;
  const body = znode.acl === null ?
    ui.el('p', {}, ui.pill('no permission', 'warn'), ' Only who may read the znode or change its ACL sees it.') :
    ui.table({ rows: znode.acl, columns: [
      { title: 'Who', class: 'path', cell: (a) => [(whoInWords[a.scheme] || ((id) => id))(a.id),
        ui.el('div', { class: 'dim mono' }, `${a.scheme}:${a.id}`)] },
      { title: 'May', cell: (a) => (a.perms.length === 5 ? 'do everything' :
        [...a.perms].map((p) => permissions[p]).join(', ')) },
      { title: '', cell: (a) => ui.mono(a.perms) },
    ] });
  return ui.el('section', { class: 'panel' }, ui.el('div', { class: 'head tight' }, ui.el('h2', {}, 'ACL'),
    who.edit && znode.acl && ui.el('div', { class: 'right' }, ui.button('Change…', async () => {
      if (await edit.setACL(page, znode)) again();
    }))), body);
}

// Watches

function watchPanel({ ui, api, path, signal }) {
  const list = lists.pager({ signal,
    load: async (after) => {
      const answer = await api.command('watchers', { path, after, limit: 20 }, { signal, quiet: true });
      return { rows: answer.watchers, next: answer.next_after };
    },
    draw: (rows) => ui.table({ rows, empty: 'No client of this server watches it.', columns: [
      { title: 'Session', cell: (w) => lists.session(w.session) },
      { title: 'Client', cell: (w) => lists.client(w.client) },
      { title: 'Kinds', cell: (w) => w.kinds.join(', ') },
    ] }) });
  list.restart();
  return ui.panel('Watched by', list.element);
}

// Changes

function changes(znode, page, again) {
  const { ui, go, path } = page;
  const { parent } = split(path);
  return [
    ui.button('Create a child…', async () => {
      const made = await edit.create(page, znode);
      if (made) go('znodes', { path: made });
    }, { disabled: znode.kind === 'ephemeral', title: znode.kind === 'ephemeral' ? 'Ephemeral znodes have no children' : null }),
    path !== '/' && ui.button('Delete…', async () => {
      const gone = await edit.remove(page, znode);
      if (gone) go('znodes', { path: parent });
      else if (gone === null) again();
    }, { disabled: znode.stat.num_children > 0, title: znode.stat.num_children > 0 ? 'It has children' : null })];
}
