// The pictures of docs/operate/console.md. They are made when the charts have something to show.

const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

async function filled(page, open) {
  await open('charts?minutes=2');
  await page.locator('.line.series-2').first().waitFor();
  await page.waitForFunction(() => document.querySelector('.line.series-1').getAttribute('d')
    .split('L').length > 45, null, { timeout: 180000 });
}

export default [
  {
    title: 'the overview and the charts by day',
    async run({ page, open, shot }) {
      await filled(page, open);
      await shot('charts');
      await page.keyboard.press('g');
      await page.keyboard.press('o');
      await page.locator('.verdict.good').waitFor();
      await shot('overview');
    },
  },
  {
    title: 'the overview at night',
    context: { colorScheme: 'dark' },
    async run({ page, open, shot }) {
      await filled(page, open);
      await page.keyboard.press('g');
      await page.keyboard.press('o');
      await page.locator('.verdict.good').waitFor();
      await shot('overview-dark');
    },
  },
  {
    title: 'the overview on a phone',
    context: phone,
    async run({ page, open, shot }) {
      await open('overview');
      await page.locator('.verdict.good').waitFor();
      await page.locator('.tile').first().waitFor();
      await shot('phone');
    },
  },
];
