// Draws the trace: a line for each step, a lane and a colour for each tab, and the life of each session as a line through it.
import { answer, lived, tabsOf, told, who } from './chronicle.js';

const COLOURS = 6;

export function history({ session, recorder, parts }) {
  const { sentence, list, empty } = parts;
  let queued = false;
  let drawn = '';

  const node = (name, className, ...children) => {
    const element = document.createElement(name);
    if (className) element.className = className;
    element.append(...children);
    return element;
  };

  async function show() {
    queued = false;
    let entries;
    try {
      entries = await session.trace();
    } catch {
      return; // closed, or no runtime: there is nothing to tell
    }
    const names = tabsOf(entries);
    sentence.textContent = answer(entries, names, session.state.isLoggedIn);
    empty.hidden = entries.length > 0;
    list.hidden = !entries.length;
    const now = Date.now();
    const words = entries.map((entry) => told(entry, now));
    const key = JSON.stringify([entries, words]);
    if (key === drawn) return;
    drawn = key;
    const tabs = [...names.keys()];
    // The newest is what one came for.
    list.replaceChildren(
      ...lived(entries)
        .map(({ entry, before, after }, i) => line(entry, words[i], { before, after, tabs, names }))
        .reverse(),
    );
    list.style.setProperty('--tabs', Math.min(Math.max(tabs.length, 1), COLOURS));
  }

  function line(entry, { what, beside, server }, { before, after, tabs, names }) {
    const lane = Math.max(0, tabs.indexOf(entry.tab));
    const time = node('time', '', new Date(entry.at).toLocaleTimeString('en-GB'));
    time.dateTime = new Date(entry.at).toISOString();
    const dot = node('i', 'dot');
    const rail = node('span', `rail${before ? ' before' : ''}${after ? ' after' : ''}`, dot);
    rail.setAttribute('aria-hidden', 'true');
    const more = [...beside, ...(entry.as ? [`for the ${entry.as}`] : [])].join(' · ');
    const text = node('div', 'step', node('strong', '', what));
    const facts = node('p', '', node('span', 'by', who(entry, names)), ...(more ? [` · ${more}`] : []));
    if (server) facts.append(' ', node('code', '', server));
    text.append(facts);
    const row = node('li', `${entry.what} ${entry.reason ?? ''}`, time, rail, text);
    row.dataset.tab = names.get(entry.tab) ?? '';
    row.style.setProperty('--lane', lane % COLOURS);
    row.classList.add(names.has(entry.tab) ? `tab-${lane % COLOURS}` : 'nobody');
    return row;
  }

  function ask() {
    if (queued) return;
    queued = true;
    // What is noted is written a moment later.
    setTimeout(show, 150);
  }

  recorder.subscribe(ask);
  session.subscribe(ask);
  for (const type of ['login', 'logout', 'expired', 'refresh', 'error']) session.on(type, ask);
  // The other tabs write it too.
  addEventListener('storage', ({ key }) => (!key || key.endsWith('/trace')) && ask());
  document.addEventListener('visibilitychange', ask);
  ask();
}
