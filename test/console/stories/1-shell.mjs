// The shell: going about by mouse and by keyboard, keys of operators, colours, a phone.

export default [
  {
    title: 'a browser at the root is led to the console and every page of it opens',
    async run({ page, told, assert }) {
      await page.goto(`${told.servers[told.leader]}/`);
      await page.waitForURL(/\/console\/#\/overview$/);
      for (const link of await page.locator('.nav a').all()) {
        const title = (await link.getAttribute('data-page'));
        await link.click();
        await page.waitForURL(new RegExp(`#/${title}$`));
        await page.locator(`.page-${title} h1`).first().waitFor({ state: 'attached' });
        assert.equal(await link.getAttribute('aria-current'), 'page');
        assert.equal(await page.locator('.failure').count(), 0);
      }
    },
  },
  {
    title: 'all of it is reached without a mouse',
    async run({ page, open, assert }) {
      await open('overview');
      await page.locator('.verdict.good').waitFor();
      await page.keyboard.press('g');
      await page.keyboard.press('u');
      await page.locator('.page-startup table').waitFor();
      await page.keyboard.press('?');
      await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      await page.keyboard.press('m');
      assert.equal(await page.evaluate(() => document.activeElement.dataset.page), 'startup');
      // Every control has a name that is read out.
      const unnamed = await page.evaluate(() => [...document.querySelectorAll('button, a, input, select')]
        .filter((e) => !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length))
        .map((e) => e.outerHTML));
      assert.deepEqual(unnamed, []);
    },
  },
  {
    title: 'colours follow the machine until the operator says otherwise',
    context: { colorScheme: 'dark' },
    async run({ page, open, assert }) {
      const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      await open('overview');
      const dark = await ground();
      await page.keyboard.press('t');
      await page.locator('html[data-theme="light"]').waitFor();
      const light = await ground();
      assert.notEqual(light, dark);
      await page.reload();
      await page.locator('html[data-theme="light"]').waitFor();
      assert.equal(await ground(), light);
    },
  },
  {
    title: 'a server that wants a key shows a form, and nothing before it is right',
    async run({ page, told, assert }) {
      await page.goto(`${told.guarded}/console/#/members`);
      await page.getByText('This server wants a key.').waitFor();
      assert.equal(await page.locator('.page-members dd').count(), 0);
      await page.locator('#notice button').click();
      const form = page.getByRole('dialog', { name: 'Sign in' });
      await form.getByLabel('Kind').selectOption('token');
      await form.getByLabel('Token', { exact: true }).fill('not the right one');
      await form.getByRole('button', { name: 'Sign in' }).click();
      await form.waitFor({ state: 'detached' });
      await page.getByText('This server wants a key.').waitFor();
      await page.locator('#key').click(); // Sign out
      await page.locator('#key').click();
      await form.getByLabel('Token', { exact: true }).fill(told.token);
      await page.keyboard.press('Enter');
      await page.locator('.identity .pill.good').waitFor();
      await page.locator('.page-members dd:visible').first().waitFor();
      // The key outlives a reload and is in no place that outlives the tab.
      await page.reload();
      await page.locator('.page-members dd:visible').first().waitFor();
      assert.equal(await page.evaluate(() => JSON.stringify(localStorage) + document.cookie + location.href)
        .then((s) => s.includes('0123456789')), false);
    },
  },
  {
    title: 'on a phone nothing is wider than the screen',
    context: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
    async run({ page, open, assert }) {
      await open('overview');
      await page.locator('.verdict.good').waitFor();
      const pages = await page.locator('.nav a').evaluateAll((all) => all.map((a) => a.dataset.page));
      for (const name of pages) {
        await page.getByRole('button', { name: 'Menu' }).tap();
        await page.locator(`.nav a[data-page="${name}"]`).tap();
        await page.locator(`.page-${name}`).waitFor();
        assert.equal(await page.locator('.nav').isVisible(), false);
        const wide = await page.evaluate(() => document.querySelector('main').scrollWidth > 390 ||
          document.documentElement.scrollWidth > 390);
        assert.equal(wide, false, `${name} is wider than the screen`);
      }
    },
  },
];
