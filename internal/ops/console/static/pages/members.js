// Who is in the ensemble by its configuration, and what an operator may have this server do.

export default {
  id: 'members',
  title: 'Membership',
  group: 'Ensemble',
  key: 'e',
  render(root, { api, ui, every }) {
    const { el, show, refresh } = ui;
    const facts = el('div', {});
    const list = el('div', {});
    const attendance = el('div', {});
    const actions = el('div', { class: 'row after' });
    const panels = el('div', {}, ui.panel('Configuration', facts), ui.panel('Members', list));
    show(root, el('h1', {}, 'Membership'), panels,
      el('section', { class: 'panel' }, el('h2', {}, 'This server'), attendance, actions));

    async function act(question, name, params, said) {
      if (!await ui.confirm(question)) return;
      try {
        const answer = await api.command(name, params, { method: 'POST' });
        ui.toast(said(answer), 'good');
        await draw();
      } catch (error) {
        ui.toast(error.message, 'bad');
      }
    }

    const drain = () => act({ title: 'Drain this server', verb: 'Drain', danger: true,
      text: ['It takes no new clients and parts with those that it has; they go to other servers.',
        'Do it before this server is stopped.'] }, 'member_drain', null, (a) => `The server is ${a.state}.`);
    const undrain = () => act({ title: 'Take clients again', verb: 'Take clients',
      text: 'New clients may connect to this server again.' }, 'member_undrain', null, (a) => `The server is ${a.state}.`);
    const transfer = () => act({ title: 'Hand over the lead', verb: 'Hand over', danger: true,
      text: 'The voter that is most in sync becomes the leader. Clients keep their sessions; writes wait for a moment.' },
    'leader_transfer', null, (a) => `Server ${a.leader} leads.`);

    async function draw(signal) {
      const options = { signal, quiet: true };
      const [e, a] = await Promise.all([
        api.command('ensemble', null, options), api.command('member_status', null, options)]);
      const voters = e.members.filter((m) => m.role === 'participant');
      panels.hidden = !e.members.length;
      refresh(facts, ui.facts([
        ['Version', Number(e.version) === 0 ? 'as the files have it, never reconfigured' : ui.zxid(e.version)],
        Number(e.proposed_version) !== 0 && ['Proposed', [ui.zxid(e.proposed_version), ' ', ui.pill('under way', 'warn')]],
        ['Voters', voters.length],
        ['Observers', e.members.length - voters.length],
        ['Decides', e.groups ? 'groups and weights' : `a majority: ${Math.floor(voters.length / 2) + 1} of ${voters.length}`],
        ['Leader', e.leader ? `server ${e.leader}` : 'none'],
      ], true));
      refresh(list, ui.table({ rows: e.members, columns: [
        { title: 'Server', cell: (m) => [el('b', {}, m.server), m.server === e.leader ? ' leads' : '',
          m.server === e.server ? el('span', { class: 'dim' }, ' this one') : ''] },
        { title: 'Role', cell: (m) => m.role + (m.role === 'participant' && !m.weighs ? ', weight 0' : '') },
        { title: 'Quorum', class: 'path', cell: (m) => ui.mono(m.quorum_address) },
        { title: 'Election', class: 'path', cell: (m) => ui.mono(m.election_address) },
        { title: 'Clients', class: 'path', cell: (m) => ui.mono(m.client_address || '–') },
        { title: 'Clients, TLS', class: 'path', cell: (m) => ui.mono(m.secure_client_address || '–') },
        { title: 'Connection', cell: (m) => (m.server === e.server ? '' :
          m.connected || m.learner ? ui.pill('yes', 'good') : ui.pill('none', 'plain')) },
      ] }));
      refresh(attendance, ui.facts([
        ['Clients', [a.clients, ' ', ui.pill(a.state, a.state === 'open' ? 'good' : 'warn')]],
        ['Leads', a.leads ? 'yes: stopping it costs an election' : 'no'],
        a.reason && ['Note', a.reason],
      ], true));
      refresh(actions,
        e.members.length > 0 && (a.state === 'open' ?
          ui.button('Drain…', drain) : ui.button('Take clients again…', undrain)),
        e.state === 'leader' && voters.length > 1 && ui.button('Hand over the lead…', transfer));
    }
    every(3000, draw);
  },
};
