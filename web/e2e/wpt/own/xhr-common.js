// What the files about XMLHttpRequest need besides.
const events = ['readystatechange', 'loadstart', 'progress', 'abort', 'error', 'load', 'timeout', 'loadend'];

/** Opens one and notes its events in order, progress once however often it comes. */
const opened = (url, { method = 'GET', upload = false, ...members } = {}) => {
  const client = new XMLHttpRequest();
  client.seen = [];
  const note = (name) => client.seen.at(-1) === name || client.seen.push(name);
  for (const type of events) {
    client.addEventListener(type, () => note(type === 'readystatechange' ? `${client.readyState}` : type));
    if (upload) client.upload.addEventListener(type, () => note(`upload ${type}`));
  }
  client.open(method, url);
  Object.assign(client, members);
  return client;
};
const ended = (client) =>
  new Promise((resolve) => client.addEventListener('loadend', () => resolve(client), { once: true }));
const sent = async (url, { body, headers = {}, ...settings } = {}) => {
  const client = opened(url, settings);
  for (const name in headers) client.setRequestHeader(name, headers[name]);
  const end = ended(client);
  client.send(body);
  return end;
};
const json = (client) => JSON.parse(client.responseText);
