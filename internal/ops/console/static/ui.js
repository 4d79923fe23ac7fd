// Elements, made without HTML: text is always text, whatever a znode or a client is called.

// el makes an element: el('a', {href: '#/x', class: 'y', onclick: f}, 'text', other, [more]).
// A property that begins with "on" is a listener, false and null leave an attribute out.
export function el(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

const svgSpace = 'http://www.w3.org/2000/svg';

// svg makes an element of SVG.
export function svg(tag, properties = {}, ...children) {
  return fill(document.createElementNS(svgSpace, tag), properties, children);
}

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties || {})) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'value') element.value = value;
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, value);
    }
  }
  element.append(...nodes(children));
  return element;
}

function nodes(children) {
  return children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false)
    .map((c) => (c instanceof Node ? c : String(c)));
}

// show replaces what an element holds.
export function show(element, ...children) {
  element.replaceChildren(...nodes(children));
  return element;
}

// refresh does the same only if it would look different: what has the focus, is selected or
// scrolled stays so while a page asks again and again. Listeners stay those of the first time.
export function refresh(element, ...children) {
  const wanted = el('div', {}, children);
  const same = wanted.childNodes.length === element.childNodes.length &&
    [...wanted.childNodes].every((node, i) => node.isEqualNode(element.childNodes[i]));
  if (!same) element.replaceChildren(...wanted.childNodes);
  return element;
}

// Formats. What is not known is a dash.

const dash = '–';
const unknown = (v) => v === null || v === undefined || Number.isNaN(v);

export function count(n) {
  if (unknown(n)) return dash;
  return Number.isInteger(n) || Math.abs(n) >= 100 ? Math.round(n).toLocaleString('en-US') :
    n.toLocaleString('en-US', { maximumFractionDigits: Math.abs(n) >= 10 ? 1 : 2 });
}

// short is a count for a small room: 12.3k.
export function short(n) {
  if (unknown(n)) return dash;
  for (const [unit, size] of [['G', 1e9], ['M', 1e6], ['k', 1e3]]) {
    if (Math.abs(n) >= size) return `${trim(n / size)}${unit}`;
  }
  return trim(n);
}

const trim = (n) => (Math.abs(n) >= 100 ? n.toFixed(0) : String(Number(n.toPrecision(3))));

export function bytes(n) {
  if (unknown(n)) return dash;
  for (const [unit, size] of [['TiB', 2 ** 40], ['GiB', 2 ** 30], ['MiB', 2 ** 20], ['KiB', 1024]]) {
    if (Math.abs(n) >= size) return `${trim(n / size)} ${unit}`;
  }
  return `${trim(n)} B`;
}

// duration is one of milliseconds, in two units at most: 3 d 4 h, 5.2 s, 340 µs.
export function duration(ms) {
  if (unknown(ms)) return dash;
  if (ms === 0) return '0';
  if (ms < 1) return `${trim(ms * 1000)} µs`;
  if (ms < 1000) return `${trim(ms)} ms`;
  const s = ms / 1000;
  if (s < 60) return `${s < 10 ? Number(s.toFixed(1)) : Math.floor(s)} s`;
  const units = [['d', 86400], ['h', 3600], ['min', 60], ['s', 1]];
  const first = units.findIndex(([, size]) => s >= size);
  const [unit, size] = units[first];
  const [nextUnit, nextSize] = units[first + 1];
  const whole = Math.floor(s / size);
  const rest = Math.floor((s - whole * size) / nextSize);
  return rest ? `${whole} ${unit} ${rest} ${nextUnit}` : `${whole} ${unit}`;
}

// time is a moment of Unix milliseconds, in the time of the operator.
export function time(ms) {
  if (unknown(ms)) return dash;
  const d = new Date(ms);
  const two = (n) => String(n).padStart(2, '0');
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ` +
    `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}

// zxid shows the epoch of "0x…" apart from the counter. It may be an id of 64 bits, so that it
// is text, and never a number.
export function zxid(text) {
  if (unknown(text)) return dash;
  const digits = String(text).replace(/^0x/, '').padStart(9, '0');
  const epoch = digits.slice(0, -8).replace(/^0+(?=.)/, '');
  const counter = digits.slice(-8).replace(/^0+(?=.)/, '');
  return el('span', { class: 'mono', title: `epoch 0x${epoch}, transaction 0x${counter} of it` },
    `0x${String(text).replace(/^0x/, '')}`);
}

export const mono = (text) => el('span', { class: 'mono' }, text);

// pill is a word on a coloured ground: kind is good, warn, bad, info or plain.
export function pill(text, kind = 'plain') {
  return el('span', { class: `pill ${kind}` }, text);
}

// panel is a titled box.
export function panel(title, ...children) {
  return el('section', { class: 'panel' },
    title && el('h2', {}, title), ...children);
}

// facts is a list of names and values: facts([['Uptime', '3 h'], …]); with 'across' they stand
// side by side.
export function facts(pairs, across) {
  return el('dl', { class: across ? 'facts across' : 'facts' }, pairs.filter(Boolean)
    .map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value))));
}

// table makes a table. Columns are {title, cell: (row) => text or node, align: 'right', class}.
// On a phone each row becomes a card whose cells carry the titles: those of the class path have
// a line of their own, those of the class wide are left out.
export function table({ caption, columns, rows, empty = 'Nothing.', onrow }) {
  if (!rows.length) return el('p', { class: 'empty' }, empty);
  const classOf = (c) => [c.align === 'right' ? 'right' : '', c.class || ''].join(' ').trim() || null;
  return el('div', { class: 'scroll' }, el('table', {},
    caption && el('caption', {}, caption),
    el('thead', {}, el('tr', {}, columns.map((c) =>
      el('th', { scope: 'col', class: classOf(c) }, c.title)))),
    el('tbody', {}, rows.map((row, i) => el('tr', onrow ? { onclick: () => onrow(row) } : {},
      columns.map((c) => el('td', { class: classOf(c), 'data-title': c.title }, c.cell(row, i))))))));
}

export function button(text, onclick, properties = {}) {
  return el('button', { type: 'button', onclick, ...properties }, text);
}

// field is a labelled input.
export function field(label, input, hint) {
  return el('label', { class: 'field' }, el('span', {}, label), input,
    hint && el('small', {}, hint));
}

// toast says something for a while: kind is info, good or bad.
export function toast(text, kind = 'info') {
  const box = el('div', { class: `toast ${kind}` }, text,
    button('×', () => box.remove(), { class: 'icon', 'aria-label': 'Dismiss' }));
  document.getElementById('toasts').append(box);
  setTimeout(() => box.remove(), kind === 'bad' ? 15000 : 6000);
  return box;
}

// failure shows an error in the place of what could not be shown.
export function failure(error, again) {
  return el('div', { class: 'failure', role: 'alert' },
    el('strong', {}, error.status ? `Refused (${error.status})` : 'No answer'),
    el('p', {}, error.message),
    again && button('Try again', again));
}

// dialog opens a modal dialog and gives a promise of what it was closed with; null if it was
// left by Escape or the button. The body may be nodes, or a function that is given close(value).
export function dialog({ title, body, actions = [], leave = 'Cancel', wide = false }) {
  return new Promise((resolve) => {
    let result = null;
    const close = (value) => {
      result = value;
      box.close();
    };
    const heading = el('h2', { id: `dialog-${++dialogs}` }, title);
    const form = el('form', { method: 'dialog', onsubmit: (event) => event.preventDefault() },
      heading, el('div', { class: 'body' }, typeof body === 'function' ? body(close) : body),
      el('div', { class: 'actions' },
        button(leave, () => close(null), { class: 'quiet' }),
        actions.map((action) => button(action.text, async () => {
          const value = await action.run(form);
          if (value !== undefined) close(value);
        }, { class: action.kind || 'primary', type: action.submit === false ? 'button' : 'submit' }))));
    const box = el('dialog', { 'aria-labelledby': heading.id, class: wide ? 'wide' : null,
      onclose: () => {
        box.remove();
        resolve(result);
      } }, form);
    document.body.append(box);
    box.showModal();
  });
}

let dialogs = 0;

// confirm asks before something is done; `text` says what it does. With `type`, the operator
// must write that word. Gives true or false.
export async function confirm({ title, text, verb = 'Do it', danger = false, type }) {
  const input = type && el('input', { autocomplete: 'off', spellcheck: 'false', autofocus: true });
  const answer = await dialog({ title,
    body: [].concat(text).map((t) => (t instanceof Node ? t : el('p', {}, t)))
      .concat(type ? [field(`Write ${type} to go on`, input)] : []),
    actions: [{ text: verb, kind: danger ? 'danger' : 'primary', run: () => {
      if (type && input.value !== type) {
        input.focus();
        return undefined;
      }
      return true;
    } }] });
  return answer === true;
}
