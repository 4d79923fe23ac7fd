// The questions about znodes, and as whom they are asked. Who the operator is to ACLs lives in this
// page's memory only: it is gone with a reload.

import * as api from './api.js';

const base = '/console/api/znodes/';

let name = '';
let header = '';

const headers = () => (header ? { 'Znode-Authorization': header } : {});

// user is the name of the user that was given for znodes, empty for none.
export const user = () => name;

// ask asks a question: ask('children', {path: '/app'}).
export function ask(question, params, options) {
  return api.json(base + question, { ...options, params, headers: headers() });
}

// change asks for a change.
export function change(question, body, options) {
  return api.json(base + question, { ...options, method: 'POST', body: JSON.stringify(body),
    headers: { 'Content-Type': 'application/json', ...headers() } });
}

export const whoAmI = (signal) => ask('whoami', null, { signal });

// join is the path of a child.
export const join = (parent, child) => (parent === '/' ? `/${child}` : `${parent}/${child}`);

// address is that of the page of a znode.
export function address(path, prefix) {
  const params = new URLSearchParams({ path });
  if (prefix) params.set('prefix', prefix);
  return `#/znodes?${params}`;
}

// askForUser has the operator say as whom to look at znodes. True if that has changed.
export async function askForUser(ui) {
  const who = ui.el('input', { autocomplete: 'off', spellcheck: 'false', value: name, autofocus: true });
  const password = ui.el('input', { type: 'password', autocomplete: 'off' });
  const answer = await ui.dialog({ title: 'As whom to look at znodes',
    body: [ui.el('p', {}, 'ACLs of the scheme digest go by a user and a password. Without one you are who your address is, ' +
      'or the ZooKeeper user that you have signed in as.'),
    ui.field('User', who), ui.field('Password', password),
    ui.el('p', { class: 'hint' }, 'It is forgotten with the next reload. The server does not tell whether the password is right: ' +
      'with a wrong one you are somebody else.')],
    actions: [name && { text: 'Be anyone', kind: 'quiet', submit: false, run: () => ({ name: '' }) },
      { text: 'Use it', run: () => {
        if (!who.value || !password.value) {
          (who.value ? password : who).focus();
          return undefined;
        }
        return { name: who.value, password: password.value };
      } }].filter(Boolean) });
  if (!answer) return false;
  name = answer.name;
  header = '';
  if (name) {
    const bytes = new TextEncoder().encode(`${name}:${answer.password}`);
    header = `digest ${btoa(String.fromCharCode(...bytes))}`;
  }
  return true;
}
