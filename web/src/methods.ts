/**
 * The session's methods that are commands of the core, by their names. They come with the runtime, as they can do
 * nothing before it is there.
 */
import { judge, readClaims, type Claim } from './claims';
import type { Plane } from './covered';
import type { Runtime } from './loader';
import type { take as Take } from './options/check';
import type { Config } from './options/session';
import type { Platform } from './platform';
import type { Published } from './published';
import { traceOf } from './trace';
import { forget, keep } from './windows';
import type {
  Claims,
  ClaimValidator,
  CredentialsOptions,
  InvalidClaim,
  LoginForm,
  LoginOptions,
  LogoutOptions,
  SessionState,
  SilentLoginOptions,
  TraceEntry,
} from './types';

/** Put in by the build: whether this is the bundle without client tokens and agents. */
declare const __USER__: boolean;

export interface MethodOptions {
  SessionError: Platform['SessionError'];
  clock: Platform['clock'];
  freeze: Platform['freeze'];
  /** Checks what a page gives. */
  take: typeof Take;
  /** What the session is made of; `again` takes it up anew. */
  config: Config;
  again(change: () => void): Promise<void>;
  plane: Pick<Plane, 'switching' | 'alone' | 'policy'>;
  /** Those of the options. */
  claims: Claim[];
  publish(published: Published): void;
  /** The session's state: a command ends after its state was published. */
  state(): SessionState;
}

export const createMethods = (
  call: Runtime['call'],
  { SessionError, clock, freeze, take, state, claims, config, again, plane, publish }: MethodOptions,
) => {
  /** Calls for what agents do, if there are any. */
  const assist = (command: string, args?: object) => {
    if (__USER__) throw new SessionError('not_supported', 'session.agent is not in latchkey-user');
    if (!config.agent) throw new SessionError('not_supported', 'session.agent needs occ(), with auth.agent not false');
    return call(command, args);
  };
  return {
    async loginWithRedirect(options: LoginOptions = {}) {
      await call('loginWithRedirect', take(options, 'returnTo prompt loginHint params:@object'));
    },
    /** `popup` was opened within the click, if it could be, and is closed by who opened it. */
    async loginWithPopup(options: LoginOptions = {}, popup?: Window | null) {
      if (!popup) throw new SessionError('popup_blocked', 'the browser opened no window; call this in a click');
      const { returnTo, ...args } = take(options, 'returnTo prompt loginHint params:@object');
      const window = keep(popup);
      try {
        await call('loginWithPopup', { ...args, window });
      } finally {
        forget(window);
      }
      return state();
    },
    async loginSilently(options: SilentLoginOptions = {}) {
      await call('loginSilently', take(options, 'loginHint params:@object'));
      return state();
    },
    async loginWithCredentials(username: string, password: string, options: CredentialsOptions = {}) {
      await plane.alone;
      await call(
        'loginWithCredentials',
        take({ ...options, username, password }, 'username* password* params:@object otp:@boolean'),
      );
      return state();
    },
    async logout(options: LogoutOptions = {}, shown?: SessionState) {
      let args = {};
      try {
        args = take(options, 'returnTo revoke:@boolean atServer:@boolean everywhere:@boolean');
      } catch {
        // An event, where the method itself is the listener.
      }
      // It ends what the page showed when it was asked for, and nobody else's.
      await call('logout', { ...args, state: shown });
    },
    async loginWith(operation: string, variables: object = {}): Promise<SessionState> {
      // A cart that is about to begin is to go along.
      await plane.alone;
      await call('loginWith', take({ operation, variables }, 'operation* variables:@object'));
      return state();
    },
    async refresh() {
      await call('refresh');
      return state();
    },
    async getAccessToken(options: { minValidity?: number; resource?: string } = {}): Promise<string> {
      const { token } = await call('accessToken', take(options, 'minValidity:@number resource'));
      // Whoever asks for it uses it.
      const { user } = plane.policy.rules;
      if (user) user.used = true;
      return token;
    },
    async getIdToken(): Promise<string> {
      return (await call('idToken')).token;
    },
    async getUserInfo(): Promise<Claims> {
      return (await call('userInfo')).claims;
    },
    async validateClaims(given?: readonly ClaimValidator[]): Promise<readonly InvalidClaim[]> {
      const wanted = given ? readClaims({ take, SessionError }, 'claims', given, claims) : claims;
      // All are looked at again before one is judged.
      await call('lookAgain', { claims: judge(wanted, state(), clock()).stale });
      return judge(wanted, state(), clock()).invalid;
    },
    /** What an app's own sign-in page posts to the server. */
    async loginForm(): Promise<LoginForm> {
      return call('loginForm');
    },
    async trace(): Promise<readonly TraceEntry[]> {
      return traceOf(await call('trace'), freeze);
    },
    async 'agent.login'(username: string, password: string) {
      await assist('agentLogin', take({ username, password }, 'username* password*'));
    },
    async 'agent.loginWithRedirect'(options: LoginOptions = {}) {
      await assist('agentLoginWithRedirect', take(options, 'returnTo prompt loginHint params:@object'));
    },
    async 'agent.logout'() {
      await assist('agentLogout');
    },
    async 'agent.emulate'(userId: string) {
      await assist('emulate', take({ userId }, 'userId*'));
    },
    async 'agent.stopEmulating'() {
      await assist('stopEmulating');
    },
    switchContext(context: string): Promise<SessionState> {
      // One after the other.
      const before = plane.switching;
      const its = async () => {
        await before;
        if (typeof context != 'string') throw new SessionError('config_invalid', 'context must be a string');
        if (context != config.context) {
          const { isLoggedIn, userId: previousUserId } = state();
          await again(() => {
            // A site that its session is named after goes with it.
            if (config.baseSite == config.context) config.baseSite = context;
            config.context = context;
            config.key = config.key.replace(/[^/]*$/, encodeURIComponent(context));
          });
          const event = { remote: false, reason: 'switched', previousUserId, userId: state().userId } as const;
          publish({
            events: [
              ...(isLoggedIn ? [{ ...event, type: 'logout' } as const] : []),
              ...(state().isLoggedIn ? [{ ...event, type: 'login' } as const] : []),
            ],
          });
        }
        return state();
      };
      const switched = its();
      plane.switching = switched.catch(() => {});
      return switched;
    },
    async redirectAfterLogin(): Promise<string | null> {
      return (await call('recall'))?.path ?? null;
    },
  };
};

export type Methods = ReturnType<typeof createMethods>;
