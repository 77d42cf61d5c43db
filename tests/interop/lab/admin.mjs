// The Admin API as a script uses it: forms and JSON.

/** Calls on the Admin API at `origin`; each answers `{ status, body }` with the body parsed. */
export function administration(origin) {
  const call = async (method, path, type, body) => {
    const headers = body === undefined ? {} : { 'content-type': type };
    const response = await fetch(new URL(path, origin), { method, headers, body });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
  };
  return {
    origin,
    get: (path) => call('GET', path),
    delete: (path) => call('DELETE', path),
    /** `fields` are pairs, so that `paths[]` can repeat. */
    form: (path, fields) =>
      call('POST', path, 'application/x-www-form-urlencoded', new URLSearchParams(fields).toString()),
    post: (path, entity) => call('POST', path, 'application/json', JSON.stringify(entity)),
    put: (path, entity) => call('PUT', path, 'application/json', JSON.stringify(entity)),
    patch: (path, entity) => call('PATCH', path, 'application/json', JSON.stringify(entity)),
  };
}
