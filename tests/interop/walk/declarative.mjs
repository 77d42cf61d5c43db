// The same set-up from a declarative file, without a database; and a provider that the gateway has no reason to trust.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { forwarded, refused } from './expect.mjs';
import { unavailable } from './introspection.mjs';
import { proof } from './proof.mjs';
import { transports } from './request.mjs';
import { startGateway } from '../lab/gateway.mjs';

export async function declarative({ report, upstream, kinds, binary, folder, certificates }) {
  report.section('Declarative file, database=off');
  const file = join(folder, 'keybound.yml');
  await writeFile(file, configuration(upstream, kinds));
  const settings = { database: 'off', declarative_config: file };
  const trusting = await startGateway({
    binary,
    folder,
    name: 'declarative',
    settings: { ...settings, lua_ssl_trusted_certificate: certificates.ca.file },
  });
  for (const way of transports(trusting)) {
    for (const kind of kinds) {
      const { key, first: token } = kind.wallet;
      const path = `/${kind.slug}`;
      const fields = () => [['Authorization', `DPoP ${token}`], ['DPoP', proof({ key, url: way.origin + path, token })]];
      await report.case(`${kind.name}; ${way.name}: token and key → 200`, async (check) => {
        // Proofs that may be older than the process are answered with a nonce: the client takes it up.
        let response = await way.send({ path, fields: fields() });
        const nonce = response.header('dpop-nonce');
        if (response.status === 401 && nonce) {
          refused(check, response, { schemes: ['DPoP'], error: 'use_dpop_nonce', nonce: true });
          const again = proof({ key, url: way.origin + path, token, claims: { nonce } });
          response = await way.send({ path, fields: [fields()[0], ['DPoP', again]] });
        }
        forwarded(check, response, token);
      });
      await report.case(`${kind.name}; ${way.name}: the token as a bearer → invalid_token`, async (check) => {
        const response = await way.send({ path, fields: [['Authorization', `Bearer ${token}`]] });
        refused(check, response, { schemes: ['DPoP'], error: 'invalid_token' });
      });
    }
    way.close();
  }
  await stopped(report, trusting, 'SIGTERM ends it with status 0');

  report.section("A provider whose certificate nobody vouches for (no lua_ssl_trusted_certificate)");
  const doubting = await startGateway({ binary, folder, name: 'doubting', settings });
  const [way] = transports(doubting);
  for (const kind of kinds) {
    await report.case(`${kind.name}: 503 with Retry-After, no challenge`, async (check) => {
      const { key, first: token } = kind.wallet;
      const path = `/${kind.slug}`;
      const fields = [['Authorization', `DPoP ${token}`], ['DPoP', proof({ key, url: way.origin + path, token })]];
      unavailable(check, await way.send({ path, fields }));
    });
  }
  way.close();
  await stopped(report, doubting, 'SIGTERM ends it with status 0');
}

async function stopped(report, gateway, name) {
  await report.case(name, async (check) => {
    const status = await gateway.stop();
    check('exit status', status === 0, status);
  });
}

function configuration(upstream, kinds) {
  const services = kinds.map(
    (kind) => `
- name: ${kind.slug}
  url: ${upstream.origin}/anything
  routes:
  - name: ${kind.slug}
    paths: [ /${kind.slug} ]
    plugins:
    - name: openid-connect
      config:
        issuer: ${kind.issuer}
        auth_methods: [ ${kind.introspected ? 'introspection' : 'bearer'} ]
        client_id: [ gateway ]
        client_secret: [ gateway-secret ]
        proof_of_possession_dpop: strict
        display_errors: on`,
  );
  return `_format_version: "3.0"\nservices:${services.join('')}\n`;
}
