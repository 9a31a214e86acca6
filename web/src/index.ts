export { createSession } from './session';
export { cookies, occ, oauth, oidc, vendure } from './schemes';
export { isSessionError, SessionError } from './errors';
export type * from './types';
