// An upstream that knows only bearer tokens: it answers every request with what it received, like httpbin's /anything.

import { createServer } from 'node:http';
import { once } from 'node:events';

/** Answers `{ origin, seen }`; `seen` counts requests, so that a refusal can be shown to have reached nobody. */
export async function startUpstream() {
  const upstream = { origin: '', seen: 0, close: () => server.close() };
  const server = createServer(async (request, response) => {
    upstream.seen += 1;
    let body = '';
    for await (const chunk of request) body += chunk;
    const url = new URL(request.url, upstream.origin);
    const answer = {
      method: request.method,
      url: url.href,
      path: url.pathname,
      args: Object.fromEntries(url.searchParams),
      headers: request.headers,
      // Field lines as received, so that repeated ones are not folded into one.
      fields: pairs(request.rawHeaders),
      data: body,
    };
    response.setHeader('content-type', 'application/json');
    // An upstream that has heard of nonces: the gateway's must win.
    if (url.searchParams.has('nonce')) response.setHeader('dpop-nonce', 'from-the-upstream');
    response.end(JSON.stringify(answer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  upstream.origin = `http://127.0.0.1:${server.address().port}`;
  return upstream;
}

function pairs(raw) {
  const fields = [];
  for (let at = 0; at < raw.length; at += 2) fields.push([raw[at].toLowerCase(), raw[at + 1]]);
  return fields;
}
