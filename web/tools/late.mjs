// Has every HTTP/1.1 server that is started in this process answer late, now and then, by up to LATE milliseconds: `node --import`
// it. The demo's server has the same (web/demo/server/late.go). What a test or a page takes for granted of the order of
// things is seen so.
import http from 'node:http';
import https from 'node:https';

const most = Number(process.env.LATE ?? 0);

function lateness() {
  const one = Math.random();
  if (one < 0.6) return 0;
  return Math.random() * (one < 0.93 ? most / 4 : most);
}

/** At once, or later. */
function after(wait, act) {
  if (wait) setTimeout(act, wait);
  else act();
}

for (const { prototype } of most ? [http.Server, https.Server] : []) {
  const { emit } = prototype;
  prototype.emit = function (type, ...given) {
    if (type !== 'request') return emit.call(this, type, ...given);
    const [, response] = given;
    const { end } = response;
    response.end = (...last) => {
      after(lateness(), () => end.apply(response, last));
      return response;
    };
    after(lateness(), () => emit.call(this, type, ...given));
    return true;
  };
}
