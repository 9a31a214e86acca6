import { SessionError } from '../errors';
import type { SessionErrorCode } from '../types';

export type Values = Record<string, any>;

/** Put in by the build: whether this is the bundle without client tokens and agents. */
declare const __USER__: boolean;

/** Throws. */
export const refuse: (name: string, message: string, code?: SessionErrorCode) => never = (
  name,
  message,
  code = 'config_invalid',
) => {
  throw new SessionError(code, name + ' ' + message);
};

/** `kind` is what it must be, if that is not a string: types with `@`, and values. `take` has the rest. */
export const check = (name: string, value: any, kind?: string) => {
  const type = '@' + (value === null ? value : Array.isArray(value) ? 'array' : typeof value);
  const word = type == '@boolean' ? '@' + value : value;
  kind ||= '@string';
  for (const one of kind.split('|')) {
    if (one[0] == '!' && (!one[1] || one.slice(1) === word))
      refuse(name, __USER__ ? 'is not in latchkey-user' : 'is not built yet', 'not_supported');
    if ((one == type && (type != '@number' || (value >= 0 && value < 2 ** 31))) || one === word) return;
  }
  refuse(name, 'must be ' + kind.replace(/@|\|!.*/g, ''));
};

/**
 * Reads options once, own members only, and checks each. They are listed by name: `*` where one is required, and after `:` what
 * it must be, if that is not a string. After `!` comes a value whose feature is not there; `!` alone stands for all of them.
 */
export const take = (given: unknown, options: string, at = ''): Values => {
  check(at || 'options', given, '@object');
  const left: Values = { __proto__: null, ...(given as object) };
  const taken: Values = { __proto__: null };
  let missing;
  if (at) at += '.';
  for (const option of options.split(' ')) {
    const [head, kind] = option.split(':');
    const name = head!.replace('*', '');
    const value = left[name];
    delete left[name];
    if (value !== undefined) check(at + name, (taken[name] = value), kind);
    if (name != head && !value) missing ??= name;
  }
  // A name that is wrong says more than the one that it should be.
  for (const name in left) if (left[name] !== undefined) refuse(at + name, 'is no option');
  if (missing) refuse(at + missing, 'is required');
  return taken;
};
