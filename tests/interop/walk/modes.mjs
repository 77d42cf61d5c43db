// One route for each kind of token and each mode, made by the Admin API.

/** The modes of the walk: what the plugin is told beyond issuer and client. */
export const MODES = {
  strict: { proof_of_possession_dpop: 'strict' },
  optional: { proof_of_possession_dpop: 'optional' },
  off: { proof_of_possession_dpop: 'off' },
  accepting: { proof_of_possession_dpop: 'off', proof_of_possession_bound_tokens: 'accept' },
  nonce: { proof_of_possession_dpop: 'strict', dpop_use_nonce: true },
};

/** The plugin's configuration for tokens of `kind`. */
export function pluginConfig(kind, more) {
  return {
    issuer: kind.issuer,
    auth_methods: [kind.introspected ? 'introspection' : 'bearer'],
    client_id: ['gateway'],
    client_secret: ['gateway-secret'],
    display_errors: true,
    ...more,
  };
}

/** Where the route of a kind and a mode is. */
export function pathOf(kind, mode) {
  return `/${kind.slug}/${mode}`;
}

/** Creates service, route and plugin for every kind and mode. */
export async function makeRoutes({ report, admin, upstream, kinds }) {
  report.section('Routes for every kind of token and every mode, by JSON');
  for (const kind of kinds) {
    for (const [mode, more] of Object.entries(MODES)) {
      await report.case(`${kind.name}, ${mode}: service, route and plugin are created`, async (check) => {
        const name = `${kind.slug}-${mode}`;
        await makeRoute(check, { admin, upstream, name, path: pathOf(kind, mode), config: pluginConfig(kind, more) });
      });
    }
  }
}

/** One service, route and plugin; each creation is asserted. */
export async function makeRoute(check, { admin, upstream, name, path, config }) {
  const service = await admin.post('/services', { name, url: `${upstream.origin}/anything` });
  check('service 201', service.status === 201, service);
  const route = await admin.post(`/services/${name}/routes`, { name, paths: [path] });
  check('route 201', route.status === 201, route);
  const plugin = await admin.post(`/routes/${name}/plugins`, { name: 'openid-connect', config });
  check('plugin 201', plugin.status === 201, plugin);
}
