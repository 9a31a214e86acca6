// The cases of an OAuth client in a browser, OA-01 to OA-44, against a server that misbehaves on demand. One of them:
// node --test --test-name-pattern OA-11 e2e/oa.test.mjs
import { cases } from './cases/index.mjs';
import { runCases } from './cases/run.mjs';

runCases(
  'OAuth client in a browser',
  cases.filter(({ id }) => id.startsWith('OA-')),
);
