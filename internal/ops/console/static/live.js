// The figures that the console asks for again and again, with what they were: one compact answer
// of the command `figures` every two seconds, kept for half an hour.

import { command } from './api.js';

export const intervalMs = 2000;
export const samplesMax = 900;

const samples = []; // the oldest first: {at, figures}, or {at, figures: null} for no answer
const listeners = new Set();
let timer = 0;
let running = false;
let wanted = false;

// all gives the samples, latest the last one.
export const all = () => samples;
export const latest = () => samples[samples.length - 1] || null;

// subscribe calls back with each new sample, and gives what ends that.
export function subscribe(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

async function ask() {
  const sample = { at: Date.now(), figures: null, error: null };
  const asking = new AbortController();
  const patience = setTimeout(() => asking.abort(), 4 * intervalMs);
  try {
    sample.figures = await command('figures', null, { quiet: true, signal: asking.signal });
  } catch (error) {
    sample.error = error;
  }
  clearTimeout(patience);
  samples.push(sample);
  if (samples.length > samplesMax) samples.shift();
  for (const listener of listeners) listener(sample);
}

async function round() {
  const began = Date.now();
  running = true;
  wanted = false;
  await ask();
  running = false;
  // A page that nobody looks at asks less often; the charts have gaps then.
  const pause = document.hidden ? 5 * intervalMs : intervalMs;
  timer = setTimeout(round, wanted ? 0 : Math.max(0, pause - (Date.now() - began)));
}

// again asks at once, and from then on.
export function again() {
  wanted = true;
  if (running) return;
  clearTimeout(timer);
  round();
}
