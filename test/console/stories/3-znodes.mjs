// The znodes: finding one, seeing what is in it, changing it.

// asOperator signs the tab in before the page begins.
const asOperator = (context) => context.addInitScript(() =>
  sessionStorage.setItem('zoo-key', 'digest night:shift'));

const press = (page, name) => page.getByRole('button', { name, exact: true }).click();
const confirmed = (page, title, verb) => page.getByRole('dialog', { name: title })
  .getByRole('button', { name: verb, exact: true }).click();

export default [
  {
    title: 'a znode is found by how its path begins, and its data is shown as JSON, text and hex',
    async run({ page, open, ask, assert }) {
      await ask('create', { path: '/shop', data: '' });
      await ask('create', { path: '/shop/config', data: '{"limit":9007199254740993,"on":[true]}' });
      await ask('create', { path: '/shop/control', data: 'a\u0001<img src=x onerror=alert(1)>' });
      await ask('create', { path: '/shop/other', data: '' });
      await open('znodes');
      await page.locator('.children li').first().waitFor();
      await page.keyboard.press('/');
      await page.keyboard.type('/shop/con');
      await page.keyboard.press('Enter');
      await page.waitForURL(/path=%2Fshop&prefix=con$/);
      await page.locator('.children li').nth(1).waitFor();
      assert.deepEqual(await page.locator('.children li a').allInnerTexts(), ['config', 'control']);
      await page.getByRole('link', { name: 'config' }).click();
      await page.locator('.data.json').waitFor();
      assert.equal(await page.locator('.data').innerText(),
        '{\n  "limit": 9007199254740993,\n  "on": [\n    true\n  ]\n}');
      await press(page, 'Text');
      assert.equal(await page.locator('.data').innerText(), '{"limit":9007199254740993,"on":[true]}');
      await press(page, 'Hex');
      assert.match(await page.locator('.data').innerText(), /^000000 {2}7b 22 6c 69 6d 69 74 22 {2}3a 39/);
      await page.getByText(/transaction \d+ of epoch \d+/).first().waitFor();
      await page.getByText('It stays until somebody deletes it.').waitFor();
      await page.getByText('world:anyone').waitFor();

      // What is no text is hex, and what looks like HTML is nothing but bytes.
      await page.reload();
      await page.locator('.crumbs').getByRole('link', { name: 'shop' }).click();
      await page.getByRole('link', { name: 'control' }).click();
      await page.locator('.data.hex').waitFor();
      assert.equal(await page.locator('main img').count(), 0);
    },
  },
  {
    title: 'children come by pages, and with the keyboard',
    async run({ page, open, ask, assert }) {
      await ask('create', { path: '/many', data: '' });
      for (let i = 0; i < 120; i++) await ask('create', { path: `/many/n${String(i).padStart(3, '0')}`, data: 'x' });
      await open('znodes?path=/many');
      const first = page.locator('.children li a').first();
      const has = (name) => page.locator('.children li a').first().filter({ hasText: name }).waitFor();
      await has('n000');
      assert.equal(await page.locator('.children li').count(), 50);
      await press(page, 'Next');
      await has('n050');
      await press(page, 'Next');
      await has('n100');
      assert.equal(await page.getByRole('button', { name: 'Next', exact: true }).isDisabled(), true);
      await press(page, 'Previous');
      await has('n050');
      await page.getByLabel('Names that begin with').fill('n11');
      await has('n110');
      assert.equal(await page.locator('.children li').count(), 10);
      await page.waitForURL(/prefix=n11$/);
      await first.focus();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      await page.waitForURL(/path=%2Fmany%2Fn111$/);
      await page.getByLabel('Names that begin with').waitFor({ state: 'hidden' });
    },
  },
  {
    title: 'an operator signs in to create a znode, writes it although somebody was faster, and deletes it',
    async run({ page, open, ask, assert }) {
      await open('znodes');
      await press(page, 'Create a child…');
      await page.getByLabel('Name', { exact: true }).fill('made');
      await page.getByLabel('Data, as text').fill('one');
      await press(page, 'Create');
      const signIn = page.getByRole('dialog', { name: 'Sign in' });
      await signIn.getByRole('textbox', { name: 'User' }).fill('night');
      await signIn.getByRole('textbox', { name: 'Password' }).fill('shift');
      await signIn.getByRole('button', { name: 'Sign in' }).click();
      await page.waitForURL(/path=%2Fmade$/);
      await page.locator('.data', { hasText: 'one' }).waitFor();
      assert.equal(await ask('get', { path: '/made' }), 'one');

      await press(page, 'Edit…');
      await ask('set', { path: '/made', data: 'theirs' });
      await page.getByRole('textbox', { name: 'Data as text' }).fill('mine');
      await press(page, 'Save…');
      await confirmed(page, 'Write the data', 'Write');
      await page.getByText('somebody has changed the znode meanwhile').waitFor();
      await page.locator('dialog .data', { hasText: 'theirs' }).waitFor();
      assert.equal(await ask('get', { path: '/made' }), 'theirs');
      assert.equal(await page.getByRole('textbox', { name: 'Data as text' }).inputValue(), 'mine');
      await press(page, 'Save…');
      await confirmed(page, 'Write the data', 'Write');
      await page.locator('.znode .data', { hasText: 'mine' }).waitFor();
      assert.equal(await ask('get', { path: '/made' }), 'mine');

      await press(page, 'Delete…');
      await page.getByLabel('Write made to go on').fill('made');
      await confirmed(page, 'Delete the znode', 'Delete');
      await page.getByText('Deleted: /made').waitFor();
      await assert.rejects(ask('get', { path: '/made' }), /no node/);
    },
  },
  {
    title: 'a znode that is one user’s is seen by that user only',
    async run({ page, open, ask, context, assert }) {
      await asOperator(context);
      await ask('create', { path: '/private', data: 'of bob' });
      await open('znodes?path=/private');
      const be = async (user, password) => {
        await page.locator('.as').click();
        const dialog = page.getByRole('dialog', { name: 'As whom to look at znodes' });
        await dialog.getByLabel('User').fill(user);
        await dialog.getByLabel('Password').fill(password);
        await dialog.getByRole('button', { name: 'Use it' }).click();
        await page.locator('.as', { hasText: user }).waitFor();
      };
      await be('bob', 'secret');
      await press(page, 'Change…');
      await page.getByLabel('ACL, a line for each').fill('auth::cdrwa');
      await press(page, 'Save…');
      await confirmed(page, 'Change the ACL', 'Change');
      await page.getByText('the user bob with the password').waitFor();
      await page.locator('.data', { hasText: 'of bob' }).waitFor();
      await be('eve', 'guess');
      await page.locator('.znode .failure', { hasText: 'the ACL does not allow it' }).waitFor();
      assert.equal(await page.getByText('of bob').count(), 0);
      // A reload forgets bob, and the parent tells that there is something.
      await page.reload();
      await page.locator('.as', { hasText: 'night' }).waitFor();
      await page.locator('.crumbs').getByRole('link', { name: '/' }).click();
      await page.locator('li', { hasText: 'private' }).getByText('no permission').waitFor();
    },
  },
  {
    title: 'a console that only reads offers no changes',
    async run({ page, told, context, assert }) {
      await context.addInitScript((key) => sessionStorage.setItem('zoo-key', key), `Bearer ${told.token}`);
      await page.goto(`${told.guarded}/console/#/znodes?path=/zookeeper`);
      await page.getByText('The console only reads').waitFor();
      for (const name of ['Edit…', 'Change…', 'Delete…', 'Create a child…']) {
        assert.equal(await page.getByRole('button', { name }).count(), 0, name);
      }
    },
  },
  {
    title: 'sessions, watches and tops lead to each other and to the znodes',
    async run({ page, open, ask, context, assert }) {
      await open('sessions');
      await page.getByText('For operators').waitFor();
      await asOperator(context);
      const session = await ask('watch', { path: '/owned' });
      await page.reload();
      await page.getByRole('link', { name: session }).click();
      await page.waitForURL(new RegExp(`session=${session}$`));
      await page.locator('.panel', { hasText: 'Ephemeral znodes' }).getByRole('link', { name: '/owned' }).click();
      await page.getByText('It goes when the session').waitFor();
      await open('top');
      await page.getByRole('link', { name: 'Memory' }).click();
      await page.getByRole('link', { name: '/', exact: true }).last().waitFor();
      await page.getByRole('link', { name: 'Slow requests' }).click();
      await page.locator('.tabs [aria-current]', { hasText: 'Slow requests' }).waitFor();
      // The client of the test is connected to one of the three.
      let found = 0;
      for (const server of ['1', '2', '3']) {
        await open('watches?path=/owned', server);
        await page.locator('.page-watches .panel tr, .page-watches .empty').first().waitFor();
        found += await page.getByRole('link', { name: session }).count();
      }
      assert.equal(found, 1);
    },
  },
  {
    title: 'znodes, sessions and tops fit a phone',
    context: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, colorScheme: 'dark' },
    async run({ page, open, context, assert }) {
      await asOperator(context);
      for (const where of ['znodes?path=/app', 'sessions', 'watches', 'top', 'top?of=top_memory']) {
        await open(where);
        await page.locator('.panel').first().waitFor();
        const width = await page.evaluate(() => document.querySelector('main').scrollWidth);
        assert.ok(width <= 390, `${where} is ${width} wide`);
      }
    },
  },
];
