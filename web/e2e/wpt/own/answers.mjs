// What the tests here ask of their server, by path. `?cors=<origin or *>` lets another origin read any of it.
// Without a look at what it is, which would hold the first bytes back.
const text = { 'content-type': 'text/plain', 'x-content-type-options': 'nosniff' };

/** What was asked for, by `key`: how often, and by which methods. */
const asked = new Map();

const bodyOf = async (request) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
};

function cors(request, response, { searchParams }) {
  const allowed = searchParams.get('cors');
  if (!allowed) return;
  response.setHeader('access-control-allow-origin', allowed);
  if (allowed !== '*') response.setHeader('access-control-allow-credentials', 'true');
  if (searchParams.has('expose')) response.setHeader('access-control-expose-headers', searchParams.get('expose'));
  if (searchParams.has('methods')) response.setHeader('access-control-allow-methods', searchParams.get('methods'));
  if (searchParams.has('headers')) response.setHeader('access-control-allow-headers', searchParams.get('headers'));
}

const answers = {
  /** The request itself: its headers but the session's one, and its body, byte by byte. */
  async echo(request, response) {
    const body = await bodyOf(request);
    const { authorization, ...headers } = request.headers;
    const { method } = request;
    response.writeHead(200, { 'content-type': 'application/json', 'x-method': method });
    const names = request.rawHeaders.filter((_, i) => i % 2 === 0);
    response.end(JSON.stringify({ method, headers, names, body: body.toString('latin1'), length: body.length }));
  },
  /** Whether the session's one header came. */
  token(request, response) {
    response.writeHead(200, text).end(request.headers.authorization ? 'with a token' : 'without');
  },
  async status(request, response, { searchParams }) {
    await bodyOf(request);
    const headers = JSON.parse(searchParams.get('fields') ?? '{}');
    response.writeHead(Number(searchParams.get('code')), searchParams.get('text') ?? '', { ...text, ...headers });
    response.end(searchParams.get('body') ?? '');
  },
  async redirect(request, response, { searchParams }) {
    await bodyOf(request);
    response.writeHead(Number(searchParams.get('code') ?? 302), { location: searchParams.get('to') }).end();
  },
  /** Redirects to itself for as long as the client follows. */
  loop(request, response, url) {
    response.writeHead(302, { location: url.href }).end();
  },
  /** Begins, and never ends. */
  endless(request, response) {
    response.writeHead(200, text).write('a beginning');
  },
  /** Never begins. */
  silent() {},
  /** Breaks off after its headers and something of its body. */
  broken(request, response) {
    response.writeHead(200, { ...text, 'content-length': 100 }).write('a beginning', () => response.destroy());
  },
  gone(request) {
    request.socket.destroy();
  },
  cookie(request, response, { searchParams }) {
    response
      .writeHead(200, { ...text, 'set-cookie': `${searchParams.get('set')}; path=/` })
      .end(request.headers.cookie ?? '');
  },
  /** Fresh for an hour, or by its tag. The body says the how manyth it is. */
  async cached(request, response, { searchParams }) {
    const key = searchParams.get('key');
    const count = (asked.get(key) ?? 0) + 1;
    asked.set(key, count);
    const validator = searchParams.has('tag') && { etag: '"one"' };
    if (validator && request.headers['if-none-match'] === '"one"') return response.writeHead(304, validator).end();
    const control = searchParams.get('control') ?? 'max-age=3600';
    response.writeHead(200, { ...text, 'cache-control': control, ...validator }).end(`${count}`);
  },
  /** What has arrived by a key since, then nothing. */
  async note(request, response, { searchParams }) {
    const key = searchParams.get('key');
    await bodyOf(request);
    if (request.method !== 'OPTIONS') asked.set(key, (asked.get(key) ?? 0) + 1);
    response.writeHead(200, { 'cache-control': 'no-store' }).end();
  },
  count(request, response, { searchParams }) {
    response.writeHead(200, { 'cache-control': 'no-store' }).end(`${asked.get(searchParams.get('key')) ?? 0}`);
  },
};

/** For serve.mjs. */
export const own = Object.fromEntries(
  Object.entries(answers).map(([name, answer]) => [
    `/answers/${name}`,
    (request, response, url) => {
      cors(request, response, url);
      if (request.method === 'OPTIONS' && request.headers['access-control-request-method']) {
        return response.writeHead(204).end();
      }
      return answer(request, response, url);
    },
  ]),
);
