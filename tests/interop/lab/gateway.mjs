// The built `keybound` binary on free ports, in a prefix folder of its own.

import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ready, start, stop } from './process.mjs';

/** Lines that a gateway of this run logged and that show a part of a JWS: a token, a proof, an assertion, a signed answer. */
export const leaks = [];

/** A JSON object in base64url, as long as any part of a JWS; in the middle of a digest it means nothing. */
const SEGMENT = /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{30,}/;

/**
 * Starts `keybound start` and waits for its ready line. `settings` are keys of the settings file, given as
 * `KEYBOUND_*` variables. Answers `{ plain, secure, admin, ca, child, stop }`; the three are origins.
 */
export async function startGateway({ binary, folder, name, settings = {} }) {
  const prefix = join(folder, name);
  await mkdir(prefix, { recursive: true });
  const listening = {};
  const child = start(name, binary, ['start'], {
    env: environment({
      prefix,
      proxy_listen: '127.0.0.1:0 http2, 127.0.0.1:0 http2 ssl',
      admin_listen: '127.0.0.1:0',
      status_listen: 'off',
      log_level: 'debug',
      ...settings,
    }),
    log: join(folder, `${name}.log`),
    onLine: (line) => {
      if (SEGMENT.test(line)) leaks.push(`${name}: ${line}`);
      Object.assign(listening, readyLine(line));
    },
  });
  await ready(child, () => listening.ready, 60);
  return {
    ...listening,
    child,
    // Made at the first start; clients of the run trust this one and nothing else.
    ca: await readFile(join(prefix, 'ssl/kong-default.crt'), 'utf8'),
    stop: () => stop(child),
  };
}

/** The variables of this process without any that would configure a gateway, and with `settings`. */
function environment(settings) {
  const kept = Object.entries(process.env).filter(([name]) => !/^(KEYBOUND|KONG)_/.test(name));
  const given = Object.entries(settings).map(([key, value]) => [`KEYBOUND_${key.toUpperCase()}`, String(value)]);
  return Object.fromEntries([...kept, ...given]);
}

/** Reads one log line: the origins when it is the ready line, nothing otherwise. */
function readyLine(line) {
  if (!line.startsWith('{')) return {};
  const { message, proxy, admin } = JSON.parse(line);
  if (message !== 'ready') return {};
  const [plain, secure] = proxy.split(', ');
  return { ready: true, plain, secure: secure.replace('127.0.0.1', 'localhost'), admin };
}
