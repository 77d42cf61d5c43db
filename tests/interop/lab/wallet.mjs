// Access tokens of a provider, fetched by npm's openid-client: bound to a key, bound to a certificate, and not bound.

import { createHash } from 'node:crypto';
import * as client from 'openid-client';
import { Agent, fetch } from 'undici';

/** A `fetch` that trusts the run's private authority only, and shows `pair` as client certificate if given. */
export function trusting(ca, pair) {
  const dispatcher = new Agent({ connect: { ca, cert: pair?.crt, key: pair?.key } });
  return (url, options) => fetch(url, { ...options, dispatcher });
}

/**
 * Fills a wallet at `issuer`. `clients` names who asks for which token; every client's secret is its name with
 * "-secret". `first` and `second` are two tokens of one key; `stranger` holds another key with a token of its own.
 */
export async function fill({ issuer, clients, certificates }) {
  const ca = certificates.ca.pem;
  const plain = await configuration(issuer, clients.bound, trusting(ca));
  const key = await client.randomDPoPKeyPair('ES256', { extractable: true });
  const otherKey = await client.randomDPoPKeyPair('ES256', { extractable: true });
  const grant = (config, options) => client.clientCredentialsGrant(config, {}, options);
  const handle = client.getDPoPHandle(plain, key);
  const first = await grant(plain, { DPoP: handle });
  const second = await grant(plain, { DPoP: handle });
  const stranger = await grant(plain, { DPoP: client.getDPoPHandle(plain, otherKey) });
  const unbound = await grant(await configuration(issuer, clients.unbound, trusting(ca)));
  const mutual = await configuration(issuer, clients.certificate, trusting(ca, certificates.john));
  const certificate = await grant(mutual);
  return {
    issuer,
    config: plain,
    key,
    otherKey,
    first: first.access_token,
    second: second.access_token,
    stranger: stranger.access_token,
    unbound: unbound.access_token,
    certificate: certificate.access_token,
    answers: { first, unbound, certificate },
  };
}

/** What openid-client knows of an issuer, for one of the realm's clients. */
export async function configuration(issuer, clientId, customFetch, authentication) {
  const method = authentication ?? client.ClientSecretBasic(`${clientId}-secret`);
  return client.discovery(new URL(issuer), clientId, undefined, method, { [client.customFetch]: customFetch });
}

/** The claims of a JWT, unchecked: to look at what a provider put into it. */
export function claims(token) {
  return JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
}

/** The JOSE header of a JWT, unchecked. */
export function header(token) {
  return JSON.parse(Buffer.from(token.split('.')[0], 'base64url'));
}

/** RFC 7638 for an EC key. */
export async function thumbprint(key) {
  const { crv, kty, x, y } = await crypto.subtle.exportKey('jwk', key.publicKey);
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
}
