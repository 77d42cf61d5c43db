// The interop walk: real providers, real clients, the built gateway.
//
//   node main.mjs --keycloak FOLDER --folder FOLDER --deck PROGRAM --nginx PROGRAM --postgres JSON
//
// Started before the gateway is built, so that the providers boot meanwhile: it waits for a line "gateway PATH" on
// standard input, and a line "list" before it asks for every case to be printed. When that stream ends, whoever started
// the walk is gone, and it ends too.

import { copyFile, mkdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { administration } from './lab/admin.mjs';
import { certificates as makeCertificates } from './lab/certificates.mjs';
import { leaks, startGateway } from './lab/gateway.mjs';
import { realmFile, startKeycloak } from './lab/keycloak.mjs';
import { stopAll } from './lab/process.mjs';
import { startProvider } from './lab/second-provider.mjs';
import { startUpstream } from './lab/upstream.mjs';
import { fill, trusting } from './lab/wallet.mjs';
import { certificateBinding } from './walk/certificates.mjs';
import { clientAuthentication } from './walk/client-auth.mjs';
import { clients } from './walk/clients.mjs';
import { decisionTable } from './walk/decision-table.mjs';
import { deck } from './walk/deck.mjs';
import { declarative } from './walk/declarative.mjs';
import { introspection } from './walk/introspection.mjs';
import { makeRoutes } from './walk/modes.mjs';
import { nonces } from './walk/nonce.mjs';
import { oauth2c } from './walk/oauth2c.mjs';
import { Report } from './walk/report.mjs';
import { transports } from './walk/request.mjs';
import { rotation } from './walk/rotation.mjs';
import { sessions } from './walk/sessions.mjs';
import { story } from './walk/story.mjs';

const { values: options } = parseArgs({
  options: {
    keycloak: { type: 'string' },
    folder: { type: 'string' },
    deck: { type: 'string' },
    nginx: { type: 'string' },
    postgres: { type: 'string' },
  },
});

/** Nothing takes this long unless it hangs: the walk from the moment at which the gateway is there, however long it was built. */
const PATIENCE = 15 * 60_000;

let ending = false;
let verbose = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => end(1));
const gatewayBinary = awaitGateway();
gatewayBinary.then(() => {
  setTimeout(() => fail(new Error(`not done after ${PATIENCE / 60_000} minutes`)), PATIENCE).unref();
});

try {
  await end((await walk()) ? 0 : 1);
} catch (fault) {
  await fail(fault);
}

async function walk() {
  const { folder } = options;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const certificates = await makeCertificates(join(folder, 'tls'));
  const get = trusting(certificates.ca.pem);
  const assertionKey = await publishKey();
  await mkdir(join(options.keycloak, 'data/import'), { recursive: true });
  await copyFile(realmFile, join(options.keycloak, 'data/import/keybound-realm.json'));
  const booting = await startKeycloak({ dist: options.keycloak, folder, certificates, get, jwksUrl: assertionKey.url });
  const second = {
    jwt: await startProvider({ format: 'jwt', folder }),
    opaque: await startProvider({ format: 'opaque', folder }),
  };
  const upstream = await startUpstream();
  const keycloak = await booting.wait();
  console.log(`providers are ready: ${keycloak.issuer}, ${second.jwt.issuer}, ${second.opaque.issuer}`);

  const binary = await gatewayBinary;
  const gateway = await startGateway({
    binary,
    folder,
    name: 'gateway',
    settings: { lua_ssl_trusted_certificate: certificates.ca.file },
  });
  const report = new Report({ verbose });
  const ways = transports(gateway);
  const admin = administration(gateway.admin);
  const kinds = kindsOf(keycloak.issuer, second);
  const refill = (kind) => fill({ issuer: kind.issuer, clients: kind.clients, certificates });
  for (const kind of kinds) kind.wallet = await refill(kind);

  const all = { report, admin, upstream, ways, kinds, keycloak, certificates, assertionKey, binary, folder };
  await story(all);
  await makeRoutes(all);
  await clients(all);
  for (const kind of kinds) {
    // Tokens live five minutes: each table starts with new ones.
    kind.wallet = await refill(kind);
    await decisionTable({ ...all, kinds: [kind] });
    await nonces({ ...all, kinds: [kind] });
  }
  for (const kind of kinds) kind.wallet = await refill(kind);
  await introspection(all);
  await certificateBinding({ ...all, gateway, nginx: options.nginx });
  kinds[0].wallet = await refill(kinds[0]);
  await sessions(all);
  await clientAuthentication(all);
  await declarative(all);
  await oauth2c(all);
  await deck({ ...all, program: options.deck, databases: databases() });
  const [rotated] = kinds.filter(({ issuer }) => issuer === second.jwt.issuer);
  await rotation({ ...all, kind: rotated, restart: () => second.jwt.restart(), refill: () => refill(rotated) });
  for (const way of ways) way.close();
  await report.section('The end');
  await report.case('the gateway ran through, and SIGTERM ends it with status 0', async (check) => {
    check('still running', !gateway.child.ended, gateway.child.status);
    const status = await gateway.stop();
    check('exit status', status === 0, status);
  });
  await report.case('no line of a gateway\'s log shows a token, a proof or an assertion', async (check) => {
    check('lines with a part of a JWS', leaks.length === 0, leaks);
  });
  return report.finish();
}

/** Where decK's gateways keep their configuration, each with its settings. */
function databases() {
  const postgres = JSON.parse(options.postgres);
  return [
    { name: 'SQLite', settings: { database: 'sqlite' } },
    { name: 'PostgreSQL', settings: { database: 'postgres', ...postgres } },
  ];
}

/** Four kinds of tokens: two providers, each verified by signature and by introspection. */
function kindsOf(keycloak, { jwt, opaque }) {
  const names = (prefix) => ({ bound: `${prefix}dpop`, unbound: `${prefix}service`, certificate: `${prefix}cert` });
  const plain = { bound: 'client-dpop-auth', unbound: 'service', certificate: 'cert-bound' };
  return [
    { name: 'Keycloak, JWT', slug: 'keycloak-jwt', issuer: keycloak, clients: plain, introspected: false },
    { name: 'Keycloak, introspected', slug: 'keycloak-introspected', issuer: keycloak, clients: names('introspect-'), introspected: true },
    { name: 'oidc-provider, at+jwt', slug: 'oidc-jwt', issuer: jwt.issuer, clients: names(''), introspected: false },
    { name: 'oidc-provider, opaque', slug: 'oidc-opaque', issuer: opaque.issuer, clients: names(''), introspected: true },
  ];
}

/**
 * A key for `private_key_jwt`, and where Keycloak finds its public half: beside it the key set at `publish`'s URL, once there is
 * one.
 */
async function publishKey() {
  const { privateKey, publicKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const kid = 'walk-assertion-key';
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', publicKey);
  const own = [{ kty, crv, x, y, kid, use: 'sig', alg: 'ES256' }];
  let others;
  const server = createServer(async (_, response) => {
    const answer = others && (await fetch(others));
    const more = answer?.status === 200 ? (await answer.json()).keys : [];
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [...own, ...more] }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const jwk = async () => {
    const { d } = await crypto.subtle.exportKey('jwk', privateKey);
    return { kty, crv, x, y, d, kid, alg: 'ES256' };
  };
  const publish = (url) => {
    others = url;
  };
  return { privateKey, kid, jwk, publish, url: `http://127.0.0.1:${server.address().port}/jwks` };
}

function awaitGateway() {
  return new Promise((resolve) => {
    const lines = createInterface({ input: process.stdin });
    lines.on('line', (line) => {
      if (line === 'list') verbose = true;
      if (line.startsWith('gateway ')) resolve(line.slice('gateway '.length));
    });
    // Whoever started the walk keeps this stream open as long as it lives.
    lines.on('close', () => end(1));
  });
}

function fail(fault) {
  console.log(`interop: ${fault.stack}`);
  return end(1);
}

async function end(status) {
  if (ending) return;
  ending = true;
  await stopAll();
  process.exit(status);
}
