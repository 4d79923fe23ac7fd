// What is wrong, out of what the server answers. Pure.

const dayMs = 86400000;

// The bounds of dist/monitoring's alerts.
const certificateDays = 21;
const descriptorsShare = 0.85;
const silentMs = 5000;
const lagMost = 1000;

const bad = (what, todo) => ({ kind: 'bad', what, todo });
const warn = (what, todo) => ({ kind: 'warn', what, todo });

// what each failed check of /readyz asks of the operator.
const remedies = {
  data: 'Wait until the data directory is read; the start-up page tells how far it is.',
  quorum: 'Look whether a majority of the voters runs and whether they reach each other.',
  sync: 'Wait: this server is being brought up to date. If it stays so, look at its log.',
  disk: 'The disk does not answer. Look at the machine; the others go on without this server.',
  clients: 'It was drained on purpose: zoo member undrain, or a restart, ends that.',
  disk_space: 'Free space where the log and the snapshots are.',
  loop: 'The server does not answer by itself any more. Start it anew.',
};

// findings lists what there is to say, the worst first: {kind, what, todo, said}; `said` is what
// the overview says in its first line. Each part may be null: not known.
export function findings({ ready, live = null, ensemble, figures }, now) {
  return [...ofChecks(ready), ...ofChecks(live), ...ofEnsemble(ensemble),
    ...ofCertificates(ensemble, now), ...ofFigures(figures)]
    .sort((a, b) => (a.kind === b.kind ? 0 : a.kind === 'bad' ? -1 : 1));
}

function ofChecks(answer) {
  return (answer ? answer.checks : []).filter((c) => !c.ok || (c.name === 'disk_space' && c.reason))
    .map((c) => (c.ok ? warn : bad)(`${c.name}: ${c.reason || 'failed'}`, remedies[c.name] || ''));
}

function ofEnsemble(e) {
  if (!e || !e.members.length) return [];
  const found = [];
  const voters = e.members.filter((m) => m.role === 'participant');
  if (e.spare_voters === 0 && voters.length > 2) {
    found.push({ said: true, ...bad('No voter can be lost: the next one takes the quorum with it.',
      'Bring the missing voters back.') });
  }
  if (e.state === 'leader') {
    for (const m of e.members.filter((x) => x.server !== e.server)) found.push(...ofLearner(m));
  } else {
    const gone = e.members.filter((m) => m.server !== e.server && m.role === 'participant' && !m.connected);
    for (const m of gone) {
      found.push(warn(`There is no connection to server ${m.server} for elections.`,
        `Look whether it runs, and whether ${m.election_address} can be reached from here.`));
    }
  }
  if (voters.length % 2 === 0 && !e.groups) {
    found.push(warn(`${voters.length} voters survive no more losses than ${voters.length - 1}.`,
      'Add a voter, or make one an observer.'));
  }
  return found;
}

function ofLearner(m) {
  const l = m.learner;
  const kind = m.role === 'participant' ? bad : warn;
  if (!l) {
    return [kind(`Server ${m.server} is missing: it does not learn from the leader.`,
      `Look whether it runs, and whether it reaches the leader. ${m.connected ?
        'There is a connection to it for elections.' : ''}`)];
  }
  if (!l.synced) return [warn(`Server ${m.server} is being brought up to date.`, 'Wait.')];
  const found = [];
  if (l.lag > lagMost) {
    found.push(warn(`Server ${m.server} has not acknowledged ${l.lag} transactions.`,
      'Look at its disk and its way to the leader.'));
  }
  if (l.silent_ms > silentMs) {
    found.push(warn(`Server ${m.server} has said nothing for ${Math.round(l.silent_ms / 1000)} s.`,
      'Look at its machine and the network.'));
  }
  return found;
}

function days(ms) {
  const n = Math.floor(ms / dayMs);
  return n === 0 ? 'less than a day' : n === 1 ? '1 day' : `${n} days`;
}

function ofCertificates(e, now) {
  return (e ? e.certificates : []).filter((c) => c.ends_ms - now < certificateDays * dayMs)
    .map((c) => (c.ends_ms <= now ?
      bad(`The certificate of the ${c.port} port has ended.`, 'Put a new one in its place; it is taken without a restart.') :
      warn(`The certificate of the ${c.port} port ends in ${days(c.ends_ms - now)}.`,
        'Put a new one in its place; it is taken without a restart.')));
}

function ofFigures(f) {
  if (!f) return [];
  const found = [];
  const { open_file_descriptor_count: open, max_file_descriptor_count: most } = f.figures;
  if (open > descriptorsShare * most) {
    found.push(warn(`${open} of ${most} file descriptors are open.`, 'Raise the limit of the process.'));
  }
  if (f.counted.digest_mismatches_count > 0) {
    found.push(bad('The tree is not what the leader has foretold.',
      'Stop this server, move its data directory away, and start it: it gets the tree anew.'));
  }
  if (f.counted.snapshot_error_count > 0) {
    found.push(warn(`${f.counted.snapshot_error_count} snapshots could not be written or sent.`,
      'The log of the server tells why.'));
  }
  return found;
}
