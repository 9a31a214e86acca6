// The cases of an OpenID relying party, OP-01 to OP-62, against a server that misbehaves on demand. One of them:
// node --test --test-name-pattern OP-11 e2e/op.test.mjs
import { cases } from './cases/index.mjs';
import { runCases } from './cases/run.mjs';

runCases(
  'OpenID relying party',
  cases.filter(({ id }) => id.startsWith('OP-')),
);
