// What only introspection can know, and what happens when the provider will not tell.

import * as client from 'openid-client';
import { forwarded, refused } from './expect.mjs';
import { makeRoute, pathOf, pluginConfig } from './modes.mjs';
import { proof } from './proof.mjs';

export async function introspection({ report, admin, upstream, ways, kinds, keycloak }) {
  report.section('Introspection');
  const [way] = ways;
  const call = (path, wallet, token) => {
    const fields = [
      ['Authorization', `DPoP ${token}`],
      ['DPoP', proof({ key: wallet.key, url: way.origin + path, token })],
    ];
    return way.send({ path, fields });
  };

  for (const kind of kinds.filter(({ introspected }) => introspected)) {
    const { wallet } = kind;
    await report.case(`${kind.name}: a revoked token is refused, though its signature and exp are good`, async (check) => {
      const DPoP = client.getDPoPHandle(wallet.config, wallet.key);
      const { access_token: token } = await client.clientCredentialsGrant(wallet.config, {}, { DPoP });
      await client.tokenRevocation(wallet.config, token);
      refused(check, await call(pathOf(kind, 'strict'), wallet, token), { schemes: ['DPoP'], error: 'invalid_token' });
    });
    await report.case(`${kind.name}: the gateway's secret is wrong → 503 with Retry-After, no challenge`, async (check) => {
      const name = `${kind.slug}-wrong-secret`;
      const config = { ...pluginConfig(kind), client_secret: ['wrong'], proof_of_possession_dpop: 'strict' };
      await makeRoute(check, { admin, upstream, name, path: `/${name}`, config });
      unavailable(check, await call(`/${name}`, wallet, wallet.first));
    });
    await report.case(`${kind.name}: client_secret_post → 200`, async (check) => {
      const name = `${kind.slug}-post`;
      const config = { ...pluginConfig(kind), client_auth: ['client_secret_post'], proof_of_possession_dpop: 'strict' };
      await makeRoute(check, { admin, upstream, name, path: `/${name}`, config });
      forwarded(check, await call(`/${name}`, wallet, wallet.first), wallet.first);
    });
  }

  await report.case('Keycloak: a good token that is not for the introspecting client is inactive → invalid_token', async (check) => {
    const kind = kinds.find(({ introspected, issuer }) => introspected && issuer === keycloak.issuer);
    const jwt = kinds.find(({ introspected, issuer }) => !introspected && issuer === keycloak.issuer);
    const response = await call(pathOf(kind, 'strict'), jwt.wallet, jwt.wallet.first);
    refused(check, response, { schemes: ['DPoP'], error: 'invalid_token' });
  });
}

/** A fault of the provider's or ours: never a 401, never a challenge. */
export function unavailable(check, response) {
  check('status 503', response.status === 503, `${response.status} ${response.body}`);
  check('Retry-After', response.all('retry-after').length === 1, response.all('retry-after'));
  check('no challenge', response.all('www-authenticate').length === 0, response.all('www-authenticate'));
}
