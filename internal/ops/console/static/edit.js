// Changes of znodes. Each is asked for once more before it is done, and made with the version that
// was seen: if somebody was faster nothing is done, and what was typed is kept.

import * as data from './data.js';
import * as znodes from './znodes.js';

const conflict = 409;

// setData lets the operator change the data. True if it was.
export async function setData({ ui, path }, znode, bytes) {
  const { el } = ui;
  let { version } = znode.stat;
  let now = bytes;
  const text = data.asText(bytes, true);
  // A textarea would change line ends and what is no text.
  const plain = text !== null && !text.includes('\r');
  let typed = plain ? text : data.toBase64(bytes);
  let note = null;
  for (;;) {
    const area = el('textarea', { rows: '16', spellcheck: 'false', autofocus: true, value: typed,
      'aria-label': plain ? 'Data as text' : 'Data in base64' });
    const answer = await ui.dialog({ title: ['Data of ', ui.mono(path)], wide: true, body: [note,
      plain ? null : el('p', {}, 'These bytes are no plain text; they are shown in base64.'), area,
      el('p', { class: 'hint' }, `Version ${version}. ${ui.bytes(now.length)} now.`)],
    actions: [{ text: 'Save…', run: () => ({ typed: area.value }) }] });
    if (!answer) return false;
    ({ typed } = answer);
    let wanted;
    try {
      wanted = plain ? data.encode(typed) : data.fromBase64(typed.replace(/\s/g, ''));
    } catch {
      note = ui.failure({ status: 400, message: 'This is no base64.' });
      continue;
    }
    if (!await ui.confirm({ title: 'Write the data', verb: 'Write', text: [
      el('p', {}, 'The data of ', ui.mono(path), ` changes from ${ui.bytes(now.length)} to ${ui.bytes(wanted.length)}.`),
      'What watches it will be told.'] })) continue;
    try {
      await znodes.change('set', { path, version, data: data.toBase64(wanted) });
      ui.toast(`Written: ${path}`, 'good');
      return true;
    } catch (error) {
      note = ui.failure(error);
      if (error.status !== conflict) continue;
      try {
        const fresh = await znodes.ask('znode', { path, bytes: 16 * 2 ** 20 });
        if (fresh.stat.version === version) continue; // it is another conflict, such as a quota
        ({ version } = fresh.stat);
        now = data.fromBase64(fresh.data) || new Uint8Array();
        note = [note, el('p', {}, 'Below is what you have typed. This is there now:'),
          el('pre', { class: 'code data' }, data.asText(now, true) ?? data.asHex(now))];
      } catch (gone) {
        note = ui.failure(gone);
      }
    }
  }
}

// once asks, does something, and tells how it went: true, false for somebody who has changed his
// mind, null for an error.
async function once(ui, question, work, done) {
  if (!await ui.confirm(question)) return false;
  try {
    const answer = await work();
    ui.toast(done(answer), 'good');
    return answer;
  } catch (error) {
    ui.toast(error.message, 'bad');
    return null;
  }
}

// remove deletes the znode. True if it has gone, null if it could not be done.
export async function remove({ ui, path }, znode) {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const answer = await once(ui, { title: 'Delete the znode', danger: true, verb: 'Delete', type: name,
    text: [ui.el('p', {}, ui.mono(path), ` and its ${ui.bytes(znode.stat.data_length)} of data go. There is no way back ` +
      'but a backup.'), znode.kind === 'ephemeral' ? 'It belongs to a session that still goes on.' : '']
      .filter(Boolean) },
  () => znodes.change('delete', { path, version: znode.stat.version }), () => `Deleted: ${path}`);
  return answer && true;
}

// lines of an ACL are scheme:id:permissions, as zkCli has them; ids may have colons.
const lineOf = (a) => `${a.scheme}:${a.id}:${a.perms}`;

function parseACL(text) {
  return text.split('\n').map((l) => l.trim()).filter(Boolean).map((line) => {
    const match = /^([^:]+):(.*):([cdrwa]+)$/.exec(line);
    if (!match) throw new Error(`${line}: want scheme:id:permissions, such as world:anyone:r`);
    return { scheme: match[1], id: match[2], perms: match[3] };
  });
}

// setACL lets the operator change the ACL. True if it was.
export async function setACL({ ui, path }, znode) {
  const { el } = ui;
  let typed = znode.acl.map(lineOf).join('\n');
  let note = null;
  for (;;) {
    const area = el('textarea', { rows: '6', spellcheck: 'false', autofocus: true, value: typed,
      'aria-label': 'ACL, a line for each' });
    const answer = await ui.dialog({ title: ['ACL of ', ui.mono(path)], wide: true, body: [note, area,
      el('p', { class: 'hint' }, 'A line each: scheme:id:permissions. The permissions are c (create children), d (delete children), ' +
        'r (read), w (write), a (change the ACL). auth::cdrwa stands for whom you look at znodes as.')],
    actions: [{ text: 'Save…', run: () => ({ typed: area.value }) }] });
    if (!answer) return false;
    ({ typed } = answer);
    try {
      const acl = parseACL(typed);
      const open = acl.some((a) => a.perms.includes('a'));
      if (!await ui.confirm({ title: 'Change the ACL', verb: 'Change', danger: !open, text: [
        el('p', {}, 'Who may do what with ', ui.mono(path), ' becomes:'), el('pre', { class: 'code' }, acl.map(lineOf).join('\n')),
        open ? 'Its children keep their own ACLs.' : 'Nobody but a superuser will be able to change it again.'] })) continue;
      await znodes.change('acl', { path, version: znode.stat.aversion, acl });
      ui.toast(`ACL changed: ${path}`, 'good');
      return true;
    } catch (error) {
      note = error.status === undefined ? ui.failure({ status: 400, message: error.message }) : ui.failure(error);
      if (error.status === conflict) {
        ui.toast(error.message, 'bad');
        return true; // the page shows the ACL that is there now
      }
    }
  }
}

const modes = { persistent: 'Persistent', sequential: 'Persistent, with a number behind its name',
  container: 'Container: goes with its last child', ttl: 'With a time to live' };

// create makes a child. Gives its path, or false.
export async function create({ ui, path }) {
  const { el } = ui;
  const name = el('input', { autocomplete: 'off', spellcheck: 'false', autofocus: true });
  const mode = el('select', {}, Object.entries(modes).map(([value, text]) => el('option', { value }, text)));
  const ttl = el('input', { type: 'number', min: '1', value: '3600' });
  const ttlField = ui.field('Seconds to live without a change', ttl);
  const area = el('textarea', { rows: '6', spellcheck: 'false' });
  const note = el('div', {});
  mode.addEventListener('change', () => { ttlField.hidden = mode.value !== 'ttl'; });
  ttlField.hidden = true;
  return await ui.dialog({ title: ['A child of ', ui.mono(path)], body: [note, ui.field('Name', name), ui.field('Kind', mode),
    ttlField, ui.field('Data, as text', area),
    el('p', { class: 'hint' }, 'Its ACL is open to everybody until you change it.')],
  actions: [{ text: 'Create', run: async () => {
    if ((!name.value && mode.value !== 'sequential') || name.value.includes('/')) {
      name.focus();
      return undefined;
    }
    const child = znodes.join(path, name.value);
    try {
      const made = await znodes.change('create', { path: child, mode: mode.value, data: data.toBase64(data.encode(area.value)),
        ttl_ms: mode.value === 'ttl' ? Math.round(ttl.value * 1000) : 0 });
      ui.toast(`Created: ${made.path}`, 'good');
      return made.path;
    } catch (error) {
      ui.show(note, ui.failure(error));
      return undefined;
    }
  } }] }) || false;
}
