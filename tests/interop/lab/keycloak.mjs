// A real Keycloak with the project's realm, over TLS with the run's private authority.

import { join } from 'node:path';
import { freePort, ready, start } from './process.mjs';

const REALM = new URL('../realm/keybound-realm.json', import.meta.url);

/** Boots the unpacked distribution in `dist`. `jwksUrl` is where client `kong` publishes its keys. */
export async function startKeycloak({ dist, folder, certificates, get, jwksUrl }) {
  const [http, https] = [await freePort(), await freePort()];
  const origin = `https://localhost:${https}`;
  const child = start('Keycloak', join(dist, 'bin/kc.sh'), options(http, https, origin, certificates), {
    // Placeholders of the realm file are read from the environment.
    env: { ...process.env, KEYBOUND_LAB_JWKS: jwksUrl, JAVA_OPTS_APPEND: '-Djava.net.preferIPv4Stack=true' },
    log: join(folder, 'keycloak.log'),
  });
  const issuer = `${origin}/realms/keybound`;
  const wait = async () => {
    await ready(child, async () => (await get(`${issuer}/.well-known/openid-configuration`)).status === 200, 300);
    return { issuer, child };
  };
  return { child, issuer, wait };
}

/** The realm is imported at start: Keycloak reads `data/import`, so the distribution is given the file first. */
export const realmFile = REALM;

function options(http, https, origin, { ca, server }) {
  return [
    'start-dev',
    '--import-realm',
    // A database in memory: every start imports the realm anew, and runs leave nothing behind.
    '--db=dev-mem',
    '--http-host=127.0.0.1',
    `--http-port=${http}`,
    `--https-port=${https}`,
    `--hostname=${origin}`,
    `--https-certificate-file=${server.file.crt}`,
    `--https-certificate-key-file=${server.file.key}`,
    '--https-client-auth=request',
    `--https-trust-store-file=${ca.file}`,
    `--truststore-paths=${ca.file}`,
  ];
}
