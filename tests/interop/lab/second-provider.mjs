// Starts and restarts the program in oidc-provider.mjs.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ready, start, stop } from './process.mjs';

const PROGRAM = fileURLToPath(new URL('oidc-provider.mjs', import.meta.url));

/** Answers `{ issuer, restart }`; `format` is `jwt` or `opaque`. A restart keeps the issuer and loses the keys. */
export async function startProvider({ format, folder }) {
  let child;
  let issuer;
  const boot = async (port) => {
    let said;
    child = start(`oidc-provider (${format})`, process.execPath, [PROGRAM, format, String(port), join(folder, 'tls')], {
      log: join(folder, `oidc-provider-${format}.log`),
      onLine: (line) => {
        said ??= /^ready (\S+)/.exec(line)?.[1];
      },
    });
    issuer = await ready(child, () => said, 60);
  };
  await boot(0);
  return {
    issuer,
    restart: async () => {
      await stop(child);
      await boot(new URL(issuer).port);
    },
  };
}
