// Tokens bound to certificates: shown to the gateway itself, and to a real nginx that ends TLS before it.

import { startGateway } from '../lab/gateway.mjs';
import { startNginx } from '../lab/nginx.mjs';
import { stop } from '../lab/process.mjs';
import { administration } from '../lab/admin.mjs';
import { forwarded, refused } from './expect.mjs';
import { makeRoute, pluginConfig } from './modes.mjs';
import { transports } from './request.mjs';

const STRICT = { proof_of_possession_mtls: 'strict' };
const FIELD = 'X-SSL-Cert';

/** What is shown, and what it means for a token that is bound to john's certificate. */
const SHOWN = [
  ['its own certificate → 200', 'john', undefined],
  ['another certificate → invalid_token', 'jane', 'binding_certificate_mismatch'],
  ['no certificate → invalid_token', undefined, 'binding_certificate_missing'],
];

export async function certificateBinding({ report, admin, upstream, gateway, kinds, certificates, binary, nginx, folder }) {
  report.section('Certificate binding: the certificate of the connection');
  for (const kind of kinds) {
    const name = `${kind.slug}-certificate`;
    await report.case(`${kind.name}: a route that asks for certificates is created`, async (check) => {
      await makeRoute(check, { admin, upstream, name, path: `/${name}`, config: pluginConfig(kind, STRICT) });
      const asks = await admin.post(`/routes/${name}/plugins`, { name: 'tls-handshake-modifier' });
      check('tls-handshake-modifier 201', asks.status === 201, asks);
    });
    await shown({ report, kind, name, certificates, secure: gateway.secure, ca: gateway.ca });
  }

  report.section('Certificate binding: nginx ends TLS');
  const settings = { lua_ssl_trusted_certificate: certificates.ca.file, trusted_ips: '127.0.0.1' };
  const behind = await startGateway({ binary, folder, name: 'behind-nginx', settings });
  const proxy = await startNginx({ program: nginx, folder, certificates, origin: behind.plain, field: FIELD });
  const its = administration(behind.admin);
  let authority;
  await report.case('the authority is created', async (check) => {
    const created = await its.post('/ca_certificates', { cert: certificates.ca.pem });
    check('ca_certificate 201', created.status === 201, created);
    authority = created.body.id;
  });
  for (const kind of kinds) {
    const name = `${kind.slug}-proxied`;
    await report.case(`${kind.name}: a route that takes certificates from nginx is created`, async (check) => {
      const header = { certificate_header_name: FIELD, ca_certificates: [authority], revocation_check_mode: 'SKIP' };
      const config = pluginConfig(kind, { ...STRICT, proof_of_possession_mtls_from_header: header });
      await makeRoute(check, { admin: its, upstream, name, path: `/${name}`, config });
    });
    await shown({ report, kind, name, certificates, secure: proxy.secure, ca: certificates.ca.pem, http1: true });
  }
  await stop(proxy.child);
  await behind.stop();
}

async function shown({ report, kind, name, certificates, secure, ca, http1 = false }) {
  const token = kind.wallet.certificate;
  for (const [title, who, code] of SHOWN) {
    const ways = transports({ plain: secure, secure, ca, pair: certificates[who] }).filter(
      (way) => way.name.startsWith('https') && !(http1 && way.name.endsWith('2')),
    );
    for (const way of ways) {
      await report.case(`${kind.name}, ${way.name}: ${title}`, async (check) => {
        // What a client says of itself does not count, and does not get through.
        const fields = [['Authorization', `Bearer ${token}`], [FIELD, 'forged']];
        const response = await way.send({ path: `/${name}`, fields });
        if (code) {
          refused(check, response, { schemes: ['Bearer'], error: 'invalid_token', code });
          return;
        }
        forwarded(check, response, token);
        if (http1) {
          const names = response.json().fields.map(([of]) => of.toLowerCase());
          check('no certificate reaches the upstream', !names.includes(FIELD.toLowerCase()), names);
        }
      });
      way.close();
    }
  }
}
