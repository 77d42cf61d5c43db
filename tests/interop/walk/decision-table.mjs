// The decision table: scheme × token × proof × mode, for every kind of token, over every way to the gateway.

import { randomUUID } from 'node:crypto';
import { forwarded, refused } from './expect.mjs';
import { pathOf } from './modes.mjs';
import { hash, privateJwk, proof, tampered } from './proof.mjs';

const DPOP = ['DPoP'];
const BEARER = ['Bearer'];
const BOTH = ['Bearer', 'DPoP'];

export async function decisionTable({ report, upstream, ways, kinds }) {
  for (const kind of kinds) {
    for (const way of ways) {
      report.section(`Decision table: ${kind.name}; ${way.name}`);
      for (const [mode, cases] of Object.entries({ strict, optional, off, accepting })) {
        const route = { way, path: pathOf(kind, mode), url: way.origin + pathOf(kind, mode), wallet: kind.wallet };
        for (const [name, run] of cases(route)) {
          await report.case(`${mode}: ${name}`, async (check) => {
            const before = upstream.seen;
            const expected = await run(check);
            check('requests that reached the upstream', upstream.seen - before === (expected ?? 0), upstream.seen - before);
          });
        }
      }
    }
  }
}

/** Each case answers how many of its requests must have reached the upstream; nothing means none. */
function strict(route) {
  const { wallet } = route;
  return [
    ...keyChecked(route, DPOP),
    ['DPoP, token without binding, good proof → invalid_token', (check) =>
      refuse(check, route, dpop(route, wallet.unbound), { schemes: DPOP, error: 'invalid_token' })],
    ['DPoP, token bound to a certificate, good proof → invalid_token', (check) =>
      refuse(check, route, dpop(route, wallet.certificate), { schemes: DPOP, error: 'invalid_token' })],
    ...['first', 'unbound', 'certificate'].flatMap((which) => [
      [`Bearer, ${LABEL[which]}, no proof → invalid_token, DPoP challenge only`, (check) =>
        refuse(check, route, bearer(wallet[which]), { schemes: DPOP, error: 'invalid_token' })],
      [`Bearer, ${LABEL[which]}, good proof → invalid_token, DPoP challenge only`, (check) =>
        refuse(check, route, bearer(wallet[which], good(route, wallet[which])), { schemes: DPOP, error: 'invalid_token' })],
    ]),
  ];
}

function optional(route) {
  const { wallet } = route;
  return [
    ...keyChecked(route, BOTH),
    ['DPoP, token without binding, good proof → invalid_token', (check) =>
      refuse(check, route, dpop(route, wallet.unbound), { schemes: BOTH, on: 'DPoP', error: 'invalid_token' })],
    ['Bearer, bound token, no proof → invalid_token, no downgrade', (check) =>
      refuse(check, route, bearer(wallet.first), { schemes: BOTH, on: 'DPoP', error: 'invalid_token' })],
    ['Bearer, bound token, good proof → invalid_token, no downgrade', (check) =>
      refuse(check, route, bearer(wallet.first, good(route, wallet.first)), { schemes: BOTH, on: 'DPoP', error: 'invalid_token', code: 'binding_downgrade' })],
    ['Bearer, token without binding → 200', (check) => forward(check, route, bearer(wallet.unbound), wallet.unbound)],
    ['Bearer, token without binding, good proof → 200, the proof is dropped', (check) =>
      forward(check, route, bearer(wallet.unbound, good(route, wallet.unbound)), wallet.unbound)],
    ['Bearer, token bound to a certificate that nobody checks → invalid_token', (check) =>
      refuse(check, route, bearer(wallet.certificate), { schemes: BOTH, on: 'Bearer', error: 'invalid_token' })],
  ];
}

function off(route) {
  const { wallet } = route;
  return [
    ['no credential → challenge without error', (check) => refuse(check, route, [], { schemes: BEARER })],
    ['Bearer, token without binding → 200', (check) => forward(check, route, bearer(wallet.unbound), wallet.unbound)],
    ['Bearer, bound token, no proof → invalid_token', (check) =>
      refuse(check, route, bearer(wallet.first), { schemes: BEARER, error: 'invalid_token' })],
    ['Bearer, bound token, good proof → invalid_token', (check) =>
      refuse(check, route, bearer(wallet.first, good(route, wallet.first)), { schemes: BEARER, error: 'invalid_token' })],
    ['Bearer, token bound to a certificate → invalid_token', (check) =>
      refuse(check, route, bearer(wallet.certificate), { schemes: BEARER, error: 'invalid_token' })],
    ['DPoP, bound token, good proof → scheme not offered', (check) =>
      refuse(check, route, dpop(route, wallet.first), { schemes: BEARER })],
    ['DPoP, token without binding → scheme not offered', (check) =>
      refuse(check, route, [['Authorization', `DPoP ${wallet.unbound}`]], { schemes: BEARER })],
  ];
}

/** `off` with `proof_of_possession_bound_tokens: accept`: somebody else checks the binding. */
function accepting(route) {
  const { wallet } = route;
  return [
    ['Bearer, bound token → 200', (check) => forward(check, route, bearer(wallet.first), wallet.first)],
    ['Bearer, token bound to a certificate → 200', (check) =>
      forward(check, route, bearer(wallet.certificate), wallet.certificate)],
    ['DPoP, bound token, good proof → scheme not offered', (check) =>
      refuse(check, route, dpop(route, wallet.first), { schemes: BEARER })],
  ];
}

/** What the DPoP scheme meets in `strict` and in `optional` alike. */
function keyChecked(route, schemes) {
  const { way, path, url, wallet } = route;
  const { key, otherKey, first: token } = wallet;
  const bad = { schemes, on: 'DPoP', error: 'invalid_dpop_proof' };
  const now = () => Math.floor(Date.now() / 1000);
  const withProof = (text) => [['Authorization', `DPoP ${token}`], ['DPoP', text]];
  const made = (parts) => withProof(proof({ key, url, token, ...parts }));
  const refusals = {
    'no proof': ['proof_missing', () => [['Authorization', `DPoP ${token}`]]],
    'an empty proof': ['proof_malformed', () => withProof('')],
    'a proof that is no JWS': ['proof_malformed', () => withProof('foo')],
    'two proofs in two fields': ['proof_multiple', () => [...withProof(good(route, token)), ['DPoP', good(route, token)]]],
    'two proofs in one field': ['proof_malformed', () => withProof(`${good(route, token)}, ${good(route, token)}`)],
    'htm of another method': ['proof_htm_mismatch', () => made({ method: 'POST' })],
    'htm in lower case': ['proof_htm_mismatch', () => made({ claims: { htm: 'get' } })],
    'htu of another path': ['proof_htu_mismatch', () => made({ url: `${url}/other` })],
    'htu with a trailing slash': ['proof_htu_mismatch', () => made({ url: `${url}/` })],
    'htu of another host': ['proof_htu_mismatch', () => made({ url: url.replace(/\/\/[^:/]+/, '//stranger.test') })],
    'htu of another scheme': ['proof_htu_mismatch', () => made({ url: url.startsWith('https') ? url.replace('https', 'http') : url.replace('http', 'https') })],
    'htu that is relative': ['proof_htu_not_absolute', () => made({ url: path })],
    'iat beyond the lifetime': ['proof_iat_too_old', () => made({ claims: { iat: now() - 400 } })],
    'iat in the future': ['proof_iat_too_new', () => made({ claims: { iat: now() + 60 } })],
    'iat as a string': ['proof_iat', () => made({ claims: { iat: String(now()) } })],
    'exp in the past': ['proof_expired', () => made({ claims: { exp: now() - 60 } })],
    'no ath': ['proof_ath', () => made({ claims: { ath: undefined } })],
    'ath of another token of the same key': ['proof_ath_mismatch', () => made({ claims: { ath: hash(wallet.second) } })],
    'no jti': ['proof_jti', () => made({ claims: { jti: undefined } })],
    'typ JWT': ['proof_typ', () => made({ header: { typ: 'JWT' } })],
    'alg none': ['proof_malformed', () => made({ header: { alg: 'none' } })],
    'alg HS256': ['proof_alg', () => made({ header: { alg: 'HS256' } })],
    'an unknown critical header': ['proof_extension', () => made({ header: { crit: ['foo'], foo: 1 } })],
    'no jwk': ['proof_jwk_missing', () => made({ header: { jwk: undefined } })],
    'the private key in jwk': ['proof_jwk_private', () => made({ header: { jwk: privateJwk(key) } })],
    'a turned bit in the signature': ['proof_signature', () => withProof(tampered(good(route, token)))],
  };
  return [
    ['no credential → challenge without error', (check) => refuse(check, route, [], { schemes })],
    ['a proof without credential → challenge without error', (check) =>
      refuse(check, route, [['DPoP', good(route, token)]], { schemes })],
    ['scheme Basic → challenge without error', (check) =>
      refuse(check, route, [['Authorization', 'Basic am9objpkb2U=']], { schemes })],
    ['DPoP, bound token, its key → 200', (check) => forward(check, route, dpop(route, token), token)],
    ['dpop in lower case, htu with query and upper-case host → 200', async (check) => {
      const shouting = url.replace(/\/\/[^:/]+/, (host) => host.toUpperCase());
      const fields = [['Authorization', `dpop ${token}`], ['DPoP', proof({ key, url: `${shouting}?a=1#b`, token })]];
      return forward(check, route, fields, token, '?x=2');
    }],
    ...Object.entries(refusals).map(([name, [code, fields]]) =>
      [`DPoP, bound token, ${name} → invalid_dpop_proof, ${code}`, (check) => refuse(check, route, fields(), { ...bad, code })]),
    ["DPoP, bound token, another key's good proof → invalid_token", (check) =>
      refuse(check, route, withProof(proof({ key: otherKey, url, token })), { ...bad, error: 'invalid_token', code: 'proof_key_mismatch' })],
    ['DPoP, a turned bit in the token → invalid_token', (check) => {
      const forged = token.includes('.') ? tampered(token) : token.replace(/^./, (c) => (c === 'A' ? 'B' : 'A'));
      return refuse(check, route, dpop(route, forged), { ...bad, error: 'invalid_token' });
    }],
    ['the same proof twice → 200, then invalid_dpop_proof', async (check) => {
      const fields = dpop(route, token);
      forwarded(check, await way.send({ path, fields }), token);
      await refuse(check, route, fields, { ...bad, code: 'proof_replayed' });
      return 1;
    }],
    ['the same jti signed anew → 200, then invalid_dpop_proof', async (check) => {
      const jti = randomUUID();
      forwarded(check, await way.send({ path, fields: made({ claims: { jti } }) }), token);
      await refuse(check, route, made({ claims: { jti, extra: 1 } }), { ...bad, code: 'proof_replayed' });
      return 1;
    }],
    ['the same jti by another key → 200', async (check) => {
      const jti = randomUUID();
      forwarded(check, await way.send({ path, fields: made({ claims: { jti } }) }), token);
      const fields = [
        ['Authorization', `DPoP ${wallet.stranger}`],
        ['DPoP', proof({ key: otherKey, url, token: wallet.stranger, claims: { jti } })],
      ];
      forwarded(check, await way.send({ path, fields }), wallet.stranger);
      return 2;
    }],
    ['a proof refused for its ath burns no jti → 401, then 200', async (check) => {
      const jti = randomUUID();
      await refuse(check, route, made({ claims: { jti, ath: hash('else') } }), bad);
      return forward(check, route, made({ claims: { jti } }), token);
    }],
  ];
}

const LABEL = { first: 'bound token', unbound: 'token without binding', certificate: 'token bound to a certificate' };

async function forward(check, { way, path }, fields, token, query = '') {
  forwarded(check, await way.send({ path: path + query, fields }), token);
  return 1;
}

async function refuse(check, { way, path }, fields, expected) {
  refused(check, await way.send({ path, fields }), expected);
}

function good({ url, wallet }, token) {
  return proof({ key: wallet.key, url, token });
}

function dpop(route, token) {
  return [['Authorization', `DPoP ${token}`], ['DPoP', good(route, token)]];
}

function bearer(token, proofText) {
  const fields = [['Authorization', `Bearer ${token}`]];
  if (proofText) fields.push(['DPoP', proofText]);
  return fields;
}
