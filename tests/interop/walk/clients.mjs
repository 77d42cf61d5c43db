// The realm's clients, each with its own way to authenticate, and the algorithms that a proof's key may have.

import * as client from 'openid-client';
import { forwarded } from './expect.mjs';
import { configuration, trusting } from '../lab/wallet.mjs';

export async function clients({ report, ways, kinds, keycloak, certificates, assertionKey }) {
  report.section("The realm's clients, and every algorithm of a proof");
  const [way] = ways;
  const ca = certificates.ca.pem;
  const authentications = {
    service: [trusting(ca)],
    'client-tls-auth': [trusting(ca, certificates.john), client.TlsClientAuth()],
    kong: [trusting(ca), client.PrivateKeyJwt({ key: assertionKey.privateKey, kid: assertionKey.kid })],
  };
  for (const [id, [fetch, authentication]] of Object.entries(authentications)) {
    await report.case(`${id}: a token bound to an ES256 key → 200`, async (check) => {
      const config = await configuration(keycloak.issuer, id, fetch, authentication);
      await called(check, { config, way, key: await client.randomDPoPKeyPair('ES256') });
    });
  }
  for (const algorithm of ['ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512']) {
    await report.case(`Keycloak: a token bound to a key for ${algorithm} → 200`, async (check) => {
      const config = await configuration(keycloak.issuer, 'client-dpop-auth', trusting(ca));
      await called(check, { config, way, key: await client.randomDPoPKeyPair(algorithm) });
    });
  }
  await report.case('Keycloak: a token bound to an Ed25519 key, proofs that say EdDSA → 200', async (check) => {
    const config = await configuration(keycloak.issuer, 'client-dpop-auth', trusting(ca));
    // openid-client writes the name of RFC 9864, Keycloak knows that of RFC 8037 only.
    const options = { [client.modifyAssertion]: (header) => Object.assign(header, { alg: 'EdDSA' }) };
    await called(check, { config, way, key: await client.randomDPoPKeyPair('Ed25519'), options });
  });
  await report.case('oidc-provider: a token bound to an Ed25519 key, proofs that say Ed25519 → 200', async (check) => {
    const { issuer } = kinds.find(({ slug }) => slug === 'oidc-jwt');
    const config = await configuration(issuer, 'dpop', trusting(ca));
    await called(check, { config, way, path: '/oidc-jwt/strict', key: await client.randomDPoPKeyPair('Ed25519') });
  });
}

async function called(check, { config, way, key, path = '/clients', options }) {
  const provider = config[client.customFetch];
  const DPoP = client.getDPoPHandle(config, key, options);
  const { access_token: token, token_type: type } = await client.clientCredentialsGrant(config, {}, { DPoP });
  check('a DPoP token was issued', type === 'dpop', type);
  config[client.customFetch] = way.fetch;
  client.allowInsecureRequests(config);
  try {
    const url = new URL(path, way.origin);
    const response = await client.fetchProtectedResource(config, token, url, 'GET', undefined, undefined, { DPoP });
    const body = await response.text();
    forwarded(check, { status: response.status, body, json: () => JSON.parse(body), all: () => [] }, token);
  } finally {
    config[client.customFetch] = provider;
  }
}
