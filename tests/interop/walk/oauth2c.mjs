// oauth2c as the client that takes the token, where it is on PATH or named by OAUTH2C.

import { execFile } from 'node:child_process';
import { KeyObject } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as client from 'openid-client';
import { forwarded, refused } from './expect.mjs';
import { proof } from './proof.mjs';

const run = promisify(execFile);

export async function oauth2c({ report, ways, keycloak, folder, certificates }) {
  report.section('oauth2c');
  const program = process.env.OAUTH2C ?? 'oauth2c';
  const found = await run(program, ['version']).then(
    () => true,
    (fault) => fault.code !== 'ENOENT' && fault.code !== 'EACCES',
  );
  if (!found) {
    if (process.env.OAUTH2C) throw new Error(`OAUTH2C names ${program}, which does not run`);
    report.skip('oauth2c', 'it is not on PATH and OAUTH2C does not name it; openid-client takes the tokens of this run');
    return;
  }
  const key = await client.randomDPoPKeyPair('ES256', { extractable: true });
  const file = join(folder, 'oauth2c.jwks.json');
  const jwk = KeyObject.from(key.privateKey).export({ format: 'jwk' });
  await writeFile(file, JSON.stringify({ keys: [{ ...jwk, use: 'sig', alg: 'ES256', kid: 'walk' }] }), { mode: 0o600 });
  const { stdout } = await run(program, [
    `${keycloak.issuer}/.well-known/openid-configuration`,
    '--client-id', 'client-dpop-auth',
    '--client-secret', 'client-dpop-auth-secret',
    '--grant-type', 'client_credentials',
    '--auth-method', 'client_secret_basic',
    '--scopes', 'openid',
    '--dpop',
    '--signing-key', file,
    '--tls-root-ca', certificates.ca.file,
    '--silent',
  ]);
  const { access_token: token } = JSON.parse(stdout);
  for (const way of ways) {
    await report.case(`${way.name}: its token with its key → 200`, async (check) => {
      const fields = [['Authorization', `DPoP ${token}`], ['DPoP', proof({ key, url: `${way.origin}/x`, token })]];
      forwarded(check, await way.send({ path: '/x', fields }), token);
    });
    await report.case(`${way.name}: its token alone → invalid_dpop_proof`, async (check) => {
      const response = await way.send({ path: '/x', fields: [['Authorization', `DPoP ${token}`]] });
      refused(check, response, { schemes: ['DPoP'], error: 'invalid_dpop_proof' });
    });
  }
}
