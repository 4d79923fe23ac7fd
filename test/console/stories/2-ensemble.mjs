// What the pages tell of a real ensemble, while it loses a server and has it back.

export default [
  {
    title: 'the leader tells how many can be lost, and a follower who leads',
    async run({ page, open, told, assert }) {
      await open('overview');
      await page.getByText('You can lose 1.').waitFor();
      await page.getByText('3 of 3 voters are in sync.').waitFor();
      assert.equal(await page.locator('.page-overview tbody tr').count(), 3);
      assert.equal(await page.locator('td .pill', { hasText: 'follower' }).count(), 2);
      const follower = Object.keys(told.servers).find((id) => id !== told.leader);
      await open('overview', follower);
      await page.getByText(`Server ${told.leader} leads.`).waitFor();
      await page.getByText(`Ask the console of server ${told.leader}`).waitFor();
      assert.equal(await page.getByText('You can lose').count(), 0);
    },
  },
  {
    title: 'charts and figures move by themselves',
    async run({ page, open, assert }) {
      await open('charts');
      const requests = page.getByRole('img', { name: /^Requests: all [1-9][\d.]*\/s, writes [1-9]/ });
      await requests.waitFor();
      await page.getByRole('img', { name: /^Time of writes: p50 [\d.]+ (µs|ms)/ }).waitFor();
      await page.getByRole('img', { name: /^fsync: p50 [\d.]+ (µs|ms)/ }).waitFor();
      await page.getByRole('img', { name: /^Memory: of the process [\d.]+ MiB/ }).waitFor();
      await requests.hover();
      await page.locator('.tip').first().waitFor();
      await page.getByRole('button', { name: '15 min' }).click();
      await page.getByRole('button', { name: '15 min', pressed: true }).waitFor();
      await page.getByText('15 min ago').first().waitFor();
      // What was gathered is still there.
      await requests.waitFor();
      assert.ok(await page.locator('.line').count() > 3);
    },
  },
  {
    title: 'the start-up has its stages, the membership its servers',
    async run({ page, open, assert }) {
      await open('startup');
      await page.getByRole('cell', { name: 'listen for operators' }).waitFor();
      assert.ok(await page.locator('.gantt').count() > 5);
      await open('members');
      await page.getByText('a majority: 2 of 3').waitFor();
      assert.equal(await page.locator('.page-members tbody tr').count(), 3);
    },
  },
  {
    title: 'a snapshot is taken by a button, once the operator has said who that is',
    async run({ page, open }) {
      await open('backups');
      await page.getByText('zoo backup archive --repo').waitFor();
      await page.getByRole('button', { name: 'Take a snapshot' }).click();
      const form = page.getByRole('dialog', { name: 'Sign in' });
      await form.getByLabel('User', { exact: true }).fill('ann');
      await form.getByLabel('Password', { exact: true }).fill('of the night shift');
      await page.keyboard.press('Enter');
      await page.getByText(/Snapshot of 0x[0-9a-f]+ written/).waitFor();
      await page.locator('dd', { hasText: 'ago)' }).waitFor();
    },
  },
  {
    alone: true,
    title: 'clients are sent away and taken again, each with a question before',
    async run({ page, open, told, assert }) {
      const follower = Object.keys(told.servers).find((id) => id !== told.leader);
      await open('members', follower);
      await page.evaluate(() => sessionStorage.setItem('zoo-key', 'digest ann:secret'));
      await page.reload();
      await page.getByRole('button', { name: 'Drain…' }).click();
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      await page.locator('.pill', { hasText: 'open' }).waitFor();
      await page.getByRole('button', { name: 'Drain…' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Drain', exact: true }).click();
      await page.locator('.page-members .pill', { hasText: /drain/ }).waitFor();
      await open('alarms', follower);
      await page.getByText(/^clients: drained/).waitFor();
      await open('members', follower);
      await page.getByRole('button', { name: 'Take clients again…' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Take clients', exact: true }).click();
      await page.locator('.pill', { hasText: 'open' }).waitFor();
      assert.equal(await page.getByRole('button', { name: 'Hand over the lead…' }).count(), 0);
    },
  },
  {
    alone: true,
    title: 'a follower dies and the leader says that no other may, until it is back',
    async run({ page, open, told, ask }) {
      const follower = Number(Object.keys(told.servers).find((id) => id !== told.leader));
      await open('overview');
      await page.getByText('You can lose 1.').waitFor();
      await ask('kill', { server: follower });
      await page.getByText('You can lose none.').waitFor();
      await page.locator('td .pill', { hasText: 'missing' }).waitFor();
      await page.getByText(`Server ${follower} is missing`).waitFor();
      await open('alarms');
      await page.getByText('No voter can be lost').waitFor();
      await ask('start', { server: follower });
      await page.getByText('No alarm.').waitFor();
      await open('overview');
      await page.getByText('3 of 3 voters are in sync.').waitFor();
    },
  },
  {
    alone: true,
    title: 'a server that does not answer is said to, and what is shown is old',
    async run({ page, open, told, ask }) {
      const follower = Object.keys(told.servers).find((id) => id !== told.leader);
      await open('overview', follower);
      await page.locator('.verdict').filter({ hasText: 'leads' }).waitFor();
      await ask('kill', { server: Number(follower) });
      await page.locator('#notice', { hasText: 'does not answer' }).waitFor();
      await ask('start', { server: Number(follower) });
      await page.locator('#notice').waitFor({ state: 'hidden' });
    },
  },
];
