// DPoP proofs made by hand, so that each of their parts can be wrong.

import { createHash, KeyObject, randomUUID, sign } from 'node:crypto';

/**
 * A proof by `key` (a CryptoKeyPair on P-256) for one request. `claims` and `header` replace members; `undefined`
 * removes one. `token` gives `ath`.
 */
export function proof({ key, method = 'GET', url, token, header = {}, claims = {} }) {
  const { kty, crv, x, y } = KeyObject.from(key.publicKey).export({ format: 'jwk' });
  const head = { typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y }, ...header };
  const body = {
    jti: randomUUID(),
    htm: method,
    htu: url,
    iat: Math.floor(Date.now() / 1000),
    ath: token && hash(token),
    ...claims,
  };
  const signed = `${encode(head)}.${encode(body)}`;
  if (head.alg === 'none') return `${signed}.`;
  const signature = sign('sha256', Buffer.from(signed), {
    key: KeyObject.from(key.privateKey),
    dsaEncoding: 'ieee-p1363',
  });
  return `${signed}.${signature.toString('base64url')}`;
}

/** The key with its private member, as a careless client would put it into the header. */
export function privateJwk(key) {
  return KeyObject.from(key.privateKey).export({ format: 'jwk' });
}

/** A JWS whose signature's first byte has one bit turned. */
export function tampered(jws) {
  const [header, payload, signature] = jws.split('.');
  const bytes = Buffer.from(signature, 'base64url');
  bytes[0] ^= 1;
  return `${header}.${payload}.${bytes.toString('base64url')}`;
}

/** RFC 9449 §4.2, `ath`. */
export function hash(token) {
  return createHash('sha256').update(token).digest('base64url');
}

function encode(value) {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
