// The pictures of docs/operate/console.md, made when the charts have something to show.

export default [
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
