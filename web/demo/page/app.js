// The demo: a session, the switches that make trouble for it, and a timeline of what came of it.
import { history } from './history.js';
import { Recorder } from './record.js';
import { config, scheme, session } from './session.js';
import { timeline } from './timeline.js';
import { count, inWords } from './words.js';

const $ = (id) => document.querySelector(`[data-testid="${id}"]`);

// ---- what happens is recorded --------------------------------------------------------------------------------

const apiPath = new URL(config.api).pathname;
const place = (path) =>
  path.startsWith(apiPath) ? 'api' : path === '/token' ? 'token' : path === '/revoke' ? 'revoke' : null;
const recorder = new Recorder(place, sessionStorage, performance.timeOrigin);
if (recorder.items.length) recorder.mark('load', { text: 'page loaded', at: performance.timeOrigin });
addEventListener('pagehide', () => recorder.leave());

// How a sign-in that keeps the page was asked for, while it lasts.
let way;

const names = { login: 'signed in', logout: 'logged out', refresh: 'refreshed', expired: 'session ended' };
for (const [what, text] of Object.entries(names)) {
  session.on(what, ({ remote, userId, reason }) => {
    // A session that ended is also a logout: `expired` has told it already.
    if (what === 'logout' && reason === 'expired') return;
    const login = what === 'login' && !remote;
    recorder.mark(what, {
      remote,
      text: what === 'login' && userId !== 'current' ? `${userId} signed in` : text,
      way: login ? way : undefined,
    });
  });
}
session.on('error', ({ error, remote }) => {
  recorder.mark('error', { remote, text: error?.code ?? 'error' });
  if (error) fail(error);
});

new PerformanceObserver((list) => {
  for (const { name, startTime, responseStart, responseEnd, duration, responseStatus } of list.getEntries()) {
    if (!name.startsWith(config.issuer)) continue;
    const from = performance.timeOrigin + startTime;
    // The answer's head: the body of a refusal that is sent again is let go of only then.
    const end = responseStart || responseEnd;
    recorder.sent({
      url: name,
      from,
      to: from + (end - startTime > 0 ? end - startTime : duration),
      status: responseStatus ?? 0,
    });
  }
}).observe({ type: 'resource', buffered: true });

if (config.control) {
  let log;
  // Only while it is seen: a browser has six connections to a server, and a tab may be one of ten. The log begins
  // anew each time, and the recorder knows what it has heard.
  const listen = () => {
    log?.close();
    if (document.hidden) return;
    log = new EventSource(`${config.control}log?stream`);
    log.addEventListener('request', ({ data }) => recorder.logged(JSON.parse(data)));
  };
  document.addEventListener('visibilitychange', listen);
  listen();
}

// ---- calls ---------------------------------------------------------------------------------------------------

const result = $('result');

function say(text, { code = '', status = '', bad = false } = {}) {
  result.replaceChildren(text);
  if (code) result.append(' ', Object.assign(document.createElement('code'), { textContent: code }));
  result.dataset.code = code;
  result.dataset.status = status;
  result.classList.toggle('bad', bad);
}

const fail = (error) => say(inWords(error), { code: error?.code ?? error?.name ?? '', bad: true });

/** One call of the API, as any page would make it: fetch and a URL. */
async function call() {
  const path = `${apiPath}me`;
  const recorded = recorder.call(path);
  try {
    const response = await fetch(`${config.api}me?call=${recorded.number}`);
    // Read in any case: only then does the browser report the request.
    const text = await response.text();
    recorded.end(response.status);
    return { status: response.status, body: response.ok ? JSON.parse(text) : null };
  } catch (error) {
    recorded.end(null, error.code ?? 'no answer');
    throw error;
  }
}

async function callAll(times) {
  say(times === 1 ? 'Calling …' : `Calling ${times} times …`);
  const answers = await Promise.allSettled(Array.from({ length: times }, call));
  const lost = answers.find(({ status }) => status === 'rejected');
  if (lost) return fail(lost.reason);
  const statuses = answers.map(({ value }) => value.status);
  const bad = statuses.find((status) => status !== 200);
  const said = {
    401: session.state.isLoggedIn
      ? 'The API refused, and the token could not be renewed just now. You are still signed in.'
      : 'The API refused: nobody is signed in.',
    429: 'The API wants a pause.',
  };
  if (bad) return say(said[bad] ?? `The API answered with a fault.`, { status: bad, code: `${bad}`, bad: true });
  const who = answers[0].value.body.sub;
  say(times === 1 ? `Served: the API knows ${who}.` : `All ${count(times, 'call')} served: the API knows ${who}.`, {
    status: 200,
    code: '200',
  });
}

/** A sign-in that keeps the page: drawn when it begins, and when nothing comes of it. */
async function stay(how, text, signedIn) {
  way = how;
  recorder.mark(how, { text });
  say(how === 'popup' ? 'The server asks in a window of its own.' : 'A hidden frame asks the server …');
  try {
    await signedIn;
    say('Signed in, and the page never left.');
  } catch (error) {
    recorder.mark('declined', { text: 'not signed in', code: error.code });
    throw error;
  } finally {
    way = undefined;
  }
}

// ---- the server's switches -----------------------------------------------------------------------------------

async function turn(name, body = {}) {
  const response = await fetch(config.control + name, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });
  if (!response.ok) throw new Error('The server would not turn that switch.');
}

const faults = {
  500: ['token endpoint answers 500', { mode: '500' }],
  429: ['token endpoint asks to wait', { mode: '429', retryAfter: '2' }],
  network: ['token endpoint unreachable', { mode: 'drop-before' }],
  html: ['a captive portal answers', { mode: 'html' }],
  slow: ['token endpoint is slow', { mode: 'delay', ms: 3000 }],
};

async function expire() {
  await turn('expire');
  recorder.mark('expire', { text: 'token expired' });
  say('Every access token is dead at the server. This page has not been told.');
}

async function revoke() {
  await turn(
    'revoke',
    session.state.isLoggedIn && session.state.userId !== 'current' ? { user: session.state.userId } : {},
  );
  await turn('expire');
  recorder.mark('revoke', { text: 'sign-in revoked' });
  say('The whole sign-in is dead at the server. This page has not been told.');
}

async function breakToken(kind) {
  if (!kind) return mend();
  const [text, fault] = faults[kind];
  await turn('token', fault);
  recorder.mark('break', { text });
  say(`From now on: ${text}.`);
}

async function mend() {
  await turn('token', { mode: 'ok' });
  $('break').value = '';
  recorder.mark('mend', { text: 'mended' });
  say('The token endpoint works again.');
}

async function lifetime(seconds) {
  await turn('lifetime', { seconds: Number(seconds) });
  recorder.mark('lifetime', { text: `tokens live ${seconds} s` });
  say(`Tokens issued from now on live for ${seconds} s.`);
}

// ---- who is here ---------------------------------------------------------------------------------------------

function showState(state) {
  const { status, isLoggedIn, userId, claims, scope } = state;
  document.body.dataset.status = status;
  $('state').textContent = status;
  const anonymous = status === 'restoring' ? 'One moment' : 'Nobody is signed in';
  $('user').textContent = isLoggedIn ? (userId === 'current' ? 'Somebody' : userId) : anonymous;
  $('name').textContent = isLoggedIn
    ? (claims?.name ?? (userId === 'current' ? 'this scheme does not say who' : ''))
    : 'Calls go out without a token.';
  $('scopes').replaceChildren(
    ...(scope ?? []).map((text) => Object.assign(document.createElement('li'), { textContent: text })),
  );
  for (const part of document.querySelectorAll('[data-when]')) {
    const { when } = part.dataset;
    part.hidden =
      when === 'in' ? !isLoggedIn : isLoggedIn || status === 'restoring' || (when !== 'out' && when !== scheme);
  }
  full = 0;
  countDown();
}

let full = 0;

/** How long the access token lives; the bar is full when this page first sees the token. */
function countDown() {
  const { isLoggedIn, expiresAt } = session.state;
  const left = expiresAt === null ? null : Math.round((expiresAt - Date.now()) / 1000);
  $('expiry').hidden = !isLoggedIn || left === null;
  if (left === null) return;
  full = Math.max(full, left, 1);
  $('life').max = full;
  $('life').value = Math.max(0, left);
  const minutes = `${Math.floor(left / 60)}:${`${left % 60}`.padStart(2, '0')}`;
  $('left').textContent = left > 0 ? `good for ${minutes}` : 'run out; the next call renews it';
}

// ---- the page's parts ----------------------------------------------------------------------------------------

/** A click that shows it is at work, and says in words what went wrong. */
function onClick(id, action) {
  const button = $(id);
  button.addEventListener('click', async () => {
    button.setAttribute('aria-busy', 'true');
    try {
      await action();
    } catch (error) {
      fail(error);
    } finally {
      button.removeAttribute('aria-busy');
    }
  });
}

const onChange = (id, action) => $(id).addEventListener('change', ({ target }) => action(target.value).catch(fail));

onClick('call-api', () => callAll(1));
onClick('call-api-3', () => callAll(3));
onClick('expire', expire);
onClick('revoke', revoke);
onClick('mend', mend);
onChange('break', breakToken);
onChange('lifetime', lifetime);
onClick('login-redirect', () => session.loginWithRedirect());
onClick('login-popup', () => stay('popup', 'sign-in by popup', session.loginWithPopup()));
onClick('login-silent', () => stay('silent', 'silent sign-in', session.loginSilently()));
onClick('logout', () => session.logout());
onClick('second-tab', () => window.open(`/?scheme=${scheme}`, '_blank', 'noopener'));
onClick('clear', () => recorder.clear());

$('login-form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const { username, password, submit } = event.target.elements;
  submit.setAttribute('aria-busy', 'true');
  password.removeAttribute('aria-invalid');
  try {
    await session.loginWithCredentials(username.value, password.value);
    say('Signed in.');
  } catch (error) {
    fail(error);
    password.setAttribute('aria-invalid', 'true');
    password.focus();
  } finally {
    password.value = '';
    submit.removeAttribute('aria-busy');
  }
});

for (const input of $('scheme').querySelectorAll('input')) {
  input.checked = input.value === scheme;
  input.addEventListener('change', () => {
    sessionStorage.setItem('latchkey-demo-scheme', input.value);
    sessionStorage.setItem('latchkey-demo-focus', 'scheme');
    location.assign('/');
  });
  if (input.checked && sessionStorage.getItem('latchkey-demo-focus') === 'scheme') {
    sessionStorage.removeItem('latchkey-demo-focus');
    input.focus();
  }
}

for (const place of document.querySelectorAll('[data-users]')) {
  place.textContent = config.users.map(({ username, password }) => `${username} / ${password}`).join('  or  ');
}

const dark = matchMedia('(prefers-color-scheme: dark)');
const themeNow = () => document.documentElement.dataset.theme ?? (dark.matches ? 'dark' : 'light');
const showTheme = () => $('theme').setAttribute('aria-pressed', String(themeNow() === 'dark'));
$('theme').addEventListener('click', () => {
  const theme = themeNow() === 'dark' ? 'light' : 'dark';
  document.documentElement.dataset.theme = theme;
  localStorage.setItem('latchkey-demo-theme', theme);
  showTheme();
});
dark.addEventListener('change', showTheme);
showTheme();

for (const part of document.querySelectorAll('[data-needs="control"]')) part.hidden = !config.control;

timeline({
  recorder,
  session,
  parts: {
    frame: $('timeline'),
    names: $('lanes'),
    scroller: $('scroller'),
    picture: $('picture'),
    sentence: $('sentence'),
    next: $('next'),
    list: $('list'),
    empty: $('empty'),
    legend: $('legend'),
    details: $('details'),
  },
});

history({ session, recorder, parts: { sentence: $('why'), list: $('steps'), empty: $('no-history') } });

session.subscribe(showState);
setInterval(countDown, 1000);
session.ready.catch(fail);
