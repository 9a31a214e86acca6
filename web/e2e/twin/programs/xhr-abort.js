// XMLHttpRequest: giving up in every phase, and what takes too long.
import { attempt, ended, factsOf, watch } from '../xhr.js';

/** Gives up when `when` is told, of a request or of its upload. */
const within =
  (when, { ofUpload = false, state, query = '' } = {}) =>
  async ({ note, here, task }) => {
    const xhr = watch(new XMLHttpRequest(), note, { upload: true });
    (ofUpload ? xhr.upload : xhr).addEventListener(when, () => {
      if (state !== undefined && xhr.readyState != state) return;
      note('gives up');
      xhr.abort();
      note('has given up', xhr.readyState);
    });
    xhr.open('POST', here(query));
    // Whoever gives up what is done is told nothing more.
    const end =
      state == 4 ? new Promise((resolve) => xhr.addEventListener(when, () => xhr.readyState || resolve())) : ended(xhr);
    xhr.send('body');
    await end;
    await task();
    note(factsOf(xhr));
  };

export const programs = {
  'XH-08 before anything': async ({ note }) => {
    const xhr = watch(new XMLHttpRequest(), note);
    xhr.abort();
    note(factsOf(xhr));
  },
  'XH-08 after open': async ({ note, here }) => {
    const xhr = watch(new XMLHttpRequest(), note, { upload: true });
    xhr.open('GET', here('first'));
    xhr.abort();
    note(xhr.readyState);
    const end = ended(xhr);
    attempt(note, () => xhr.send());
    if (xhr.readyState == 1) await end;
    note(factsOf(xhr));
  },
  'XH-08 right after send': async ({ note, here, task }) => {
    const xhr = watch(new XMLHttpRequest(), note, { upload: true });
    xhr.open('POST', here());
    xhr.send('body');
    note('gives up');
    xhr.abort();
    note(factsOf(xhr));
    await task();
    note(factsOf(xhr));
  },
  'XH-08 right after send, without a body': async ({ note, here, task }) => {
    const xhr = watch(new XMLHttpRequest(), note, { upload: true });
    xhr.open('GET', here());
    xhr.send();
    xhr.abort();
    note(factsOf(xhr));
    await task();
  },
  'XH-08 while the server thinks': async ({ note, here, there, arrived, closed, task }) => {
    for (const [at, gate] of [
      [here, 'a'],
      [there, 'b'],
    ]) {
      const xhr = watch(new XMLHttpRequest(), note, { upload: true });
      xhr.open('POST', at({ hold: gate }));
      const uploaded = new Promise((resolve) => xhr.upload.addEventListener('loadend', resolve));
      xhr.send('body');
      await Promise.all([arrived(gate), uploaded]);
      note('gives up');
      xhr.abort();
      note(factsOf(xhr));
      await closed(gate);
      await task();
    }
  },
  'XH-08 at the very first attempt': async ({ note, here, arrived, closed, task }) => {
    const xhr = watch(new XMLHttpRequest(), note);
    xhr.open('GET', here('first=a'));
    xhr.send();
    await arrived('a');
    xhr.abort();
    note(factsOf(xhr));
    await closed('a');
    await task();
  },
  'XH-08 while it is not known yet with which token': async ({ note, here, holdUp, arrived, release, task }) => {
    await holdUp('gate');
    const xhr = watch(new XMLHttpRequest(), note);
    xhr.open('GET', here('hold=gate'));
    xhr.send();
    await arrived('gate');
    note('gives up');
    xhr.abort();
    note(factsOf(xhr));
    release('gate');
    note(await (await fetch(here())).text());
    await task();
    note(factsOf(xhr));
  },
  'XH-08 while the body comes': async ({ note, here, task }) => {
    const xhr = new XMLHttpRequest();
    xhr.open('GET', here('pieces=abc,def'));
    const first = new Promise((resolve) => xhr.addEventListener('progress', resolve, { once: true }));
    xhr.send();
    await first;
    watch(xhr, note);
    note(factsOf(xhr));
    xhr.abort();
    note(factsOf(xhr));
    await task();
  },
  'XH-08 after all is done': async ({ note, here }) => {
    const xhr = watch(new XMLHttpRequest(), note);
    xhr.open('GET', here());
    const end = ended(xhr);
    xhr.send();
    await end;
    note('gives up');
    xhr.abort();
    note(factsOf(xhr));
    xhr.abort();
  },
  'XH-08 within loadstart': within('loadstart'),
  'XH-08 within loadstart of the upload': within('loadstart', { ofUpload: true }),
  'XH-08 within load of the upload': within('load', { ofUpload: true, query: 'hold=x' }),
  'XH-08 within readystatechange 2': within('readystatechange', { state: 2 }),
  'XH-08 within readystatechange 3': within('readystatechange', { state: 3 }),
  'XH-08 within readystatechange 4': within('readystatechange', { state: 4 }),
  'XH-08 within progress': within('progress'),
  'XH-08 within load': within('load'),
  'XH-08 within abort': async ({ note, here, arrived, closed }) => {
    const xhr = watch(new XMLHttpRequest(), note);
    xhr.onabort = () => xhr.abort();
    xhr.open('GET', here('hold=a'));
    xhr.send();
    await arrived('a');
    xhr.abort();
    note(factsOf(xhr));
    await closed('a');
  },
  'XH-08 within loadend': within('loadend'),
  'XH-08 XH-16 within abort it is opened again': async ({ note, here, arrived, closed }) => {
    const xhr = watch(new XMLHttpRequest(), note);
    const again = new Promise((resolve) => {
      xhr.onabort = () => {
        xhr.open('GET', here('again'));
        xhr.onload = resolve;
        xhr.send();
      };
    });
    xhr.open('GET', here('hold=a'));
    xhr.send();
    await arrived('a');
    xhr.abort();
    await again;
    note(factsOf(xhr));
    await closed('a');
  },
  'XH-09 a time-out': async ({ note, here, task }) => {
    for (const method of ['GET', 'POST']) {
      const xhr = watch(new XMLHttpRequest(), note, { upload: false });
      xhr.open(method, here({ hold: method }));
      xhr.timeout = 100;
      const end = ended(xhr);
      xhr.send('body');
      await end;
      note(factsOf(xhr));
      await task();
    }
  },
  'XH-09 a time-out that is set before open, or after send': async ({ note, here }) => {
    const before = watch(new XMLHttpRequest(), note, { name: 'before' });
    before.timeout = 100;
    before.open('GET', here('hold=a'));
    let end = ended(before);
    before.send();
    await end;
    const after = watch(new XMLHttpRequest(), note, { name: 'after' });
    after.open('GET', here('hold=b'));
    end = ended(after);
    after.send();
    after.timeout = 100;
    await end;
    note(factsOf(after));
  },
  'XH-09 a time-out that is taken back': async ({ note, here, arrived, release }) => {
    const xhr = watch(new XMLHttpRequest(), note);
    xhr.open('GET', here('hold=a'));
    xhr.timeout = 60_000;
    const end = ended(xhr);
    xhr.send();
    await arrived('a');
    xhr.timeout = 0;
    release('a');
    await end;
    note(factsOf(xhr));
  },
  'XH-09 a time-out that is not needed': async ({ note, here, refuse }) => {
    const xhr = watch(new XMLHttpRequest(), note, { reused: true });
    for (let i = 0; i < 2; i++) {
      await refuse();
      xhr.open('GET', here({ i }));
      xhr.timeout = 9_000;
      const end = ended(xhr);
      xhr.send();
      await end;
    }
    note(factsOf(xhr));
  },
  'XH-09 a time-out while the body comes': async ({ note, here }) => {
    const xhr = new XMLHttpRequest();
    xhr.open('GET', here('pieces=abc,def'));
    const end = ended(xhr);
    const first = new Promise((resolve) => xhr.addEventListener('progress', resolve, { once: true }));
    xhr.send();
    await first;
    watch(xhr, note);
    xhr.timeout = 1;
    await end;
    note(factsOf(xhr));
  },
  'XH-09 what is no time': async ({ note, here }) => {
    const xhr = new XMLHttpRequest();
    for (const value of [-1, 1.9, '5', NaN, Infinity, null, {}]) {
      xhr.timeout = value;
      note(xhr.timeout);
    }
    xhr.timeout = 0;
    xhr.open('GET', here());
    const end = ended(xhr);
    xhr.send();
    await end;
  },
  'XH-09 a new request after a time-out': async ({ note, here, refuse }) => {
    const xhr = watch(new XMLHttpRequest(), note);
    xhr.timeout = 100;
    xhr.open('GET', here('hold=a'));
    let end = ended(xhr);
    xhr.send();
    await end;
    xhr.timeout = 0;
    await refuse();
    xhr.open('GET', here());
    end = ended(xhr);
    xhr.send();
    await end;
    note(factsOf(xhr));
  },
};

const soon = Object.keys(programs).filter((name) =>
  /right after send|within loadstart|a time-out( that is set|$)|new request after a time-out|very first|not known yet/.test(
    name,
  ),
);
// Whether what is given up at once leaves the browser at all is a matter of luck, natively too.
export const wire = Object.fromEntries(soon.map((name) => [name, 'not compared']));
export const tokenless = soon;
