// What this server has on its disk to come back from, and how to have more.

export default {
  id: 'backups',
  title: 'Backups',
  group: 'Server',
  key: 'b',
  render(root, { api, ui, live, every }) {
    const { el, show, refresh } = ui;
    const state = el('div', {});
    const take = ui.button('Take a snapshot', takeOne, { class: 'primary' });

    async function takeOne() {
      take.disabled = true;
      try {
        const response = await api.commandResponse('snapshot', { streaming: 'false' });
        const size = Number(response.headers.get('snapshot_size'));
        ui.toast(`Snapshot of ${response.headers.get('last_zxid')} written${size ? `, ${ui.bytes(size)}` : ''}.`, 'good');
        await draw();
      } catch (error) {
        if (error.name !== 'AbortError') ui.toast(error.message, 'bad');
      } finally {
        take.disabled = false;
      }
    }

    async function draw(signal) {
      const options = { signal, quiet: true };
      const [last, dirs] = await Promise.all([
        api.command('last_snapshot', null, options), api.command('dirs', null, options)]);
      const sample = live.latest();
      const f = sample && sample.figures;
      const exists = last.timestamp >= 0;
      refresh(state, ui.facts([
        ['Newest snapshot', !exists ? 'none yet' : last.zxid === '0' ? 'of the empty tree' : ui.zxid(`0x${last.zxid}`)],
        exists && ['Taken', `${ui.time(last.timestamp * 1000)} (${ui.duration(Date.now() - last.timestamp * 1000)} ago)`],
        f && ['Applied now', ui.zxid(f.zxid)],
        ['Data directory', ui.bytes(dirs.datadir_size)],
        ['Directory of the log', ui.bytes(dirs.logdir_size)],
        f && f.counted.disk_free_bytes !== undefined && ['Free on the disk', ui.bytes(f.counted.disk_free_bytes)],
        f && ['Snapshots that failed', ui.count(f.counted.snapshot_error_count || 0)],
      ]));
    }

    const url = `${location.protocol}//${location.host}`;
    const code = (text) => el('pre', { class: 'code', tabindex: '0' }, text);
    show(root, el('h1', {}, 'Backups'),
      el('section', { class: 'panel' }, el('h2', {}, 'On this server'), state,
        el('p', { class: 'after' }, 'The server takes snapshots by itself, as its log grows. One more is written to ' +
          'its own directory, without stopping anybody.'), take),
      el('section', { class: 'panel' }, el('h2', {}, 'Elsewhere'),
        el('p', {}, 'A copy on the same disk is no backup. This keeps a repository up to date from here, with every ' +
          'transaction, until it is stopped:'),
        code(`zoo backup archive --repo /backup/zoo --from ${url} --auth-file auth`),
        el('p', {}, 'What there is, and whether it is whole:'),
        code('zoo backup list   --repo /backup/zoo\nzoo backup verify --repo /backup/zoo'),
        el('p', { class: 'hint' }, 'Servers know nothing of repositories: what was copied, only these tell. ' +
          'docs/operate/backup.md has restores.')));
    every(5000, draw);
  },
};
