/** What covered requests cost, for who listens: the event `request`. */
import type { Hit } from './match';
import type { Platform } from './platform';
import type { RequestReport } from './types';

/** Begins to count for a request, when the page calls. */
export const createReckon =
  ({ clock }: Platform, report: (report: RequestReport) => void) =>
  (its: Pick<RequestReport, 'via' | 'method' | 'as'>, { url }: Pick<Hit, 'url'>) => {
    const begun = clock();
    const it = {
      /** How often it was sent. */
      attempts: 0,
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
    return it;
  };

export type Reckon = ReturnType<typeof createReckon>;
