// What is computed from answers, with answers that are made up: no server has all of these troubles.

// evaluated imports a module of the console in the page and calls with it.
const evaluated = async ({ page, open }, work) => {
  await open('overview');
  return page.evaluate(work);
};

export default [
  {
    title: 'a percentile is of what happened between two samples',
    async run(stage) {
      const got = await evaluated(stage, async () => {
        const { quantiles, rate, mntr, spread } = await import('/console/series.js');
        const sample = (at, counts, zero, n) => ({ at, figures: { at_ms: at, figures: { n },
          spreads: { t: { first: -8, counts, zero, sum: 0,
            count: zero + counts.reduce((a, b) => a + b, 0) } } } });
        // Index -8 is half a second, 0 one second; 90 short ones come, and 10 long ones.
        const samples = [sample(1000, [1000], 5, 0), sample(3000, [1090, 0, 0, 0, 0, 0, 0, 0, 10], 5, 100),
          { at: 5000, figures: null }, sample(7000, [1090, 0, 0, 0, 0, 0, 0, 0, 10], 5, 100),
          sample(9000, [1], 0, 10)];
        const [p50, p99] = quantiles(samples, spread('t'), [0.5, 0.99]);
        const values = (list) => list.map((p) => p.v);
        return { p50: values(p50), p99: values(p99), rate: values(rate(samples, mntr('n'))) };
      });
      // Without an answer nothing is known, and a counter that began anew says nothing.
      stage.assert.deepEqual(got.p50, [null, 500, null, null, null]);
      stage.assert.deepEqual(got.p99, [null, 1000, null, null, null]);
      stage.assert.deepEqual(got.rate, [null, 50, null, null, null]);
    },
  },
  {
    title: 'each trouble is found once, the worst first, and a well server has none',
    async run(stage) {
      const got = await evaluated(stage, async () => {
        const { findings } = await import('/console/findings.js');
        const learner = { synced: true, lag: 0, silent_ms: 10 };
        const member = (server, more) => ({ server, role: 'participant', weighs: true, connected: true,
          election_address: `h${server}:3888`, learner: server === 1 ? null : { ...learner }, ...more });
        const well = () => ({ ready: { checks: [{ name: 'quorum', ok: true, reason: 'leading' }] },
          live: { checks: [{ name: 'loop', ok: true }] },
          ensemble: { server: 1, state: 'leader', leader: 1, spare_voters: 1, groups: false,
            members: [1, 2, 3].map((id) => member(id)), certificates: [{ port: 'client', ends_ms: 9e12 }] },
          figures: { figures: { open_file_descriptor_count: 10, max_file_descriptor_count: 1000 },
            counted: { digest_mismatches_count: 0, snapshot_error_count: 0 } } });
        const day = 86400000;
        const spoil = {
          nothing: () => {},
          check: (a) => { a.ready.checks[0] = { name: 'quorum', ok: false, reason: 'looking' }; },
          space: (a) => { a.ready.checks.push({ name: 'disk_space', ok: true, reason: 'short on [2]' }); },
          missing: (a) => { a.ensemble.members[1].learner = null; },
          spare: (a) => { a.ensemble.spare_voters = 0; },
          lag: (a) => { a.ensemble.members[2].learner.lag = 5000; },
          silent: (a) => { a.ensemble.members[2].learner.silent_ms = 60000; },
          even: (a) => { a.ensemble.members.push(member(4)); },
          ended: (a) => { a.ensemble.certificates[0].ends_ms = 99 * day; },
          ends: (a) => { a.ensemble.certificates[0].ends_ms = 105 * day; },
          descriptors: (a) => { a.figures.figures.open_file_descriptor_count = 900; },
          digest: (a) => { a.figures.counted.digest_mismatches_count = 1; },
          unconnected: (a) => {
            a.ensemble.state = 'follower';
            a.ensemble.members.forEach((m) => { m.learner = null; });
            a.ensemble.members[2].connected = false;
          },
        };
        const found = {};
        for (const [name, spoils] of Object.entries(spoil)) {
          const answers = well();
          spoils(answers);
          found[name] = findings(answers, 100 * day).map((f) => f.kind);
        }
        const all = well();
        for (const name of ['lag', 'missing', 'ends', 'check']) spoil[name](all);
        found.order = findings(all, 100 * day).map((f) => f.kind);
        found.unknown = findings({ ready: null, live: null, ensemble: null, figures: null }, 0).map((f) => f.kind);
        return found;
      });
      stage.assert.deepEqual(got, { nothing: [], check: ['bad'], space: ['warn'], missing: ['bad'],
        spare: ['bad'], lag: ['warn'], silent: ['warn'], even: ['warn'], ended: ['bad'], ends: ['warn'],
        descriptors: ['warn'], digest: ['bad'], unconnected: ['warn'],
        order: ['bad', 'bad', 'warn', 'warn'], unknown: [] });
    },
  },
];
