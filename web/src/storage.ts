import { apply, Bare, members } from './platform';
import type { StorageLike } from './types';

type Methods = Record<keyof StorageLike, (...args: string[]) => any>;

export const storageMethods = ['getItem', 'setItem', 'removeItem'] as const;

/** One of the browser's own storages; each method throws where the browser refuses it or has none. */
const browserStorage = (area: 'localStorage' | 'sessionStorage'): StorageLike => {
  const storage = {} as Methods;
  for (const name of storageMethods) storage[name] = (...args) => apply(members.Storage[name], globalThis[area], args);
  return storage;
};

const memoryStorage = (): StorageLike => {
  const values: Record<string, string> = new Bare();
  return {
    getItem: (key) => values[key] ?? null,
    setItem: (key, value) => void (values[key] = value),
    removeItem: (key) => void delete values[key],
  };
};

/** Where the record goes, and where what must outlive a redirect does. */
export const storagesFor = (storage: unknown): [record: StorageLike, pending: StorageLike] => {
  if (typeof storage == 'object') return [storage as StorageLike, storage as StorageLike];
  const pending = browserStorage(storage == 'local' ? 'localStorage' : 'sessionStorage');
  return [storage == 'memory' ? memoryStorage() : pending, pending];
};
