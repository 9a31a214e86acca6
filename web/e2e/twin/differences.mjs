// Where a wrapped request is not the native one: by program and variant, why. Each of them has to be there when the programs
// run, or it is to be taken out here, but for what is so by chance. Firefox and WebKit have some of their own.

const carried = (reason) => ({ live: reason, refused: reason });
const covered = (reason) => ({ nobody: reason, ...carried(reason) });
const always = (reason) => ({ uncovered: reason, ...covered(reason) });

const reading =
  'the headers of a request that is not covered are looked at for a marker, which must not leave the browser';
const order = "members of an init are read once each, in the init's own order, the unknown ones too";
const streamed = 'what cannot be sent twice is sent once, and its refusal is the caller’s';
const told = 'of an upload that was refused the page has heard already, and hears no more';
const later = 'an answer is looked at before it is handed over, which takes a microtask';

/** What is meant to be different, where `engines` says nothing else. */
const differences = {
  'UM-21 members in the order in which they are read': { uncovered: reading, ...covered(order) },
  'UM-21 headers that are read as often as natively': { uncovered: reading },
  'FF-41 an init that is a proxy': { uncovered: reading },
  'FF-26 members that no browser knows': covered(order),
  'FF-26 members that Object.prototype has': covered('what a script put on Object.prototype is no member of a request'),
  'FF-10 a number, true and an object': { refused: 'only what is known to stay the same is sent again' },
  'FF-10 an object with a toString': { refused: 'only what is known to stay the same is sent again' },
  'FF-12 a stream of bytes': { refused: streamed },
  'FF-12 an empty stream': { refused: streamed },
  'FF-12 a stream is used once the call was made': { refused: streamed },
  'FF-14 a stream that fails': { refused: 'it fails in the first attempt, which is left out here' },
  'FF-14 a stream of what are no bytes': { refused: 'it fails in the first attempt, which is left out here' },
  'FF-27 how names are written': covered(
    'names are sent in lower case, in which they mean the same (RFC 9110, section 5.1)',
  ),
  'FF-24 integrity': { refused: 'the browser hides an answer that is not as expected, a refusal too' },
  'FF-34 another origin that allows nothing': carried('with a token the browser asks for leave first (FF-55)'),
  'FF-48 a refusal that asks for a password': {
    live: 'a 401 is a refusal, whatever it asks for: it is sent once more',
  },
  'FF-06 an abort and its listeners, in their order': carried(later),
  'FF-42 wrong arguments and microtasks': carried(later),
  'FF-02 never thrown, always rejected': carried(later),
  'FF-41 an init that is a proxy of nothing': covered('what a proxy does not list is not sent'),
  'FF-36 fetch as text': always('a wrapper says what it is'),
  'FF-49 FF-50 refusals that are not of the token': {
    refused: 'an endpoint that refuses what was renewed for it is left in peace for a while (RR-31)',
  },
  'XH-03 synchronously': { refused: 'whoever waits for it cannot wait for a new token' },
  'XH-05 another origin that allows nothing': carried('with a token the browser asks for leave first (FF-55)'),
  'XH-05 FF-20 redirects': { refused: told },
  'XH-08 within load of the upload': { refused: 'it is given up in the first attempt, which is left out here' },
  'XH-12 how names are written': {
    refused: 'names are sent again in lower case, in which they mean the same (RFC 9110, section 5.1)',
  },
  'XH-12 what is no header': always('a symbol is refused in the words of the language'),
  'XH-14 what becomes a string': { refused: 'only what is known to stay the same is sent again' },
  'XH-14 a stream is a string here': { refused: 'only what is known to stay the same is sent again' },
  'XH-15 no more leave is asked for than natively': carried('with a token the browser asks for leave first (FF-55)'),
  'XH-18 of a frame': { refused: 'the class of a frame is its own, and shows a refusal' },
};

const none = {};
const cached = { refused: 'a refusal takes from the cache what was there; the next request asks for all of it' };
const reasoned = 'who waits for a token is told the reason, as the standard has it; natively it is an AbortError then';
const text = { refused: 'a stream is sent as text here, and what becomes text is not sent again' };

/** What is different in an engine, in place of what is said of the same program above: its own limits, natively seen too. */
const engines = {
  firefox: {
    'FF-12 a stream over HTTP/1.1': text,
    'FF-13 a stream without duplex': text,
    'FF-13 duplex in full': text,
    'FF-13 a locked stream': text,
    'FF-13 a disturbed stream': text,
    'FF-13 a stream with keepalive': text,
    'FF-23 cache modes': cached,
    'FF-23 what the cache has to ask for again': cached,
    'XH-12 FF-23 what the cache has to ask for again': cached,
    'FF-23 to another origin': cached,
    "FF-28 UM-29 the caller's own Authorization, in every form": covered(
      'of two values natively the last is sent, and both as the standard has it, in one',
    ),
    'XH-05 the connection breaks': { refused: told },
    // Of an upload that is redirected nothing more is told natively.
    'XH-05 FF-20 redirects': none,
    'XH-08 after open': {
      refused:
        'what is sent after abort() is shown as done only, and no more headers are seen by which it is a refusal',
    },
    'XH-09 a time-out': { refused: 'natively an address is shown where there was no answer' },
    // In the same words.
    'XH-12 what is no header': none,
    'XH-14 what cannot be sent': always('the words are those of the code that has called'),
  },
  webkit: {
    // No stream is sent.
    'FF-12 a stream of bytes': none,
    'FF-12 an empty stream': none,
    'FF-12 a stream is used once the call was made': none,
    'FF-14 a stream that fails': none,
    'FF-14 a stream of what are no bytes': none,
    'FF-09 a Request of a stream': carried('a copy is made of what is refused then, which locks the first'),
    'FF-04 given up while it is not known yet with which token': { refused: reasoned },
    // Where the time is over while a token is waited for.
    'FF-06 AbortSignal.timeout': { refused: { byChance: reasoned } },
    'FF-06 AbortSignal.timeout while the body comes': { refused: { byChance: reasoned } },
    'FF-06 an abort and its listeners, in their order': none,
    'FF-10 a shared or resizable buffer': { refused: 'natively it is text; it is sent again without the type of one' },
    // Of an upload that is redirected nothing is told but progress.
    'XH-05 FF-20 redirects': none,
    'XH-12 FF-23 what the cache has to ask for again': cached,
    // In the same words.
    'XH-12 what is no header': none,
  },
};

/** What has natively no end in an engine, and is not run there. */
const endless = {
  firefox: {
    'FF-14 a stream that never ends is left when the caller gives up': 'a stream is sent as text',
    'XH-08 while the server thinks': 'the end of an upload is told when the answer begins',
    'XH-08 within load of the upload': 'the end of an upload is told when the answer begins',
  },
  webkit: {
    'FF-14 a stream that never ends is left when the caller gives up': 'no stream is sent',
    'XH-09 a time-out that is set before open, or after send': 'a time-out that is set after send is none',
    'XH-09 a time-out while the body comes': 'a time-out that is set after send is none',
    'XH-16 opened again within error': 'what is sent within error has no end',
  },
};

/** What is to be mended. */
const bugs = {};

/** What is known of an engine: of a program, why it differs in which variants; what is not run, and why; what is to be mended. */
export const knownOf = (engine) => ({
  differences: { ...differences, ...engines[engine], ...bugs },
  endless: endless[engine] ?? {},
  bugs,
});
