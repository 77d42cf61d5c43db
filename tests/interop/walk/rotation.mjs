// A provider that comes back with another signing key under the same key id.

import { refused, forwarded } from './expect.mjs';
import { makeRoute, pluginConfig } from './modes.mjs';
import { proof } from './proof.mjs';

export async function rotation({ report, admin, upstream, ways, kind, restart, refill }) {
  report.section('Keys replaced under one key id: oidc-provider restarted');
  const [way] = ways;
  const path = '/rotation';
  const call = async (token, key) =>
    way.send({ path, fields: [['Authorization', `DPoP ${token}`], ['DPoP', proof({ key, url: way.origin + path, token })]] });

  await report.case('a token of the first key → 200', async (check) => {
    // One refresh for an unfitting key is allowed per rediscovery_lifetime.
    const config = { ...pluginConfig(kind), proof_of_possession_dpop: 'strict', rediscovery_lifetime: 1 };
    await makeRoute(check, { admin, upstream, name: 'rotation', path, config });
    forwarded(check, await call(kind.wallet.first, kind.wallet.key), kind.wallet.first);
  });

  const old = kind.wallet;
  await restart();
  kind.wallet = await refill();
  await report.case('a token of the new key, same key id → 200 after one refresh', async (check) => {
    const { first: token, key } = kind.wallet;
    // The refresh may be a second away when the key set was fetched just now.
    let response = await call(token, key);
    for (const until = Date.now() + 10_000; response.status === 401 && Date.now() < until; ) {
      response = await call(token, key);
    }
    forwarded(check, response, token);
  });
  await report.case('a token of the old key that was never shown → invalid_token', async (check) => {
    refused(check, await call(old.second, old.key), { schemes: ['DPoP'], error: 'invalid_token' });
  });
}
