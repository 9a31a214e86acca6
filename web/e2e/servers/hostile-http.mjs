// What the three servers have in common.
import { createServer } from 'node:http';

/** Starts a server on a free port of 127.0.0.1. */
export async function listen(handle) {
  const server = createServer((request, response) => {
    Promise.resolve(handle(request, response)).catch((error) => {
      // A test would wait for ever; the text may quote a request.
      console.error('hostile:', error.name, error.stack?.split('\n')[1]?.trim());
      response.destroy();
    });
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export async function readBody(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
}
