// A state file with every kind of entity that decK knows here.

/** Under which name a state carries the number of its entities; it is not written to the file. */
export const COUNTED = Symbol('counted');

/** The whole state, and how many entities it has under `COUNTED`. */
export function state({ certificates, isOld }) {
  const names = [1, 2, 3, 4];
  const content = {
    _format_version: isOld ? '1.1' : '3.0',
    services: names.map((n) => ({
      name: `service-${n}`,
      host: n === 4 ? 'balanced.test' : `service-${n}.test`,
      port: 8000 + n,
      protocol: 'http',
      path: `/base-${n}`,
      retries: n,
      connect_timeout: 1000 * n,
      read_timeout: 60000,
      write_timeout: 60000,
      tags: ['interop', `number-${n}`],
      routes: [
        {
          name: `route-${n}a`,
          paths: [`/a${n}`],
          methods: ['GET', 'POST'],
          protocols: ['http', 'https'],
          strip_path: true,
          preserve_host: n % 2 === 0,
          regex_priority: 0,
          https_redirect_status_code: 426,
          plugins: n === 1 ? [plugin('key-auth', { key_names: ['apikey'] })] : undefined,
        },
        {
          name: `route-${n}b`,
          hosts: [`b${n}.test`, `*.b${n}.test`],
          headers: { 'x-tenant': ['one', 'two'] },
          protocols: ['https'],
          strip_path: false,
          preserve_host: false,
          regex_priority: 0,
          https_redirect_status_code: 307,
        },
      ],
      plugins: n === 2 ? [plugin('cors', { origins: ['https://app.test'] }), plugin('acl', { allow: ['staff'] })] : undefined,
    })),
    consumers: names.map((n) => ({
      username: `consumer-${n}`,
      custom_id: `custom-${n}`,
      tags: ['interop'],
      keyauth_credentials: [{ key: `key-${n}` }],
      hmacauth_credentials: [{ username: `hmac-${n}`, secret: `secret-${n}` }],
      jwt_secrets: [{ key: `issuer-${n}`, secret: `jwt-secret-${n}`, algorithm: 'HS256' }],
      acls: [{ group: `group-${n}` }, { group: 'staff' }],
      // decK finds these by id alone.
      mtls_auth_credentials: [{ id: `5d1e0c3a-6f0b-4a57-8a43-00000000000${n}`, subject_name: `client-${n}.test` }],
      plugins: n === 3 ? [plugin('rate-limiting', { minute: 10, policy: 'local' })] : undefined,
    })),
    upstreams: [
      {
        name: 'balanced.test',
        algorithm: 'round-robin',
        slots: 1000,
        tags: ['interop'],
        targets: [1, 2, 3].map((n) => ({ target: `10.0.0.${n}:80`, weight: n * 10 })),
      },
      { name: 'hashed.test', algorithm: 'consistent-hashing', hash_on: 'header', hash_on_header: 'x-user', hash_fallback: 'ip', slots: 100 },
    ],
    certificates: [
      { id: '7f1c2a64-0d3b-4c55-9d3e-2f0a6d1b8c01', cert: certificates.server.crt, key: certificates.server.key, snis: [{ name: 'localhost.test' }, { name: '*.wild.test' }], tags: ['interop'] },
    ],
    ca_certificates: [{ id: '7f1c2a64-0d3b-4c55-9d3e-2f0a6d1b8c02', cert: certificates.ca.pem, tags: ['interop'] }],
    plugins: [
      plugin('correlation-id', { header_name: 'X-Correlation', generator: 'uuid' }),
      plugin('prometheus', {}),
    ],
  };
  return counted(withoutUndefined(content));
}

/** Two teams with a service and a route each. */
export function teams({ isOld }) {
  const team = (tag) => ({
    _format_version: isOld ? '1.1' : '3.0',
    _info: { select_tags: [tag] },
    services: [
      { name: `of-${tag}`, host: `${tag}.test`, routes: [{ name: `of-${tag}`, paths: [`/${tag}`], strip_path: true }] },
    ],
  });
  return { 'team-a': team('team-a'), 'team-b': team('team-b') };
}

function plugin(name, config) {
  return { name, config, enabled: true };
}

function withoutUndefined(value) {
  return JSON.parse(JSON.stringify(value));
}

/** Counts what decK will create: an entity for each object in a list that has a kind's name. */
function counted(content) {
  const kinds = new Set([
    'services', 'routes', 'plugins', 'consumers', 'keyauth_credentials', 'basicauth_credentials', 'hmacauth_credentials',
    'jwt_secrets', 'acls', 'mtls_auth_credentials', 'upstreams', 'targets', 'certificates', 'snis', 'ca_certificates',
  ]);
  const count = (value) =>
    Object.entries(value).reduce((sum, [name, list]) => {
      if (!kinds.has(name) || !Array.isArray(list)) return sum;
      return sum + list.reduce((inner, entity) => inner + 1 + count(entity), 0);
    }, 0);
  Object.defineProperty(content, COUNTED, { value: { entities: count(content) } });
  return content;
}
