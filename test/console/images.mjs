// The pictures of docs/operate/console.md, made when the charts have something to show.

export default [
  {
    title: 'the znodes by day and on a phone',
    async run({ page, open, ask, context, shot }) {
      await context.addInitScript(() => sessionStorage.setItem('zoo-key', 'digest night:shift'));
      await ask('create', { path: '/orders', data: '' });
      for (const [name, data] of Object.entries({
        config: '{"name":"orders","port":8443,"limits":{"requests":5000,"burst":50},"zones":["eu-1","eu-2"]}',
        leader: 'orders-7f6d', owners: '', partitions: '', readme: 'Who to call: the team of the shop.' })) {
        await ask('create', { path: `/orders/${name}`, data });
      }
      for (let i = 0; i < 16; i++) await ask('create', { path: `/orders/config/v${i + 100}`, data: 'x'.repeat(40 * i) });
      await ask('set', { path: '/orders/config', data:
        '{"name":"orders","port":8443,"limits":{"requests":8000,"burst":80},"zones":["eu-1","eu-2"]}' });
      await open('znodes?path=/orders/config');
      await page.locator('.data.json').waitFor();
      await page.locator('.children li').first().waitFor();
      await page.getByText('No client of this server watches it.').waitFor();
      await shot('znodes');
      await page.emulateMedia({ colorScheme: 'dark' });
      await page.setViewportSize({ width: 390, height: 844 });
      await open('znodes?path=/orders');
      await page.locator('.children li').nth(4).waitFor();
      await shot('znodes-phone');
    },
  },
  {
    title: 'pictures by day, at night and on a phone',
    async run({ page, open, shot }) {
      await open('charts?minutes=2');
      await page.waitForFunction(() => (document.querySelector('.line.series-1')?.getAttribute('d') || '')
        .split('L').length > 45, null, { timeout: 180000 });
      await shot('charts');
      const verdict = page.locator('.verdict.good');
      const overview = async () => {
        await page.keyboard.press('g');
        await page.keyboard.press('o');
        await verdict.waitFor();
        await page.locator('.tile').first().waitFor();
      };
      await overview();
      await shot('overview');
      await page.emulateMedia({ colorScheme: 'dark' });
      await shot('dark');
      await page.emulateMedia({ colorScheme: 'light' });
      await page.setViewportSize({ width: 390, height: 844 });
      await shot('phone');
    },
  },
];
