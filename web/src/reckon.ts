/** What covered requests cost, for who listens: the event `request`. */
import type { Plane } from './covered';
import type { Hit } from './match';
import type { Platform } from './platform';
import type { RequestReport } from './types';

/** Begins to count for a request, when the page calls. */
export const createReckon =
  ({ clock, members }: Platform, report: (report: RequestReport) => void) =>
  (its: Pick<RequestReport, 'via' | 'method' | 'as'>, { url }: Pick<Hit, 'url'>, xhr?: XMLHttpRequest) => {
    const begun = clock();
    const it = {
      /** How often it was sent. */
      attempts: xhr ? 1 : 0,
      end(status = 0) {
        const duration = clock() - begun;
        report({ type: 'request', ...its, url: url.split(/[?#]/)[0]!, status, attempts: it.attempts, duration });
      },
      /** Reports what `go` comes to. */
      async watch(go: () => Promise<Response>): Promise<Response> {
        let status;
        try {
          const response = await go();
          ({ status } = response);
          return response;
        } finally {
          it.end(status);
        }
      },
    };
    if (xhr) {
      const { apply, get } = members.Reflect as typeof Reflect;
      const done = () => it.end(get(members.XMLHttpRequest, 'status', xhr));
      apply(members.EventTarget.addEventListener, xhr, ['loadend', done, { __proto__: null, once: true }]);
    }
    return it;
  };

/** Counts for as long as somebody listens. */
export const reckon = (
  platform: Platform,
  plane: Plane,
  tell: (type: string, report: RequestReport) => unknown,
): void => {
  plane.reckon = createReckon(platform, (report) => {
    if (!tell('request', report)) plane.reckon = undefined;
  });
};

export type Reckon = ReturnType<typeof createReckon>;
