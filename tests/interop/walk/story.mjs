// Three form posts to the Admin API, a token by a real client, and a request with its key.

import { randomUUID } from 'node:crypto';
import * as client from 'openid-client';
import { forwarded, refused } from './expect.mjs';
import { proof } from './proof.mjs';
import { configuration, trusting } from '../lab/wallet.mjs';

export async function story({ report, admin, upstream, ways, keycloak, certificates }) {
  report.section('The main job: three Admin API calls, then a Keycloak token goes through only with its key');

  await report.case('POST /services by form: 201', async (check) => {
    const { status, body } = await admin.form('/services', [
      ['name', 'openid-connect'],
      ['url', `${upstream.origin}/anything`],
    ]);
    check('status 201', status === 201, { status, body });
    check('the url is taken apart', body.protocol === 'http' && body.host === '127.0.0.1' && body.path === '/anything', body);
  });

  await report.case('POST /services/openid-connect/routes by form: 201', async (check) => {
    const { status, body } = await admin.form('/services/openid-connect/routes', [
      ['name', 'openid-connect'],
      ['paths[]', '/'],
    ]);
    check('status 201', status === 201, { status, body });
    check('paths', JSON.stringify(body.paths) === '["/"]', body);
  });

  await report.case('POST /services/openid-connect/plugins by form: 201', async (check) => {
    const { status, body } = await admin.form('/services/openid-connect/plugins', [
      ['name', 'openid-connect'],
      ['config.issuer', keycloak.issuer],
      ['config.client_id', 'client-dpop-auth'],
      ['config.client_secret', 'client-dpop-auth-secret'],
      ['config.auth_methods', 'bearer'],
      ['config.proof_of_possession_dpop', 'strict'],
      ['config.display_errors', 'true'],
    ]);
    check('status 201', status === 201, { status, body });
    check('auth_methods is a list', JSON.stringify(body.config?.auth_methods) === '["bearer"]', body.config);
    check('mode', body.config?.proof_of_possession_dpop === 'strict', body.config);
  });

  const ca = certificates.ca.pem;
  for (const way of ways) {
    await report.case(`${way.name}: openid-client takes a token for client_credentials and calls with it: 200`, async (check) => {
      const config = await configuration(keycloak.issuer, 'client-dpop-auth', trusting(ca));
      const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair());
      const { access_token: token, token_type: type } = await client.clientCredentialsGrant(config, {}, { DPoP });
      check('Keycloak issued a DPoP token', type === 'dpop', type);
      const url = new URL(`/orders/7?from=${randomUUID()}`, way.origin);
      config[client.customFetch] = way.fetch;
      if (way.origin.startsWith('http:')) client.allowInsecureRequests(config);
      const response = await client.fetchProtectedResource(config, token, url, 'GET', undefined, undefined, { DPoP });
      const seen = await response.json();
      check('status 200', response.status === 200, { status: response.status, seen });
      check('Authorization: Bearer with the token', seen.headers?.authorization === `Bearer ${token}`, 'another value');
      check('no DPoP header at the upstream', seen.headers && !('dpop' in seen.headers), Object.keys(seen.headers ?? {}));
      check('the upstream path', seen.path === '/anything/orders/7', seen.path);
      check('the query is kept', seen.args?.from === url.searchParams.get('from'), seen.args);
    });
  }

  await report.case('john logs in with his password, POSTs with a body: 200, method and body arrive', async (check) => {
    const [way] = ways;
    const config = await configuration(keycloak.issuer, 'client-dpop-auth', trusting(ca));
    const key = await client.randomDPoPKeyPair('ES256', { extractable: true });
    const DPoP = client.getDPoPHandle(config, key);
    const login = { username: 'john', password: 'doe', scope: 'openid' };
    const { access_token: token } = await client.genericGrantRequest(config, 'password', login, { DPoP });
    const fields = [
      ['Authorization', `DPoP ${token}`],
      ['DPoP', proof({ key, method: 'POST', url: `${way.origin}/orders`, token })],
      ['Content-Type', 'application/json'],
    ];
    const response = await way.send({ method: 'POST', path: '/orders', fields, body: '{"item":7}' });
    forwarded(check, response, token);
    check('method and body', response.json().method === 'POST' && response.json().data === '{"item":7}', response.body);
  });

  await report.case('a token of type DPoP that is bound by x5t#S256 only cannot be key-checked: refused', async (check) => {
    const [way] = ways;
    const config = await configuration(keycloak.issuer, 'cert-bound', trusting(ca, certificates.john));
    const key = await client.randomDPoPKeyPair('ES256', { extractable: true });
    const granted = await client.clientCredentialsGrant(config, {}, { DPoP: client.getDPoPHandle(config, key) });
    check('Keycloak calls it DPoP', granted.token_type === 'dpop', granted.token_type);
    const token = granted.access_token;
    const fields = [
      ['Authorization', `DPoP ${token}`],
      ['DPoP', proof({ key, url: `${way.origin}/`, token })],
    ];
    refused(check, await way.send({ path: '/', fields }), { schemes: ['DPoP'], error: 'invalid_token' });
  });
}
