// The second provider, npm's oidc-provider: a program of its own, so that a restart brings a new signing key under the
// same key id.   node lab/oidc-provider.mjs FORMAT PORT TLS-FOLDER     FORMAT: jwt or opaque; PORT: 0 chooses one

import { createServer } from 'node:https';
import { generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Provider from 'oidc-provider';

const RESOURCE = 'https://api.keybound.test';
const KEY_ID = 'lab-signing-key';

const [format, port, tls] = process.argv.slice(2);
const server = createServer({
  key: readFileSync(join(tls, 'server.key')),
  cert: readFileSync(join(tls, 'server.crt')),
  ca: readFileSync(join(tls, 'ca.crt')),
  requestCert: true,
  rejectUnauthorized: false,
});

server.listen(Number(port), '127.0.0.1', () => {
  const issuer = `https://localhost:${server.address().port}`;
  server.on('request', new Provider(issuer, configuration()).callback());
  console.log(`ready ${issuer}`);
});
process.on('SIGTERM', () => process.exit(0));

function configuration() {
  return {
    clients: [
      client('service'),
      client('dpop', { dpop_bound_access_tokens: true }),
      client('cert', { tls_client_certificate_bound_access_tokens: true }),
      client('gateway'),
    ],
    // With one ES256 key, whatever would default to RS256 has to be named.
    clientDefaults: { id_token_signed_response_alg: 'ES256', introspection_signed_response_alg: 'ES256' },
    jwks: { keys: [signingKey()] },
    scopes: ['read', 'write'],
    ttl: { ClientCredentials: 300 },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      jwtIntrospection: { enabled: true },
      revocation: { enabled: true },
      dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
      mTLS: { enabled: true, certificateBoundAccessTokens: true, getCertificate: peerCertificate },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => RESOURCE,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: 'read write',
          audience: RESOURCE,
          accessTokenFormat: format,
          ...(format === 'jwt' && { jwt: { sign: { alg: 'ES256' } } }),
        }),
      },
    },
  };
}

function client(client_id, more = {}) {
  return {
    client_id,
    client_secret: `${client_id}-secret`,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    ...more,
  };
}

function signingKey() {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...privateKey.export({ format: 'jwk' }), kid: KEY_ID, use: 'sig', alg: 'ES256' };
}

function peerCertificate(ctx) {
  const { raw } = ctx.req.socket.getPeerCertificate();
  return raw ? new X509Certificate(raw) : undefined;
}
