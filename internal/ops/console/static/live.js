// What the console asks for again and again: `figures`, `ensemble` and /readyz every two seconds.
// The figures are kept for half an hour, of the others the newest.

import { ApiError, command, health } from './api.js';

export const intervalMs = 2000;
export const samplesMax = 900;

const samples = []; // the oldest first: {at, figures, ensemble, ready}; figures null for no answer
const listeners = new Set();
let timer = 0;
let running = false;
let wanted = false;

// all gives the samples; latest is the last one, null before the first; known is the last one
// that was answered, null without any.
export const all = () => samples;
export const latest = () => samples[samples.length - 1] || null;
let answered = null;
export const known = () => answered;

// subscribe calls back with each new sample, and gives what ends that.
export function subscribe(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

async function ask() {
  const sample = { at: Date.now(), figures: null, ensemble: null, ready: null, error: null };
  const asking = new AbortController();
  const patience = setTimeout(() => asking.abort(), 4 * intervalMs);
  const options = { quiet: true, signal: asking.signal };
  try {
    const [figures, ensemble, ready] = await Promise.all([command('figures', null, options),
      command('ensemble', null, options), health('readyz', options)]);
    Object.assign(sample, { figures, ensemble, ready });
    if (answered) answered.ensemble = answered.ready = null;
    answered = sample;
  } catch (error) {
    sample.error = error.name === 'AbortError' ?
      new ApiError(0, 'The server does not answer.') : error;
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
