// How the gateway authenticates itself at Keycloak's introspection endpoint: certificate, private key, secret, own keys.

import { forwarded } from './expect.mjs';
import { unavailable } from './introspection.mjs';
import { makeRoute, pluginConfig } from './modes.mjs';
import { proof } from './proof.mjs';

/** Keycloak asks for a client's keys again only so long after the last time. */
const KEYS_ARE_READ_AGAIN = 60_000;

export async function clientAuthentication({ report, admin, upstream, ways, kinds, keycloak, certificates, assertionKey }) {
  report.section('The gateway authenticates itself at the introspection endpoint');
  const [way] = ways;
  const { wallet, ...kind } = kinds.find(({ introspected, issuer }) => introspected && issuer === keycloak.issuer);
  const call = (name) => {
    const path = `/${name}`;
    const fields = [
      ['Authorization', `DPoP ${wallet.first}`],
      ['DPoP', proof({ key: wallet.key, url: way.origin + path, token: wallet.first })],
    ];
    return way.send({ path, fields });
  };
  const route = async (check, name, more) => {
    const { client_secret: _, ...plain } = pluginConfig(kind, { proof_of_possession_dpop: 'strict' });
    const config = { ...plain, ...more };
    await makeRoute(check, { admin, upstream, name, path: `/${name}`, config });
  };
  const certificate = async (check, { crt, key }) => {
    const made = await admin.post('/certificates', { cert: crt, key });
    check('certificate 201', made.status === 201, made);
    return made.body.id;
  };
  const refusedByProvider = async (check, name) => {
    const response = await call(name);
    unavailable(check, response);
    check('the code', response.json().code === 'provider_credentials', response.body);
  };
  const byCertificate = (id) => ({ client_id: ['client-tls-auth'], client_auth: ['tls_client_auth'], tls_client_auth_cert_id: id });
  const byKey = (jwk) => ({ client_id: ['kong'], client_auth: ['private_key_jwt'], client_alg: ['ES256'], client_jwk: jwk && [jwk] });

  await report.case('tls_client_auth with the certificate that Keycloak expects → 200', async (check) => {
    await route(check, 'by-certificate', byCertificate(await certificate(check, certificates.john)));
    forwarded(check, await call('by-certificate'), wallet.first);
  });
  await report.case('tls_client_auth with another subject → 503 without challenge', async (check) => {
    await route(check, 'by-other-certificate', byCertificate(await certificate(check, certificates.jane)));
    await refusedByProvider(check, 'by-other-certificate');
  });
  await report.case('private_key_jwt with client_jwk → 200', async (check) => {
    await route(check, 'by-key', byKey(await assertionKey.jwk()));
    forwarded(check, await call('by-key'), wallet.first);
  });
  await report.case('private_key_jwt with a key that Keycloak does not know → 503 without challenge', async (check) => {
    const { privateKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
    const { kty, crv, x, y, d } = await crypto.subtle.exportKey('jwk', privateKey);
    await route(check, 'by-other-key', byKey({ kty, crv, x, y, d, kid: assertionKey.kid }));
    await refusedByProvider(check, 'by-other-key');
  });
  await report.case('client_secret_jwt with HS256 → 200', async (check) => {
    const secret = 'gateway-secret-jwt-0123456789abcdef0123456789abcdef';
    await route(check, 'by-secret-jwt', { client_id: ['gateway-secret-jwt'], client_secret: [secret], client_auth: ['client_secret_jwt'] });
    forwarded(check, await call('by-secret-jwt'), wallet.first);
  });
  await report.case('two clients, chosen by the request; each has an authentication of its own → 200', async (check) => {
    const { client_jwk: keys } = byKey(await assertionKey.jwk());
    const id = await certificate(check, certificates.john);
    await route(check, 'two-clients', {
      client_id: ['client-tls-auth', 'kong'],
      client_auth: ['tls_client_auth', 'private_key_jwt'],
      client_alg: ['ES256'],
      client_jwk: keys,
      tls_client_auth_cert_id: id,
      cache_introspection: false,
    });
    for (const chosen of ['client-tls-auth', 'kong']) {
      const path = `/two-clients?client_id=${chosen}`;
      const fields = [
        ['Authorization', `DPoP ${wallet.first}`],
        ['DPoP', proof({ key: wallet.key, url: `${way.origin}/two-clients`, token: wallet.first })],
      ];
      forwarded(check, await way.send({ path, fields }), wallet.first);
    }
  });

  const until = async (name) => {
    let response = await call(name);
    for (const end = Date.now() + KEYS_ARE_READ_AGAIN; response.status === 503 && Date.now() < end; ) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      response = await call(name);
    }
    return response;
  };
  await report.case('private_key_jwt with keys that the gateway made and publishes → 200', async (check) => {
    assertionKey.publish(new URL('/openid-connect/jwks', admin.origin));
    await route(check, 'by-own-key', { ...byKey(undefined), cache_introspection: false });
    forwarded(check, await until('by-own-key'), wallet.first);
    const { status, headers, body } = await admin.get('/openid-connect/jwks');
    check('published as a key set', status === 200 && headers.get('content-type') === 'application/jwk-set+json', status);
    const secrets = body.keys.flatMap(Object.keys).filter((name) => ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'].includes(name));
    check('public members only', secrets.length === 0, secrets);
    check('a key for each algorithm', body.keys.length === 10, body.keys.map(({ alg }) => alg));
  });
  await report.case('the same after DELETE /openid-connect/jwks: other keys, the old ones still published → 200', async (check) => {
    const kids = async () => (await admin.get('/openid-connect/jwks')).body.keys.map(({ kid }) => kid);
    const before = await kids();
    const { status } = await admin.delete('/openid-connect/jwks');
    check('status 204', status === 204, status);
    const after = await kids();
    check('old and new keys are published', before.every((kid) => after.includes(kid)) && after.length === 20, after.length);
    forwarded(check, await until('by-own-key'), wallet.first);
  });
}
