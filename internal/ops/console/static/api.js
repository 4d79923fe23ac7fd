// What the pages ask of the server. A key that the operator types lives in this tab only: in
// memory, and in sessionStorage so that it outlives a reload.

const commands = document.querySelector('meta[name="commands"]').content;
const storageName = 'zoo-key';

// ApiError is an answer that is an error: `status` is that of HTTP, 0 if there was no answer.
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

let authorization = sessionStorage.getItem(storageName) || '';
let asking = null; // the promise of the form that is open
let askForKey = null; // given by the shell: shows the form, gives the header or null
const listeners = new Set();

// onKeyWanted is told by the shell how to ask the operator for a key.
export function onKeyWanted(ask) { askForKey = ask; }

// onKeyChanged calls back when the operator signs in or out.
export function onKeyChanged(listener) { listeners.add(listener); }

export function hasKey() { return authorization !== ''; }

export function setKey(header) {
  authorization = header || '';
  if (authorization) sessionStorage.setItem(storageName, authorization);
  else sessionStorage.removeItem(storageName);
  for (const listener of listeners) listener();
}

// bearer, basic and digest make the text of the header Authorization.
export const bearer = (token) => 'Bearer ' + token;
export const digest = (user, password) => `digest ${user}:${password}`;
export function basic(user, password) {
  const bytes = new TextEncoder().encode(`${user}:${password}`);
  return 'Basic ' + btoa(String.fromCharCode(...bytes));
}

// signIn asks the operator for a key; several callers share one form. False if there is none.
export function signIn(reason) {
  if (!asking) {
    asking = askForKey(reason)
      .then((header) => {
        if (header) setKey(header);
        return Boolean(header);
      })
      .finally(() => { asking = null; });
  }
  return asking;
}

// request fetches a path of this server. Options: method, params, body, headers, signal, and
// `quiet`, which has a 401 be an error rather than a form: for what is asked for every second.
// Gives the Response, whatever its status but for a 401 that the operator can mend.
export async function request(path, options = {}) {
  const { method = 'GET', params, body, headers = {}, signal, quiet = false } = options;
  // Relative to the page: a proxy may have put something in front of both.
  const url = new URL(`..${path}`, document.baseURI);
  for (const [name, value] of Object.entries(params || {})) {
    if (value !== undefined && value !== null && value !== '') url.searchParams.set(name, value);
  }
  for (;;) {
    const sent = authorization;
    // Who asks like this is not challenged by a form of the browser's own.
    const all = { Accept: 'application/json', 'X-Requested-With': 'XMLHttpRequest', ...headers };
    if (sent) all.Authorization = sent;
    let response;
    try {
      // A certificate of the browser's, where the server wants one, counts as credentials.
      response = await fetch(url, { method, body, headers: all, signal, credentials: 'same-origin',
        cache: 'no-store' });
    } catch (error) {
      if (error.name === 'AbortError') throw error;
      throw new ApiError(0, 'The server does not answer.');
    }
    if (response.status !== 401 || quiet) return response;
    if (authorization !== sent) continue; // another request has brought one meanwhile
    const reason = await message(response);
    if (!await signIn(reason)) throw new ApiError(401, 'You are not signed in.');
  }
}

// message is what an answer that is an error says.
async function message(response) {
  const text = await response.text();
  try {
    const { error } = JSON.parse(text);
    if (error) return error;
  } catch { /* it is plain text */ }
  return text.trim() || `${response.status} ${response.statusText}`;
}

// json fetches a path and gives its JSON; what is an error is thrown.
export async function json(path, options) {
  const response = await request(path, options);
  if (!response.ok) throw new ApiError(response.status, await message(response));
  const answer = await response.json();
  if (answer && answer.error) throw new ApiError(response.status, answer.error);
  return answer;
}

// command carries out an admin command by its name: command('sessions', {limit: 10}).
export function command(name, params, options) {
  return json(`${commands}/${name}`, { ...options, params });
}

// commandResponse is the same for a command that answers with a body or headers of its own.
export async function commandResponse(name, params, options) {
  const response = await request(`${commands}/${name}`, { ...options, params });
  if (!response.ok) throw new ApiError(response.status, await message(response));
  return response;
}

// health gives the checks of /readyz or /livez; that some have failed is no error.
export async function health(name, options) {
  const response = await request(`/${name}`, { ...options, params: { format: 'json' }, quiet: true });
  if (!response.ok && response.status !== 503) {
    throw new ApiError(response.status, await message(response));
  }
  return response.json();
}
