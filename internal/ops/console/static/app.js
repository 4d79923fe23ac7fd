// The shell: pages, navigation, keys, the form for a key, light and dark.

import * as api from './api.js';
import * as live from './live.js';
import * as ui from './ui.js';
import { findings } from './findings.js';
import alarms from './pages/alarms.js';
import backups from './pages/backups.js';
import charts from './pages/charts.js';
import members from './pages/members.js';
import overview from './pages/overview.js';
import sessions from './pages/sessions.js';
import startup from './pages/startup.js';
import top from './pages/top.js';
import watches from './pages/watches.js';
import znodes from './pages/znodes.js';

const { el, show } = ui;

// pages are in the order of the navigation. Each is {id, title, group, key, render}: `key` is the
// letter behind g that goes there, and render(root, context) fills the page and may give a
// function that is called when it is left. The context has
//   params   URLSearchParams of the address: #/znodes?path=/app
//   go       go('znodes', {path: '/app'}) goes to a page; replace: true leaves no step back
//   every    every(ms, async (signal) => …) does something now and then again and again, never
//            twice at a time, until the page is left; an error is shown once
//   signal   is aborted when the page is left
//   api, ui, live
const pages = [
  overview,
  charts,
  members,
  alarms,
  znodes,
  sessions,
  watches,
  top,
  startup,
  backups,
];

const groups = ['Ensemble', 'Data', 'Server'];
const main = document.getElementById('main');
const nav = document.getElementById('nav');
let leave = () => {};
let current = null;

function address(id, params) {
  const query = new URLSearchParams(Object.entries(params || {})
    .filter(([, v]) => v !== undefined && v !== null && v !== '')).toString();
  return `#/${id}${query ? `?${query}` : ''}`;
}

function go(id, params, { replace = false } = {}) {
  const to = address(id, params);
  if (to === location.hash) open();
  else if (replace) location.replace(to);
  else location.hash = to;
}

function open() {
  if (location.hash === '#main') return; // the link for who has no eyes for the navigation
  const [name, query] = location.hash.replace(/^#\/?/, '').split('?');
  const page = pages.find((p) => p.id === name) || pages[0];
  leave();
  const end = new AbortController();
  const context = { api, ui, live, go, signal: end.signal,
    params: new URLSearchParams(query || ''), every: (ms, work) => every(ms, work, end.signal) };
  const moved = current !== page.id;
  current = page.id;
  const root = el('div', { class: `page page-${page.id}` });
  show(main, root);
  let cleanup = null;
  leave = () => {
    end.abort();
    if (typeof cleanup === 'function') cleanup();
    leave = () => {};
  };
  document.title = `${page.title} · zoo console`;
  for (const a of nav.querySelectorAll('a')) {
    if (a.dataset.page === page.id) a.setAttribute('aria-current', 'page');
    else a.removeAttribute('aria-current');
  }
  closeMenu();
  try {
    cleanup = page.render(root, context);
  } catch (error) {
    show(root, ui.failure(error, open));
  }
  if (moved) {
    main.scrollTop = 0;
    main.focus({ preventScroll: true });
  }
}

function every(ms, work, signal) {
  let timer = 0;
  let told = ''; // one error again and again is told once
  const round = async () => {
    try {
      if (!document.hidden) await work(signal);
      told = '';
    } catch (error) {
      // That it does not answer, or wants a key, the notice says.
      const noticed = error.name === 'AbortError' || error.status === 0 || error.status === 401;
      if (!noticed && !signal.aborted && error.message !== told) ui.toast(error.message, 'bad');
      told = error.message;
    }
    if (!signal.aborted) timer = setTimeout(round, ms);
  };
  signal.addEventListener('abort', () => clearTimeout(timer));
  round();
}

// Navigation

// badge is how many alarms there are, the overview's own among them.
const badge = el('span', { class: 'badge', hidden: true });

function showAlarms() {
  const found = live.known() ? findings(live.known(), Date.now()) : [];
  badge.hidden = !found.length;
  badge.className = `badge ${found.some((f) => f.kind === 'bad') ? 'bad' : 'warn'}`;
  badge.setAttribute('aria-label', `${found.length} alarms`);
  show(badge, found.length);
}

function buildNav() {
  show(nav, groups.map((group) => {
    const of = pages.filter((p) => (p.group || 'Server') === group);
    return of.length ? [el('h2', {}, group), el('ul', {}, of.map((p) => el('li', {},
      el('a', { href: address(p.id), 'data-page': p.id }, p.title,
        p.id === 'alarms' && badge, p.key && el('kbd', { 'aria-hidden': 'true' }, `g ${p.key}`)))))] : [];
  }));
}

const menu = document.getElementById('menu');
function closeMenu() {
  document.body.classList.remove('menu');
  menu.setAttribute('aria-expanded', 'false');
}
// A link to the page that is open changes nothing else.
nav.addEventListener('click', closeMenu);
menu.addEventListener('click', () => {
  const opened = document.body.classList.toggle('menu');
  menu.setAttribute('aria-expanded', String(opened));
  if (opened) nav.querySelector('a').focus();
});

// Light and dark: what the machine says, until the operator says something else.

const themes = ['auto', 'light', 'dark'];
const themeButton = document.getElementById('theme');
function setTheme(theme) {
  if (theme === 'auto') document.documentElement.removeAttribute('data-theme');
  else document.documentElement.setAttribute('data-theme', theme);
  themeButton.title = `Light or dark: ${theme} (t)`;
  localStorage.setItem('zoo-theme', theme);
}
function nextTheme() {
  const now = document.documentElement.getAttribute('data-theme') || 'auto';
  setTheme(themes[(themes.indexOf(now) + 1) % themes.length]);
  ui.toast(`Colours: ${themes[(themes.indexOf(now) + 1) % themes.length]}`);
}
setTheme(themes.includes(localStorage.getItem('zoo-theme')) ?
  localStorage.getItem('zoo-theme') : 'auto');
themeButton.addEventListener('click', nextTheme);

// Keys

const shortcuts = [
  ['?', 'These shortcuts', help],
  ['t', 'Light, dark, or as the machine says', nextTheme],
  ['r', 'Show the page anew', () => {
    live.again();
    open();
  }],
  ['/', 'To the search of the page', () => {
    const search = main.querySelector('[data-search]');
    if (search) {
      search.focus();
      search.select?.();
    }
  }],
  ['m', 'To the navigation', () => {
    document.body.classList.add('menu');
    (nav.querySelector('[aria-current]') || nav.querySelector('a')).focus();
  }],
];

function help() {
  const row = ([key, text]) => el('tr', {}, el('td', {}, key.split(' ').map((k) =>
    el('kbd', {}, k))), el('td', {}, text));
  ui.dialog({ title: 'Keyboard shortcuts', leave: 'Close', body: el('table', { class: 'keys' },
    el('tbody', {}, shortcuts.map(row), pages.filter((p) => p.key).map((p) =>
      row([`g ${p.key}`, p.title])))) });
}
document.getElementById('help').addEventListener('click', help);

let behindG = 0; // when g was pressed
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) {
    return;
  }
  if (event.key === 'Escape') {
    closeMenu();
    if (event.target.matches('input, textarea, select')) event.target.blur();
    return;
  }
  if (event.target.matches('input, textarea, select, [contenteditable]')) return;
  if (Date.now() - behindG < 1500) {
    behindG = 0;
    const page = pages.find((p) => p.key === event.key);
    if (page) {
      event.preventDefault();
      go(page.id);
      return;
    }
  }
  if (event.key === 'g') {
    behindG = Date.now();
    return;
  }
  const shortcut = shortcuts.find(([key]) => key === event.key);
  if (shortcut) {
    event.preventDefault();
    shortcut[2]();
  }
});

// The key of the operator

const kinds = {
  token: { title: 'Token', secret: 'Token', make: (user, secret) => api.bearer(secret) },
  basic: { title: 'User and password', user: true, secret: 'Password', make: api.basic },
  digest: { title: 'ZooKeeper user (digest)', user: true, secret: 'Password', make: api.digest },
};

const digestText = 'This is for who has all permissions at the root (/), as addauth tells it. ' +
  'While everybody has them there, any user will do.';

async function askForKey(reason) {
  const kind = el('select', { name: 'kind' }, Object.entries(kinds).map(([value, k]) =>
    el('option', { value }, k.title)));
  // Without keys of its own the server takes what addauth takes.
  const known = /digest user/.test(reason || '');
  if (known) kind.value = 'digest';
  const user = el('input', { name: 'user', autocomplete: 'username', spellcheck: 'false' });
  const secret = el('input', { name: 'secret', type: 'password', autocomplete: 'current-password' });
  (known ? user : secret).setAttribute('autofocus', '');
  const userField = ui.field('User', user);
  const secretField = ui.field('Token', secret);
  const follow = () => {
    const of = kinds[kind.value];
    userField.hidden = !of.user;
    secretField.firstChild.textContent = of.secret;
  };
  kind.addEventListener('change', follow);
  follow();
  return ui.dialog({ title: 'Sign in', leave: 'Not now',
    body: [el('p', {}, known ? digestText : reason || 'Some answers are for operators only.'),
      ui.field('Kind', kind), userField, secretField,
      el('p', { class: 'hint' }, 'It stays in this tab and goes to this server only.')],
    actions: [{ text: 'Sign in', run: () => {
      if (!secret.value || (kinds[kind.value].user && !user.value)) {
        (secret.value ? user : secret).focus();
        return undefined;
      }
      return kinds[kind.value].make(user.value.trim(), secret.value.trim());
    } }] });
}

const keyButton = document.getElementById('key');
api.onKeyWanted(askForKey);
api.onKeyChanged(() => {
  showKey();
  live.again();
});
function showKey() { keyButton.textContent = api.hasKey() ? 'Sign out' : 'Sign in'; }
keyButton.addEventListener('click', async () => {
  if (api.hasKey()) {
    api.setKey('');
    open();
  } else if (await api.signIn('')) {
    open();
  }
});

// Who this server is, and whether it answers

const identity = document.getElementById('identity');
const notice = document.getElementById('notice');
const stateKinds = { leader: 'good', follower: 'good', observer: 'good', standalone: 'good',
  'read-only': 'warn', looking: 'bad', synchronising: 'warn', starting: 'warn' };
let answered = Date.now();

function showIdentity({ at, figures, error }) {
  document.body.classList.toggle('stale', !figures);
  showAlarms();
  if (figures) {
    answered = at;
    const server = figures.server ? `Server ${figures.server}` : 'Server';
    ui.refresh(identity, el('span', { class: 'name' }, server),
      ui.pill(figures.state, stateKinds[figures.state] || 'plain'));
    notice.hidden = true;
    return;
  }
  notice.hidden = false;
  if (error.status === 401) {
    ui.refresh(notice, 'This server wants a key. ', ui.button('Sign in', async () => {
      if (await api.signIn(live.latest().error?.message)) open();
    }));
    return;
  }
  // The time is not read out each time.
  ui.refresh(notice, `${error.message} What is shown is old. `, el('span', { 'aria-hidden': 'true' },
    error.status ? '' : `For ${ui.duration(at - answered)}, asking again.`));
}

buildNav();
showKey();
live.subscribe(showIdentity);
live.again();
window.addEventListener('hashchange', open);
if (!location.hash) history.replaceState(null, '', address(pages[0].id));
open();
