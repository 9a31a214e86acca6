// Without the Angular CLI: its compiler runs in the page, and decorators are called as the functions they are. By zone.js, as
// most Angular apps still are: what matters is that a request is one task there.
import '@angular/compiler';
import {
  HttpClient,
  HttpErrorResponse,
  HttpEventType,
  HttpResponse,
  provideHttpClient,
  withFetch,
  withInterceptors,
} from '@angular/common/http';
import { ApplicationRef, Component, NgZone, provideZoneChangeDetection } from '@angular/core';
import { bootstrapApplication } from '@angular/platform-browser';
import { first, tap } from 'rxjs';

export const create = async (by) => {
  const counts = { requests: 0, answers: 0 };
  const count = (request, next) => {
    counts.requests++;
    const answered = () => counts.answers++;
    return next(request).pipe(tap({ next: (event) => event instanceof HttpResponse && answered(), error: answered }));
  };
  const App = Component({ selector: 'app-root', template: '' })(class {});
  const { injector } = await bootstrapApplication(App, {
    providers: [
      provideZoneChangeDetection(),
      provideHttpClient(...(by == 'fetch' ? [withFetch()] : []), withInterceptors([count])),
    ],
  });
  const http = injector.get(HttpClient);
  const zone = injector.get(NgZone);
  const app = injector.get(ApplicationRef);
  return {
    counts,
    send: ({ url, method, data, headers, timeout, signal, onUpload, onDownload }) =>
      new Promise((resolve, reject) => {
        // As a component's handler does it, inside the zone.
        zone.run(() => {
          const reports = {
            [HttpEventType.UploadProgress]: onUpload,
            [HttpEventType.DownloadProgress]: onDownload,
          };
          const asked = http
            .request(method, url, {
              body: data,
              headers,
              timeout,
              observe: 'events',
              reportProgress: !!(onUpload ?? onDownload),
              responseType: onDownload ? 'text' : 'json',
            })
            .subscribe({
              next(event) {
                reports[event.type]?.(event.loaded, event.total);
                if (event.type == HttpEventType.Response)
                  resolve({ status: event.status, data: event.body, own: event instanceof HttpResponse });
              },
              error: reject,
            });
          signal?.addEventListener('abort', () => {
            asked.unsubscribe();
            reject('unsubscribed');
          });
        });
      }),
    outcome: (error) =>
      error instanceof HttpErrorResponse
        ? `${error.name} ${error.status || error.error.name || error.error.type}`
        : error,
    /** Whether it waits for anything, by all that it says. */
    isBusy: () => zone.hasPendingMacrotasks || zone.hasPendingMicrotasks,
    stable: async () => {
      await app.whenStable();
      return app.isStable.pipe(first()).toPromise();
    },
  };
};
