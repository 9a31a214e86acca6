import type { SessionErrorCode, SessionErrorLike } from './types';

type Details = Partial<Pick<SessionErrorLike, 'cause' | 'oauth' | 'retryAfter' | 'challenge'>>;

/** Every error of this library. `code` is what to branch on. */
export class SessionError extends Error implements SessionErrorLike {
  declare readonly code: SessionErrorCode;
  declare readonly oauth?: SessionErrorLike['oauth'];
  declare readonly retryAfter?: number;
  declare readonly challenge?: SessionErrorLike['challenge'];

  constructor(code: SessionErrorCode, message: string, details?: Details) {
    super(message);
    Object.assign(this, { name: 'SessionError', code }, details);
  }
}

/** Whether `error` is a `SessionError`, also one of another frame or another copy of this library. */
export const isSessionError = (error: unknown): error is SessionError =>
  (error as Error | undefined)?.name == 'SessionError' && typeof (error as SessionError).code == 'string';
