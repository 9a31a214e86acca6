// Its DefaultOAuthInterceptor in Angular's HttpClient, over fetch and over XMLHttpRequest, without zone.js. What it costs by
// itself is told by a HttpClient without one.
import '@angular/compiler';
import { HttpClient, provideHttpClient, withFetch, withInterceptorsFromDi } from '@angular/common/http';
import { createEnvironmentInjector, provideZonelessChangeDetection } from '@angular/core';
import { createApplication } from '@angular/platform-browser';
import { OAuthStorage, provideOAuthClient } from 'angular-oauth2-oidc';
import { firstValueFrom } from 'rxjs';

export const open = () => {
  const clients = {};
  const starting = createApplication({ providers: [provideZonelessChangeDetection()] }).then(({ injector }) => {
    const create = (...providers) => createEnvironmentInjector(providers, injector).get(HttpClient);
    const oauth = [
      provideOAuthClient({ resourceServer: { allowedUrls: [`${location.origin}/api/`], sendAccessToken: true } }),
      { provide: OAuthStorage, useValue: localStorage },
    ];
    clients.fetch = create(provideHttpClient(withFetch(), withInterceptorsFromDi()), ...oauth);
    clients.xhr = create(provideHttpClient(withInterceptorsFromDi()), ...oauth);
    clients.bareFetch = create(provideHttpClient(withFetch()));
    clients.bareXHR = create(provideHttpClient());
  });
  const by = (name) => async (url, init) => {
    const { method = 'GET', headers, body } = init ?? {};
    const data = await firstValueFrom(clients[name].request(method, url, { headers, body }));
    return { json: () => data };
  };
  return {
    ready: () => starting,
    fetch: by('fetch'),
    xhr: by('xhr'),
    without: { fetch: by('bareFetch'), xhr: by('bareXHR') },
    signIn: async () => localStorage.setItem('access_token', 'x'.repeat(87)),
  };
};
