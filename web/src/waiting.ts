/**
 * A covered request that cannot leave at once, or that was refused. It comes with the second file: whoever gets here has
 * to wait for the core anyway, or for the file beside it.
 */
import { createBreaker } from './breaker';
import { cookieOf } from './cookies';
import { proverOf, type Proof } from './dpop';
import type { Answer, Extra, Sending } from './covered';
import type { Platform } from './platform';
import { failing, short, textOf } from './refusal';
import { keepStream } from './replay';
import type { Policy, Rule } from './policy';

/** Lets go of a body that nobody will read. */
const discard = (body: Request | Answer | undefined): void => {
  body?.body?.cancel().catch(() => {});
};

const isJSON = ({ headers }: Answer) => /json/.test(headers.get('content-type') ?? '');

const userIdHeader = 'sap-commerce-cloud-user-id';

/** Waits for `promise`; resolves with undefined when that takes too long, rejects when the caller gives up. */
export const bounded = <T>(
  { clearTimeout, setTimeout }: typeof globalThis,
  { timeout, signal }: { timeout: number; signal?: AbortSignal | null },
  promise: Promise<T>,
) =>
  new Promise<T | undefined>((resolve, reject) => {
    const end = (value?: T) => {
      clearTimeout(timer);
      signal?.removeEventListener?.('abort', abort);
      resolve(value);
    };
    const abort = () => {
      reject(signal!.reason);
      end();
    };
    const timer = setTimeout(() => end(), timeout);
    if (signal?.aborted) return abort();
    signal?.addEventListener?.('abort', abort);
    void promise.then(end);
  });

/** The version of this file, put in by the build. */
declare const __VERSION__: string;

/** Goes on with `it`, whose `response` is a refusal or not there yet. */
export const proceed = async <Its extends Answer>(platform: Platform, it: Sending<Its>): Promise<Its> => {
  // A first file of another version may mean something else by all of it (GW-08).
  if (platform.version != __VERSION__) return it.response ?? it.call();
  const { plane, by, init, headers, hit, retries } = it;
  let { once } = it;
  /** Which session's credentials a policy has for this request, and of which state. */
  const stampOf = (policy: Policy) => {
    const rule = policy.rules[by(policy)];
    return { session: rule?.session ?? policy.session, version: rule?.version ?? policy.version };
  };
  // Whom it was made as: it runs as nobody else. A client is nobody, and may be somebody before it is sent.
  let session = !it.response && by(it.policy) == 'client' ? '' : stampOf(it.policy).session;
  const { SessionError, clock, newHeaders, members, startsWith } = platform;
  const types_ = platform.types as typeof globalThis;
  const { parse, stringify } = members.JSON as typeof JSON;
  /** Headers that all requests have whose callers set none. */
  const usual = () => (plane.config as { headers?: Record<string, string> }).headers;
  const changed = () => new SessionError('session_changed', 'somebody else has signed in: not sent');

  const wait = async <T>(promise: Promise<T>): Promise<T | undefined> => {
    const { copy } = it;
    it.copy = undefined;
    if (copy) {
      try {
        init.body = await copy.blob();
        const type = newHeaders(copy.headers).get('content-type');
        if (type) headers['content-type'] ??= type;
      } catch {
        // WebKit reads no form that has a file: the form itself goes.
      }
    }
    return bounded(types_, it, promise);
  };
  let kept: Promise<Blob | undefined> | undefined;
  const isStream = (body: any): body is ReadableStream => !!(body as ReadableStream | undefined)?.getReader;
  if (once && hit.replay && isStream(init.body)) {
    try {
      [init.body, kept] = keepStream(init.body, hit.replay, types_);
    } catch {
      // Locked, which the native call has its own words for.
    }
  }
  /** Whether it can be sent again; a stream is waited for. */
  const isRepeatable = async (): Promise<boolean> => {
    const body = kept && (await wait(kept));
    if (body) init.body = body;
    kept = undefined;
    return !(once &&= !body);
  };
  const again = () => {
    if (it.spare) it.target = it.request = it.spare;
  };

  /** Asks the core about a rule, once for all requests that wait for the same answer. It never rejects. */
  const ask = (command: 'authorize' | 'refused', more?: object): Promise<string | undefined> => {
    const facts = { as: by(policy), ...stampOf(policy), ...more };
    const key = command + stringify(facts);
    return (plane.asking[key] ??= (async () => {
      try {
        return (await plane.call(command, facts)).outcome as string;
      } catch {
        // There is no answer, so the request goes as it is.
      } finally {
        delete plane.asking[key];
      }
    })());
  };

  /** The proof that a rule with a key asks for. It never rejects; undefined where the key is gone. */
  const prove = async (rule: Rule): Promise<Proof | undefined> => {
    try {
      const proof = await proverOf(platform, plane).prove(rule, it.method, hit.url);
      // Without its key the session is of no use: that is for the core to say.
      return proof ?? void (await ask('authorize'));
    } catch {
      // Without a proof the request goes as it is.
    }
  };

  /** The newest rule, as the core writes it: that from before the core was there has less in it. */
  const whole = async (rule: Rule): Promise<Rule> => {
    await wait(plane.call('look', {}).catch(() => {}));
    return plane.policy.rules[by(plane.policy)] ?? rule;
  };

  /** Whether the answer refuses the credentials. Its body, where that says so, is looked at in a copy. */
  const refused = async (rule: Rule, response: Answer): Promise<boolean | undefined> => {
    // A visitor's credentials are not refused, but what the page's configuration sends may be.
    const how =
      hit.refused ??
      rule.refused ??
      (rule.tells || (rule.single && usual()) ? { status: [200], codes: [] } : undefined);
    if (!how || !it.refused({ refused: how }, response)) return;
    const { types, codes } = how;
    if (!types && !codes) return true;
    if (codes && !(isJSON(response) && !(+response.headers.get('content-length')! > short))) return;
    try {
      const { errors } = parse((await read(response, codes && failing))!);
      const words = errors.map(({ type, extensions }: any) => (types ? type : extensions?.code));
      if (words.some((word: any) => (types ?? codes)!.includes(word))) return true;
      if (codes && usual()) await complain(rule, words);
    } catch {
      if (it.signal?.aborted) throw it.signal.reason;
      // No body that says so.
    }
  };

  /** Tells the core of errors that it has to hear of: they are about what the configuration sends, and not the page. */
  const complain = async (rule: Rule, words: string[]): Promise<void> => {
    const { tells } = rule.tells ? rule : await whole(rule);
    const code = tells && words.find((word) => tells.codes.includes(word));
    if (!code || headers[tells.param] != usual()?.[tells.param]) return;
    if (new types_.RegExp(`[?&]${tells.param}=`).test(hit.url)) return;
    await wait(plane.call('observed', { as: by(policy), ...stampOf(policy), code }).catch(() => {}));
  };

  /** The body of an answer, from a copy. */
  const read = async (response: Answer, beginning?: RegExp): Promise<string | undefined> => {
    const reader = response.clone().body?.getReader();
    try {
      return await wait(textOf(reader!, types_, beginning));
    } finally {
      // The rest is the caller's. A copy that is not read to its end would keep all of it.
      reader?.cancel().catch(() => {});
    }
  };

  /** Which claims the session lacks, as the answer's body says. */
  const lacking = async (response: Answer): Promise<string[]> => {
    try {
      return parse((await read(response))!).claimValidationErrors.map(({ id }: any) => `${id}`);
    } catch {
      if (it.signal?.aborted) throw it.signal.reason;
      return [];
    }
  };

  /** What of the request's words a pattern fits; `unknown` where it has a body that cannot be looked into. */
  const fits = (pattern: string, unknown?: string): string | undefined => {
    const words =
      init.body == null && (!it.request || /^(GET|HEAD)$/i.test(it.method!)) ? hit.url : (init.body as unknown);
    return typeof words == 'string' ? new types_.RegExp(pattern, 'i').exec(words)?.[0] : unknown;
  };

  /** Tells the core of what an answer brought that the rule wants it to know. The next request needs what comes of it. */
  const observe = async (rule: Rule, response: Answer): Promise<void> => {
    // After a redirect to another origin it is not our server that says something (VE-02).
    if (response.redirected && !startsWith(response.url, hit.origin)) return;
    const facts: Record<string, unknown> = { as: by(policy), ...stampOf(policy) };
    const headers: Record<string, string> = {};
    let tell;
    for (const name of rule.capture ?? []) {
      const value = response.headers.get(name);
      if (value !== null) tell = headers[name] = value;
    }
    // Whoever signs in by requests of their own; the newest policy knows of what to look for.
    const { watch } = plane.policy.rules[by(plane.policy)] ?? rule;
    const watched = watch && fits(watch);
    if (watched && !rule.capture) tell = watched;
    if (goesAlone(rule)) {
      // The browser has the cookie, whatever it is, when it has been given one.
      const { request } = (!rule.capture && (rule.begins ?? (await whole(rule)).begins)) || {};
      if (!rule.capture) plane.met = request && fits(request, 'x');
      else if (tell === undefined && (await isHidden(rule, response))) facts.hidden = tell = plane.met = 'x';
    }
    // What a server that has claims says of them.
    const { status } = response;
    const claims = rule.claims == status ? await lacking(response) : [];
    if (rule.claims) Object.assign(facts, { status, claims });
    if (tell !== undefined || claims[0])
      await plane.call('observed', { ...facts, hidden: !!facts.hidden, headers, watched }).catch(() => {});
  };

  /** Whether the answer is to what gets a visitor a session, and has been read by another origin that saw no token (VE-03). */
  const isHidden = async (rule: Rule, response: Answer): Promise<boolean> => {
    if (response.type != 'cors' || !isJSON(response) || (init.credentials ?? it.request?.credentials) == 'include')
      return false;
    const text = await read(response).catch(() => {});
    if (!text || failing.test(text)) return false;
    const { answer } = rule.begins ?? (await whole(rule)).begins ?? {};
    return !!answer && new types_.RegExp(answer).test(text);
  };

  /** What an unsafe request carries to show that it is the page's own: another value than `stale`, where the core is asked. */
  const csrfOf = async ({ csrf }: Rule, stale?: string): Promise<string | undefined> => {
    if (!csrf || /^(GET|HEAD|OPTIONS|TRACE)$/i.test(it.method ?? 'GET') || csrf.header in headers) return;
    if (csrf.value) return csrf.value;
    if (csrf.cookie && !csrf.endpoint) return cookieOf(types_, csrf.cookie);
    // The core asks the server once for all.
    const answer = await wait(plane.call('csrf', { as: by(policy), stale }).catch(() => {}));
    return answer?.value;
  };
  /** What goes along beside the rule's own headers. */
  const extras = (rule: Rule, csrf: string | undefined, proof: Proof | undefined): Extra | undefined => {
    if (!csrf && !proof) return;
    // A redirect would take these along, to whatever origin; `authorization` the browser takes off (UM-24).
    const { redirect = 'follow' } = it.request ?? {};
    init.redirect ??= redirect == 'follow' ? 'error' : redirect;
    return { headers: { ...proof?.headers, ...(csrf && { [rule.csrf!.header]: csrf }) } };
  };

  /** Whether a visitor's request may bring a session, and so has to go alone. */
  const goesAlone = (rule: Rule | undefined) => rule?.single && !plane.met && fits(rule.single, 'x');

  /**
   * The id that goes along where the page asked for that (S86): of somebody in particular, or none. The user's goes
   * with nothing of the client's, which the server may let act for anybody.
   */
  const setUserId = () => {
    const id = it.userId != 'true' ? it.userId : by(policy) != 'client' && plane.state().userId;
    delete headers[userIdHeader];
    if (id && plane.config.scheme == 'occ' && /^(?!(anonymous|current|guest)$)[!-~]+$/.test(id))
      headers[userIdHeader] = id;
  };

  let { response, policy } = it;
  /** Where it goes, of one session: what is refused to somebody may be granted to the next. */
  const endpointOf = () => `${stampOf(policy).session} ${it.method ?? 'GET'} ${hit.url.split(/[?#]/)[0]}`;
  const breaker = (plane.breaker ??= createBreaker(types_, clock));
  /** What was sent after something was renewed for it. */
  let renewed = false;
  /** What comes of an answer that others wait for. */
  let learned: Promise<void> | undefined;
  /** Whoever has waited too long for another's answer goes without. */
  let late: boolean | undefined;
  // As the page wrote it, where nobody says in time what it should carry.
  if ((it.held || it.ahead) && !(await wait(Promise.all([it.held, it.ahead])))) return it.call();

  for (let left = retries, nonced = 0, staled = 0; ; left--) {
    let rule: Rule | undefined;
    let proof: Proof | undefined;
    let csrf: string | undefined;
    if (response) rule = policy.rules[by(policy)];
    else {
      policy = plane.policy;
      rule = policy.rules[by(policy)];
      if (rule && (rule.hold || rule.validUntil! <= clock())) {
        const outcome = await wait(ask('authorize'));
        if (outcome == 'changed') throw changed();
        policy = plane.policy;
        rule = outcome ? policy.rules[by(policy)] : undefined;
      }
      if (rule && session && session != stampOf(policy).session) throw changed();
      if (rule?.dpop) {
        proof = await wait(prove(rule));
        // It took its time: what holds now is looked at again.
        if (policy != plane.policy) {
          left++;
          continue;
        }
        if (!proof) rule = undefined;
      }
      if (rule?.csrf) {
        csrf = await csrfOf(rule);
        if (policy != plane.policy) {
          left++;
          continue;
        }
      }
      if (plane.alone && !late && goesAlone(rule)) {
        // Those behind it may have nothing to wait for.
        it.leave?.();
        late = !(await wait(plane.alone));
        left++;
        continue;
      }
      if (it.userId) setUserId();
      if (rule) rule.used = true;
      it.keep?.(!!rule && (left > 0 || !!proof || !!csrf));
      const answer = it.call(rule, rule && extras(rule, csrf, proof));
      if (goesAlone(rule)) {
        learned = answer.then((its) => observe(rule!, its));
        // It is not for its caller to end, and not for a server that does not answer to hold up all others.
        const mine = (plane.alone = bounded(
          types_,
          { timeout: it.timeout },
          learned.catch(() => {}),
        ).then(() => {
          if (plane.alone == mine) plane.alone = undefined;
          return true;
        }));
      }
      if (rule) ({ session } = stampOf(policy));
      it.leave?.();
      response = await answer;
    }

    if (rule && (rule.capture || rule.watch || rule.single || rule.claims))
      await wait(learned ?? observe(rule, response));
    learned = undefined;
    if (proof?.learn(response)) {
      // A nonce is no refusal: it is asked for once more, by no account of the retries.
      if (!nonced++ && (await isRepeatable())) {
        left++;
        again();
        discard(response);
        response = undefined;
        continue;
      }
    } else if (csrf && response.status == rule!.csrf!.stale && !staled++ && (await isRepeatable())) {
      // The server has another one by now: what it did not take was not done (CK-03).
      const fresh = await csrfOf(rule!, csrf);
      if (fresh && fresh != csrf) {
        left++;
        again();
        discard(response);
        response = undefined;
        continue;
      }
    } else if (rule && (await refused(rule, response))) {
      const facts = { status: response.status, challenge: response.headers.get('www-authenticate') ?? undefined };
      const sentBy = stringify([by(policy), stampOf(policy)]);
      // What others have renewed since costs nothing.
      const rests =
        !renewed && sentBy == stringify([by(plane.policy), stampOf(plane.policy)]) && breaker.rests(endpointOf());
      if (renewed) breaker.trip(endpointOf(), sentBy);
      if (left > 0 && !rests && (await isRepeatable())) {
        again();
        const outcome = await wait(ask('refused', facts));
        if (outcome == 'retry' || outcome == 'changed') discard(response);
        if (outcome == 'changed') throw changed();
        if (outcome == 'good') breaker.trip(endpointOf(), sentBy);
        if (outcome == 'retry') {
          response = undefined;
          renewed = true;
          continue;
        }
      } else if (left == retries && !rests) {
        void ask('refused', facts);
      } else if (rule!.claims && renewed) {
        void plane.call('observed', { as: by(policy), ...stampOf(policy), tries: retries }).catch(() => {});
      }
    } else if (rule) breaker.mend(endpointOf());
    discard(it.spare);
    return response;
  }
};
