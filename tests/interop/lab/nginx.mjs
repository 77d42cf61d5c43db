// A real nginx that ends TLS before the gateway, asks for a certificate and sends it in a header field.

import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { freePort, ready, start } from './process.mjs';

/** Starts `program` before the gateway at `origin`. The certificate stands in `field`. Answers `{ secure, child }`. */
export async function startNginx({ program, folder, certificates, origin, field }) {
  const own = join(folder, 'nginx');
  await mkdir(own, { recursive: true });
  const port = await freePort();
  const { crt, key } = certificates.server.file;
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((of) => `${of}_temp_path ${own}/${of};`);
  const file = join(own, 'nginx.conf');
  await writeFile(file, `
    daemon off; master_process off; pid ${own}/pid; error_log stderr;
    events {}
    http {
      access_log off; ${temporary.join(' ')}
      server {
        listen 127.0.0.1:${port} ssl;
        ssl_certificate ${crt}; ssl_certificate_key ${key};
        ssl_verify_client optional_no_ca;
        location / {
          proxy_pass ${origin};
          proxy_set_header Host $http_host;
          proxy_set_header X-Forwarded-Proto https;
          proxy_set_header ${field} $ssl_client_escaped_cert;
        }
      }
    }`);
  const child = start('nginx', program, ['-c', file, '-p', own], { log: join(folder, 'nginx.log') });
  await ready(child, () => listens(port), 20);
  return { secure: `https://localhost:${port}`, child };
}

async function listens(port) {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.destroy();
  return true;
}
