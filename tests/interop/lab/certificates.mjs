// A private certificate authority and what it signs, made anew for each run.

import 'reflect-metadata';
import { webcrypto, createHash } from 'node:crypto';
import { writeFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';

x509.cryptoProvider.set(webcrypto);

const KEY = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY = 86_400_000;

/**
 * Writes `ca.crt`, `server.crt`/`.key` (localhost, 127.0.0.1, ::1), and two client certificates, `john` with the subject
 * that the realm's `client-tls-auth` expects and `jane` with another one.
 */
export async function certificates(folder) {
  await mkdir(folder, { recursive: true });
  const authority = await makeAuthority();
  await writeFile(join(folder, 'ca.crt'), authority.certificate.toString('pem'));
  const server = await issue(authority, 'CN=localhost', [
    new x509.SubjectAlternativeNameExtension([
      { type: 'dns', value: 'localhost' },
      { type: 'ip', value: '127.0.0.1' },
      { type: 'ip', value: '::1' },
    ]),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
  ]);
  const asClient = [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth])];
  // RFC 2253 prints relative names last first: this subject reads "CN=JohnDoe, OU=IT" in the realm.
  const john = await issue(authority, 'OU=IT, CN=JohnDoe', asClient);
  const jane = await issue(authority, 'OU=IT, CN=JaneRoe', asClient);
  const made = { ca: { pem: authority.certificate.toString('pem'), file: join(folder, 'ca.crt') } };
  for (const [name, pair] of Object.entries({ server, john, jane })) {
    const file = { crt: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
    await writeFile(file.crt, pair.crt);
    await writeFile(file.key, pair.key, { mode: 0o600 });
    made[name] = { ...pair, file };
  }
  return made;
}

async function makeAuthority() {
  const keys = await webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=Keybound interop authority',
    keys,
    signingAlgorithm: KEY,
    ...validity(),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate, keys };
}

async function issue(authority, subject, extensions) {
  const keys = await webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    subject,
    issuer: authority.certificate.subject,
    publicKey: keys.publicKey,
    signingKey: authority.keys.privateKey,
    signingAlgorithm: KEY,
    ...validity(),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      await x509.AuthorityKeyIdentifierExtension.create(authority.keys.publicKey),
      ...extensions,
    ],
  });
  const key = x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  const der = Buffer.from(certificate.rawData);
  return { crt: certificate.toString('pem'), key, thumbprint: createHash('sha256').update(der).digest('base64url') };
}

function validity() {
  return { notBefore: new Date(Date.now() - DAY), notAfter: new Date(Date.now() + 30 * DAY) };
}
