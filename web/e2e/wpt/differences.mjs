// Where a wrapped page says something else than a native one, and why. Each is looked for: one that is gone has to go here too.
import assert from 'node:assert/strict';

const covered = ['covered, nobody signed in', 'covered, signed in'];

export const listed = [
  {
    suite: 'own',
    url: '/fetch/headers.any.html',
    name: 'a name is sent as it was first written',
    ways: covered,
    reason:
      "the caller's headers are read through Headers, which has names in lower case; they mean the same to every server",
  },
  {
    suite: 'wpt',
    url: '/fetch/api/basic/request-headers-case.any.html',
    name: /^Multiple headers with the same name, different case/,
    ways: covered,
    reason:
      "the caller's headers are read through Headers, which has names in lower case; they mean the same to every server",
  },
  {
    suite: 'own',
    url: '/fetch/method.any.html',
    name: 'members that are there only when they are asked for count',
    ways: covered,
    reason:
      'the members of init are looked for by their keys, so that unknown ones pass too; a proxy that has no keys has none',
  },
  {
    suite: 'own',
    url: '/fetch/method.any.html',
    name: 'each member of init is read once',
    ways: ['not covered'],
    reason: 'bug: headers is read twice where no rule covers the URL, as a marker is looked for in it',
  },
  {
    suite: 'own',
    url: '/fetch/method.any.html',
    name: 'so is what is refused for its arguments',
    ways: ['covered, signed in'],
    reason: 'with a token the rejection comes a microtask later, as the answer has to be looked at first',
  },
  {
    suite: 'wpt',
    url: '/xhr/open-url-encoding.htm',
    name: /^(percent encode characters|lone surrogate)$/,
    ways: covered,
    reason:
      'bug: a query is encoded as UTF-8 also in a document of another encoding, as the address that was judged is the one that is sent',
  },
  {
    suite: 'wpt',
    url: '/xhr/send-authentication-basic-repeat-no-args.htm',
    name: /^(|XMLHttpRequest: send\(\) - "Basic" authenticated requests with user name and password passed to open.*)$/,
    ways: ['covered, signed in'],
    reason:
      "the session's Authorization takes the place of the Basic credentials that the browser has kept for the server",
  },
];

const fits = (pattern, name) => (typeof pattern === 'string' ? pattern === name : pattern.test(name));

/** Throws unless a page differs just as it is listed. */
export function check(suite, { url, differences }) {
  const mine = listed.filter((one) => one.suite === suite && one.url === url);
  const expected = ({ way, name }) => mine.some((one) => one.ways.includes(way) && fits(one.name, name));
  const told = ({ way, name, native, wrapped }) => `${way}: "${name}" ${native} natively, and ${wrapped} wrapped`;
  assert.deepEqual(differences.filter((one) => !expected(one)).map(told), [], `${url} differs`);
  for (const { ways, name, reason } of mine)
    for (const way of ways)
      assert.ok(
        differences.some((one) => one.way === way && fits(name, one.name)),
        `${url} no longer differs in ${name} (${way}): ${reason}`,
      );
}
