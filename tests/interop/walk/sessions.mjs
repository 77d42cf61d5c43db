// A session over DPoP with Keycloak: the cookie stands for the token, and every request still needs the token's key.

import { forwarded, refused } from './expect.mjs';
import { makeRoute, pluginConfig } from './modes.mjs';
import { proof } from './proof.mjs';

const PATH = '/sessions/strict';
const LAX = '/sessions/lax';

export async function sessions({ report, admin, upstream, ways, kinds }) {
  const [kind] = kinds;
  report.section(`Sessions over DPoP: ${kind.name}`);

  await report.case('routes with sessions are created: strict, and one with the same secret that checks no keys', async (check) => {
    const shared = { auth_methods: ['bearer', 'session'], session_secret: 'a secret that two routes share' };
    const strict = pluginConfig(kind, { ...shared, proof_of_possession_dpop: 'strict' });
    const lax = pluginConfig(kind, {
      ...shared,
      proof_of_possession_dpop: 'off',
      proof_of_possession_bound_tokens: 'accept',
    });
    await makeRoute(check, { admin, upstream, name: 'sessions-strict', path: PATH, config: strict });
    await makeRoute(check, { admin, upstream, name: 'sessions-lax', path: LAX, config: lax });
  });
  for (const way of ways) await byWay({ report, upstream, kind, way });
}

async function byWay({ report, upstream, kind, way }) {
  const { key, otherKey, first: token, stranger } = kind.wallet;
  const url = way.origin + PATH;
  const proved = (signer = key) => ['DPoP', proof({ key: signer, url, token })];
  let cookie;
  const visit = (...fields) => way.send({ path: PATH, fields: [['Cookie', `theirs=1; ${cookie}`], ...fields] });
  const stays = async (check, response, expected) => {
    refused(check, response, { schemes: ['DPoP'], ...expected });
    check('the session is not ended', response.all('set-cookie').length === 0, response.all('set-cookie'));
  };

  await report.case(`${way.name}: token and proof → 200 and a session cookie`, async (check) => {
    const response = await way.send({ path: PATH, fields: [['Authorization', `DPoP ${token}`], proved()] });
    forwarded(check, response, token);
    const lines = response.all('set-cookie');
    check('at least one cookie', lines.length > 0, lines);
    const secure = way.origin.startsWith('https');
    for (const line of lines) {
      check('HttpOnly, SameSite=Lax, path', line.includes('; Path=/; SameSite=Lax; HttpOnly'), line);
      check('Secure as the request came', line.endsWith('; Secure') === secure, line);
    }
    check('Cache-Control: no-store', response.header('cache-control') === 'no-store', response.header('cache-control'));
    cookie = lines.map((line) => line.split(';')[0]).join('; ');
  });
  await report.case(`${way.name}: the session with a proof → 200, its cookie stays at the gateway`, async (check) => {
    const response = await visit(proved());
    forwarded(check, response, token);
    const seen = response.json().fields.filter(([name]) => name === 'cookie').map(([, value]) => value);
    check('only the other cookie is forwarded', seen.join() === 'theirs=1', seen);
  });
  await report.case(`${way.name}: the session without a proof → invalid_dpop_proof`, async (check) => {
    const before = upstream.seen;
    await stays(check, await visit(), { error: 'invalid_dpop_proof', code: 'proof_missing' });
    check('nothing reached the upstream', upstream.seen === before);
  });
  await report.case(`${way.name}: a proof with another key → invalid_token`, async (check) => {
    await stays(check, await visit(proved(otherKey)), { error: 'invalid_token', code: 'proof_key_mismatch' });
  });
  await report.case(`${way.name}: a proof for another token → invalid_dpop_proof`, async (check) => {
    const response = await visit(['DPoP', proof({ key, url, token: stranger })]);
    await stays(check, response, { error: 'invalid_dpop_proof', code: 'proof_ath_mismatch' });
  });
  await report.case(`${way.name}: a proof that was used before → invalid_dpop_proof`, async (check) => {
    const used = proved();
    forwarded(check, await visit(used), token);
    await stays(check, await visit(used), { error: 'invalid_dpop_proof', code: 'proof_replayed' });
  });
  await report.case(`${way.name}: the token as a bearer token beside the session → invalid_token`, async (check) => {
    const response = await visit(['Authorization', `Bearer ${token}`], proved());
    await stays(check, response, { error: 'invalid_token', code: 'binding_dpop_required' });
  });
  await report.case(`${way.name}: a session that began without proof, under the same secret → invalid_token`, async (check) => {
    const lax = await way.send({ path: LAX, fields: [['Authorization', `Bearer ${token}`]] });
    check('status 200', lax.status === 200, `${lax.status} ${lax.body}`);
    const theirs = lax.all('set-cookie').map((line) => line.split(';')[0]).join('; ');
    check('a session began', theirs.includes('session='), theirs);
    const response = await way.send({ path: PATH, fields: [['Cookie', theirs], proved()] });
    await stays(check, response, { error: 'invalid_token', code: 'session_foreign' });
  });
}
