// The ensemble at a glance, as far as this server knows it.

import { sparkline } from '../charts.js';
import { findings } from '../findings.js';
import * as series from '../series.js';

const stateKinds = { leader: 'good', follower: 'good', observer: 'good', standalone: 'good',
  'read-only': 'warn', synchronising: 'warn', starting: 'warn', looking: 'bad' };

// sentence is the first thing that an operator wants to know: [kind, what, more].
function sentence(e) {
  const voters = e.members.filter((m) => m.role === 'participant');
  if (e.state === 'standalone') {
    return ['warn', 'One server alone.', 'If it is lost, there is no service until it is back.'];
  }
  if (e.state === 'leader') {
    const synced = voters.filter((m) => m.server === e.server || (m.learner && m.learner.synced)).length;
    const of = `${synced} of ${voters.length} voters are in sync`;
    if (e.spare_voters === null) return ['warn', 'This server is about to lead.', ''];
    if (e.spare_voters < 0) return ['bad', 'There is no quorum.', `${of}.`];
    return [e.spare_voters > 0 ? (synced < voters.length ? 'warn' : 'good') : 'bad',
      e.spare_voters > 0 ? `You can lose ${e.spare_voters}.` : 'You can lose none.',
      e.groups ? `${of}; groups and weights decide.` : `${of}.`];
  }
  if (e.state === 'follower' || e.state === 'observer') {
    return ['info', `Server ${e.leader} leads.`,
      'How many can be lost and who lags, only the leader knows.'];
  }
  if (e.state === 'looking') {
    return ['bad', 'There is no leader.', 'This server looks for one; clients of it wait.'];
  }
  return ['warn', `This server is ${e.state}.`, ''];
}

// hostOf is the host of the first of addresses that are joined with bars.
const hostOf = (addresses) => (addresses || '').split('|')[0].replace(/:\d+$/, '');

// whereLeaderIs links to the leader's console if it can be guessed, and says that it is guessed.
function whereLeaderIs(e, ui) {
  const leader = e.members.find((m) => m.server === e.leader);
  const self = e.members.find((m) => m.server === e.server);
  if (!leader || e.leader === e.server) return null;
  const host = hostOf(leader.quorum_address);
  if (!self || hostOf(self.quorum_address) === host || !host) {
    return `Ask the console of server ${e.leader}, on ${host || 'its host'}, at its own admin port.`;
  }
  const url = `${location.protocol}//${host}:${location.port}/console/`;
  return ['Its console, if its admin port is as here: ', ui.el('a', { href: url }, url)];
}

function stateOf(m, e, ui) {
  if (m.server === e.server) return ui.pill(e.state, stateKinds[e.state]);
  if (m.server === e.leader) return ui.pill('leader', 'good');
  if (m.learner) {
    return m.learner.synced ? ui.pill(m.learner.role, 'good') : ui.pill('synchronising', 'warn');
  }
  if (e.state === 'leader') return ui.pill('missing', m.role === 'observer' ? 'warn' : 'bad');
  return m.connected ? ui.pill('connected', 'plain') :
    ui.pill('no connection', m.role === 'observer' ? 'plain' : 'warn');
}

function members(e, ui) {
  const leads = e.state === 'leader';
  const dash = '–';
  const columns = [
    { title: 'Server', cell: (m) => [ui.el('b', {}, m.server),
      m.server === e.server ? ui.el('span', { class: 'dim' }, ' this one') : ''] },
    { title: 'Votes', cell: (m) => (m.role === 'observer' ? 'observer' : m.weighs ? 'voter' : 'voter, weight 0') },
    { title: 'State', cell: (m) => stateOf(m, e, ui) },
    leads && { title: 'Lag', align: 'right', cell: (m) => {
      if (m.server === e.server) return '0';
      return m.learner && m.learner.lag !== null ? ui.count(m.learner.lag) : dash;
    } },
    leads && { title: 'Acknowledged', align: 'right', class: 'wide', cell: (m) => ui.zxid(m.server === e.server ?
      e.logged_zxid : m.learner && m.learner.acked_zxid) },
    leads && { title: 'Heard', align: 'right', cell: (m) => (m.learner ?
      `${ui.duration(m.learner.silent_ms)} ago` : dash) },
    { title: 'Clients at', class: 'path wide', cell: (m) =>
      ui.mono(m.client_address || m.secure_client_address || dash) },
    { title: 'Peers at', class: 'path wide', cell: (m) => ui.mono(m.quorum_address || dash) },
  ].filter(Boolean);
  return ui.table({ columns, rows: e.members });
}

function tiles(samples, ui) {
  const recent = samples.slice(-60);
  const rate = (read) => series.rate(recent, read);
  const gauge = (read) => series.gauge(recent, read);
  const writes = series.quantiles(recent, series.spread('update_latency_seconds'), [0.99])[0];
  const syncs = series.quantiles(recent, series.spread('fsync_seconds'), [0.99])[0];
  const perSecond = (v) => (v === null ? '–' : ui.short(v));
  return [
    ['Requests a second', rate(series.mntr('packets_received')), perSecond],
    ['Writes, 99 % within', writes, (v) => ui.duration(v)],
    ['fsync, 99 % within', syncs, (v) => ui.duration(v)],
    ['Waiting requests', gauge(series.mntr('outstanding_requests')), ui.short],
    ['Connections here', gauge(series.mntr('num_alive_connections')), ui.short],
    ['Sessions', gauge(series.mntr('global_sessions')), ui.short],
    ['Watches here', gauge(series.mntr('watch_count')), ui.short],
    ['Znodes', gauge(series.mntr('znode_count')), ui.short],
    ['Data', gauge(series.mntr('approximate_data_size')), ui.bytes],
    ['Memory', gauge((x) => x.memory.mapped_bytes), ui.bytes],
  ].map(([title, points, format]) => ui.el('div', { class: 'tile' },
    ui.el('div', { class: 'dim' }, title),
    ui.el('div', { class: 'value' }, format(series.last(points))), sparkline(points)));
}

export default {
  id: 'overview',
  title: 'Overview',
  group: 'Ensemble',
  key: 'o',
  render(root, { ui, live }) {
    const { el, show, refresh } = ui;
    const verdict = el('section', { class: 'verdict', role: 'status' });
    const alarms = el('div', {});
    const list = el('div', {});
    const self = el('div', {});
    const figures = el('div', { class: 'tiles' });
    const table = ui.panel('Members', list);
    show(root, el('h1', { class: 'unseen' }, 'Overview'), verdict, alarms, table,
      el('section', { class: 'panel' }, el('h2', {}, 'This server'), self, figures));

    function draw() {
      const last = live.known();
      if (!last) return;
      const { ensemble: e, ready, figures: f } = last;
      const [kind, what, more] = sentence(e);
      verdict.className = `verdict ${kind}`;
      refresh(verdict, el('strong', {}, what), ' ', el('span', {}, more),
        e.leader && e.leader !== e.server ? el('p', {}, whereLeaderIs(e, ui)) : null);
      const found = findings(last, Date.now()).filter((x) => !x.said);
      refresh(alarms, found.slice(0, 3).map((x) => el('p', { class: `alarm ${x.kind}` }, x.what)),
        found.length > 3 ? el('p', {}, el('a', { href: '#/alarms' }, `${found.length - 3} more`)) : null);
      table.hidden = !e.members.length;
      refresh(list, members(e, ui));
      refresh(self, ui.facts([
        ['State', [ui.pill(e.state, stateKinds[e.state]), ' ',
          ready.ok ? ui.pill('ready', 'good') : el('a', { href: '#/alarms' }, ui.pill('not ready', 'bad'))]],
        ['Epoch', ui.mono(`0x${e.epoch.toString(16)}`)],
        ['Applied', ui.zxid(e.applied_zxid)],
        f.figures.uptime !== undefined && ['Serves for', ui.duration(f.figures.uptime)],
        f.figures.version && ['Version', String(f.figures.version).replace(/, built.*/, '')],
      ], true));
      // Without an answer the last figures stay, as all else.
      if (live.latest() === last) show(figures, tiles(live.all(), ui));
    }
    draw();
    return live.subscribe(draw);
  },
};
