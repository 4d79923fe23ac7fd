// Plays the stories in Chromium. It is started by the Go test, with what it must know as JSON in
// ZOO_CONSOLE_TEST; each story ends with one line of JSON on stdout. What only the test can do
// (kill a server, write a znode) is asked for by such a line, and answered by one on stdin.

import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { chromium } from 'playwright-core';

const told = JSON.parse(process.env.ZOO_CONSOLE_TEST);
const patience = 60000;

// The line to the test

const waiting = new Map();
let asked = 0;
readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const answer = JSON.parse(line);
  const { resolve, reject } = waiting.get(answer.id);
  waiting.delete(answer.id);
  if (answer.error) reject(new Error(answer.error));
  else resolve(answer.value);
});

const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);

function ask(word, args = {}) {
  return new Promise((resolve, reject) => {
    const id = ++asked;
    waiting.set(id, { resolve, reject });
    say({ ask: word, id, ...args });
  });
}

// What a browser may complain about without anything being wrong: answers that are errors.
const expected = /Failed to load resource: (the server responded with a status of (401|403|404|409|503)|net::ERR_)/;

async function play(browser, story) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...story.context });
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error.stack || error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !expected.test(message.text())) complaints.push(message.text());
  });
  // No page may reach anybody but its own server.
  page.on('request', (request) => {
    const { host, protocol } = new URL(request.url());
    if (protocol.startsWith('http') && !told.hosts.includes(host)) complaints.push(`asked ${request.url()}`);
  });
  const open = (where, server = told.leader) => page.goto(`${told.servers[server]}/console/#/${where}`);
  const shot = (name) => page.screenshot({ path: path.join(told.images, `console-${name}.png`) });
  try {
    await story.run({ page, open, ask, told, assert, shot, context });
    assert.deepEqual(complaints, [], 'the browser complains');
  } catch (error) {
    const seen = await page.locator('body').innerText().catch(() => '');
    throw new Error(`${error.stack}\n${complaints.join('\n')}\nThe page says:\n${seen}`);
  } finally {
    await context.close();
  }
}

const home = await mkdtemp(path.join(tmpdir(), 'zoo-chromium-'));
const browser = await chromium.launch({ executablePath: told.chromium, env: { ...process.env, HOME: home },
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
async function tell(story) {
  const began = Date.now();
  let error = null;
  try {
    await play(browser, story);
  } catch (e) {
    error = e.message;
  }
  say({ story: story.title, error, took_ms: Date.now() - began });
}

// Stories that change nothing for others are played two at a time, those that are alone last.
try {
  const names = told.images ? ['images.mjs'] : (await readdir(new URL('stories', import.meta.url)))
    .filter((n) => n.endsWith('.mjs')).sort().map((n) => `stories/${n}`);
  const all = [];
  for (const name of names) all.push(...(await import(new URL(name, import.meta.url))).default);
  const together = all.filter((story) => !story.alone);
  const next = async () => {
    while (together.length) await tell(together.shift());
  };
  await Promise.all([next(), next()]);
  for (const story of all.filter((s) => s.alone)) await tell(story);
} finally {
  await browser.close();
  await rm(home, { recursive: true, force: true });
}
process.exit(0);
