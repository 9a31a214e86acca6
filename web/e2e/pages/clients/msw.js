// MSW's interceptors, with nothing mocked: they note each request and let it through.
import { FetchInterceptor } from '@mswjs/interceptors/fetch';
import { XMLHttpRequestInterceptor } from '@mswjs/interceptors/XMLHttpRequest';

export const wrap = () => {
  const notes = [];
  const all = [
    ['fetch', new FetchInterceptor()],
    ['xhr', new XMLHttpRequestInterceptor()],
  ];
  for (const [by, interceptor] of all) {
    interceptor.apply();
    interceptor.on('response', ({ request, response }) =>
      notes.push({ by, url: request.url, status: response.status }),
    );
  }
  return { notes, unwrap: () => all.forEach(([, interceptor]) => interceptor.dispose()) };
};
