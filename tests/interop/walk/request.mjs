// Requests as exact field lines, over HTTP/1.1 and HTTP/2, both plain and in TLS.

import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import { once } from 'node:events';
import { Agent, fetch } from 'undici';

/**
 * The ways to a gateway. Each has a `name`, an `origin` as clients see it, `send` for exact field lines, a `fetch` that
 * libraries can be given, and `close`. `pair` is the certificate that is shown over TLS, if any.
 */
export function transports({ plain, secure, ca, pair }) {
  return [
    overHttp1('http, HTTP/1.1', plain, http),
    overHttp2('http, HTTP/2', plain),
    overHttp1('https, HTTP/1.1', secure, https, ca, pair),
    overHttp2('https, HTTP/2', secure, ca, pair),
  ];
}

function overHttp1(name, origin, protocol, ca, pair) {
  const agent = new protocol.Agent({ keepAlive: true, ca, cert: pair?.crt, key: pair?.key });
  const send = async ({ method = 'GET', path, fields = [], body = '' }) => {
    const url = new URL(path, origin);
    // A flat list keeps repeated fields apart and adds none.
    const headers = ['Host', url.host, ...fields.flat()];
    if (body) headers.push('Content-Length', String(Buffer.byteLength(body)));
    const request = protocol.request(url, { method, agent, headers });
    request.end(body);
    const [response] = await once(request, 'response');
    const lines = [];
    for (let at = 0; at < response.rawHeaders.length; at += 2) {
      lines.push([response.rawHeaders[at].toLowerCase(), response.rawHeaders[at + 1]]);
    }
    return answer(response.statusCode, lines, await text(response), response.httpVersion);
  };
  return { name, origin, send, fetch: fetchBy({ allowH2: false, connect: { ca } }), close: () => agent.destroy() };
}

function overHttp2(name, origin, ca, pair) {
  let session;
  const connected = async () => {
    if (!session || session.closed || session.destroyed) {
      session = http2.connect(origin, { ca, cert: pair?.crt, key: pair?.key });
      await once(session, 'connect');
    }
    return session;
  };
  const send = async ({ method = 'GET', path, fields = [], body = '' }) => {
    const headers = { ':method': method, ':path': path };
    for (const [name, value] of fields) {
      const lower = name.toLowerCase();
      headers[lower] = lower in headers ? [headers[lower], value].flat() : value;
    }
    const stream = (await connected()).request(headers, { endStream: !body });
    if (body) stream.end(body);
    const [received] = await once(stream, 'response');
    const lines = Object.entries(received).flatMap(([name, value]) => [value].flat().map((one) => [name, String(one)]));
    return answer(received[':status'], lines, await text(stream), '2.0');
  };
  return { name, origin, send, fetch: fetchBy({ allowH2: true, useH2c: !ca, connect: { ca } }), close: () => session?.destroy() };
}

function fetchBy(options) {
  const dispatcher = new Agent(options);
  return (url, request) => fetch(url, { ...request, dispatcher });
}

function answer(status, lines, body, version) {
  const all = (name) => lines.filter(([of]) => of === name).map(([, value]) => value);
  return {
    status,
    version,
    body,
    all,
    header: (name) => all(name)[0],
    json: () => JSON.parse(body),
  };
}

async function text(stream) {
  let whole = '';
  stream.setEncoding('utf8');
  for await (const chunk of stream) whole += chunk;
  return whole;
}
