/**
 * The second file, which comes with latchkey.wasm: nobody needs it before that is there. It imports nothing of the
 * first, which gives it what it uses.
 */
import { optionsClaims } from './claims';
import { proverOf } from './dpop';
import type { Plane } from './covered';
import { createKit } from './kit';
import { load, type RuntimeOptions } from './loader';
import { createMethods, type MethodOptions } from './methods';
import type { Platform } from './platform';

export { checkPath, renewed } from './guard';
export { exchange } from './exchange';
export { reckon } from './reckon';
export { proceed } from './waiting';

/** The version of this file, put in by the build. */
declare const __VERSION__: string;

/** The session as the second file sees it, whole. */
export type Whole = Plane &
  Omit<RuntimeOptions, 'program' | 'late' | 'prover' | 'used'> &
  Omit<MethodOptions, 'SessionError' | 'clock' | 'freeze' | 'claims' | 'plane'>;

/** `program` is the answer to the request for latchkey.wasm, and `late` aborts when all this takes too long. */
export const startRuntime = async (platform: Platform, plane: Whole, program: Promise<Response>, late: AbortSignal) => {
  const { version, clock, freeze, SessionError } = platform;
  if (version != __VERSION__)
    throw new SessionError('runtime_failed', `the script of the runtime is version ${__VERSION__}, not ${version}`);
  const { config } = plane;
  const claims = optionsClaims({ take: plane.take, SessionError }, config);
  // OA-17: for servers that want one all the same.
  if (config.clientSecret && config.scheme != 'occ')
    console.warn('latchkey: auth.clientSecret is no secret in a browser');
  const { call, close } = await load(createKit(platform), {
    ...plane,
    program,
    late,
    prover: () => proverOf(platform, plane),
    used: () => !!(plane.policy.rules.user?.used || plane.policy.rules.agent?.used),
    publish(published) {
      // A channel that the server does not know is asked for no more.
      for (const { error } of published.events ?? [])
        if (error?.oauth?.error == 'CHANNEL_NOT_FOUND') config.headers = config.channelToken = undefined;
      const { rules } = plane.policy;
      plane.publish(published);
      // What was used stays so until it is renewed.
      for (const as of ['user', 'agent']) {
        const [was, is] = [rules[as], plane.policy.rules[as]];
        if (is && was?.used && was.headers?.authorization == is.headers?.authorization) is.used = true;
      }
    },
  });
  // A page that comes back from the back/forward cache has heard nothing meanwhile: it looks before it sends or shows.
  const { AbortController, addEventListener } = platform.types;
  const listening = new AbortController();
  const { signal } = listening;
  const returned = () => {
    plane.left = false;
    plane.back();
    const looked = call('look')
      .catch(() => {})
      .then(() => {
        if (plane.held == looked) plane.held = undefined;
        return true;
      });
    plane.held = looked;
  };
  addEventListener('pagehide', () => void (plane.left = true), { signal });
  // It is visible before it hears `pageshow`, for which listeners of the page's may be called before ours.
  addEventListener(
    'visibilitychange',
    () => {
      if (plane.left && globalThis.document.visibilityState == 'visible') returned();
    },
    { signal, capture: true },
  );
  addEventListener(
    'pageshow',
    ({ persisted }: PageTransitionEvent) => {
      plane.left = false;
      if (persisted) returned();
    },
    { signal, capture: true },
  );
  return {
    call,
    close() {
      listening.abort();
      close();
    },
    methods: createMethods(call, { ...plane, plane, SessionError, clock, freeze, claims }),
  };
};

type Started = Awaited<ReturnType<typeof startRuntime>>;
export type { Started as Runtime };
