// What the pages of the znodes, sessions, watches and tops have in common: lists that come page by
// page, and answers that are for operators only.

import * as api from './api.js';
import { ApiError } from './api.js';
import { button, el, failure, refresh, show } from './ui.js';

// refusal shows an error in the place of an answer, with a way to sign in if that is what it
// wants.
export function refusal(error, again) {
  if (error.status !== 401) return failure(error, again);
  return el('div', { class: 'wants-key', role: 'status' }, el('strong', {}, 'For operators'),
    el('p', {}, 'This wants a key, or a ZooKeeper user who may do everything at the root.'),
    button('Sign in', async () => {
      if (await api.signIn(error.message)) again();
    }));
}

// pager shows a list page by page: load(after, signal) gives {rows, next}, and draw(rows, answer)
// what is seen of them. Gives the element, with reload() for the page that is shown and restart()
// for the first one.
export function pager({ load, draw, signal }) {
  const list = el('div', {});
  const place = el('span', { class: 'dim' });
  let afters = ['']; // the after of each page up to the one that is shown
  let next = null;
  let turn = 0;
  const back = button('Previous', () => to(afters.slice(0, -1)), { 'data-page-back': true });
  const first = button('First', () => to(['']));
  const on = button('Next', () => to([...afters, next]), { 'data-page-next': true });
  const buttons = el('div', { class: 'row pages' }, first, back, on, place);

  async function to(wanted) {
    const mine = ++turn;
    try {
      const answer = await load(wanted[wanted.length - 1], signal);
      if (mine !== turn || signal.aborted) return;
      afters = wanted;
      next = answer.next;
      refresh(list, draw(answer.rows, answer));
      first.disabled = back.disabled = afters.length === 1;
      on.disabled = next === null;
      buttons.hidden = afters.length === 1 && next === null;
      show(place, `page ${afters.length}`);
    } catch (error) {
      if (error.name === 'AbortError' || mine !== turn || signal.aborted) return;
      buttons.hidden = true;
      show(list, refusal(error, () => to(wanted)));
    }
  }
  buttons.hidden = true;
  return { element: el('div', {}, list, buttons), reload: () => to(afters), restart: () => to(['']) };
}

// path is a link to a znode.
export function path(text) {
  return el('a', { class: 'mono', href: `#/znodes?${new URLSearchParams({ path: text })}` }, text);
}

// session is a link to what is known of a session.
export function session(id) {
  return el('a', { class: 'mono', href: `#/sessions?${new URLSearchParams({ session: id })}` }, id);
}

// client is an address; the console's own sessions have the port 0.
export function client(address) {
  if (!address) return el('span', { class: 'dim' }, 'not here');
  return [el('span', { class: 'mono' }, address), address.endsWith(':0') ?
    el('span', { class: 'pill plain own' }, 'a console') : ''];
}

export { ApiError };
