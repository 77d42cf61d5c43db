// decK against the Admin API: what it syncs it finds again, and a second sync has nothing to do.

import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { COUNTED, state, teams } from './deck-state.mjs';
import { administration } from '../lab/admin.mjs';
import { startGateway } from '../lab/gateway.mjs';

/** The kinds that a state file has at its top, by the path of their list. */
const LISTS = [
  'services', 'routes', 'plugins', 'consumers', 'upstreams', 'certificates', 'snis', 'ca_certificates',
  'key-auths', 'basic-auths', 'hmac-auths', 'jwts', 'acls',
];

export async function deck({ report, binary, folder, certificates, program, databases }) {
  const { version, isOld } = await known(program);
  for (const { name, settings } of databases) {
    report.section(`decK ${version} on ${name}`);
    const gateway = await startGateway({ binary, folder, name: `deck-${name}`, settings });
    const place = join(folder, `deck-${name}`);
    await mkdir(place, { recursive: true });
    const run = runner({ program, isOld, place, origin: gateway.admin });
    const admin = administration(gateway.admin);
    const content = state({ certificates, isOld });
    // Newer decK asks for the defaults; for an older one the file must say them, with any gateway.
    if (isOld) await complete(content, admin);
    await walk({ report, run, place, admin, content, isOld });
    await gateway.stop();
  }
}

/** Fills what a state file leaves out: the fields that old decK does not fill itself, and from the schemas those of plugins. */
async function complete(content, admin) {
  const schema = async (path) => (await admin.get(path)).body.fields;
  const kinds = {
    routes: { path_handling: 'v0', request_buffering: true, response_buffering: true },
    upstreams: {
      hash_on_cookie_path: '/',
      healthchecks: { threshold: 0, active: { type: 'http', https_verify_certificate: true }, passive: { type: 'http' } },
    },
  };
  const plugins = {};
  const visit = async (parent) => {
    for (const [kind, list] of Object.entries(parent)) {
      if (!Array.isArray(list)) continue;
      for (const entity of list) {
        if (entity === null || typeof entity !== 'object') continue;
        Object.assign(entity, { ...kinds[kind], ...entity });
        if (kind === 'plugins') {
          plugins[entity.name] ??= await schema(`/schemas/plugins/${entity.name}`);
          const { config } = plugins[entity.name].find((field) => 'config' in field);
          fill(entity.config, config.fields);
          fillOldNames(entity.config, config.shorthand_fields ?? []);
          entity.protocols ??= ['grpc', 'grpcs', 'http', 'https'];
        }
        await visit(entity);
      }
    }
  };
  await visit(content);
}

function fill(entity, fields) {
  for (const field of fields) {
    const [[name, type]] = Object.entries(field);
    if (type.type === 'record' && (type.required || entity[name])) {
      entity[name] ??= {};
      fill(entity[name], type.fields);
    } else if (!(name in entity)) {
      entity[name] = type.default ?? null;
    }
  }
}

/** Answers have the old names of renamed fields as well; newer decK leaves them out of its comparison. */
function fillOldNames(config, shorthands) {
  for (const shorthand of shorthands) {
    const [[name, { translate_backwards: path }]] = Object.entries(shorthand);
    if (path) config[name] = path.reduce((value, step) => value?.[step], config) ?? null;
  }
}

async function walk({ report, run, place, admin, content, isOld }) {
  const file = join(place, 'state.json');
  await writeFile(file, JSON.stringify(content));
  const { entities } = content[COUNTED];
  await report.case('ping', async (check) => {
    const { status, output } = await run(['ping']);
    check('status 0', status === 0, output);
    check('a version of Kong', /Kong version: +3\.9/.test(output), output);
  });
  await report.case(`validate: ${entities} entities`, async (check) => {
    check('at least 40', entities >= 40, entities);
    const { status, output } = await run(['validate', '-s', file]);
    check('status 0', status === 0, output);
  });
  await report.case('sync creates every one of them', async (check) => {
    const { status, output } = await run(['sync', '-s', file]);
    check('status 0', status === 0, output);
    check('created', summary(output).created === entities, output.slice(-600));
  });
  await report.case('diff after the sync is empty', (check) => unchanged(check, run, file));
  await report.case('a second sync writes nothing', async (check) => {
    const { status, output } = await run(['sync', '-s', file]);
    check('status 0', status === 0, output);
    check('nothing to do', total(output) === 0, output);
  });
  await report.case('dump says what was synced', async (check) => {
    const dumped = join(place, 'dump.json');
    const { status, output } = await run(['dump', '--format', 'json', '-o', dumped]);
    check('status 0', status === 0, output);
    const found = JSON.parse(await readFile(dumped, 'utf8'));
    for (const [kind, list] of Object.entries(content)) {
      if (!Array.isArray(list)) continue;
      check(`as many ${kind}`, found[kind]?.length === list.length, found[kind]?.length);
      for (const wanted of list) {
        const same = found[kind]?.some((entity) => contains(entity, wanted));
        check(`${kind}: ${JSON.stringify(wanted).slice(0, 120)}`, same, same ? undefined : found[kind]);
      }
    }
    await unchanged(check, run, dumped);
  });
  await report.case('a change in the file is one update, and then the only difference is gone', async (check) => {
    const changed = structuredClone(content);
    changed.services[0].retries = 3;
    const other = join(place, 'changed.json');
    await writeFile(other, JSON.stringify(changed));
    const before = await run(['diff', '--non-zero-exit-code', '-s', other]);
    check('diff says so', before.status === 2, before);
    const { status, output } = await run(['sync', '-s', other]);
    check('status 0', status === 0, output);
    check('one update', summary(output).updated === 1 && total(output) === 1, output);
    const { body } = await admin.get(`/services/${changed.services[0].name}`);
    check('it is there', body.retries === 3, body);
  });
  await report.case('what is left out of the file is deleted', async (check) => {
    const less = structuredClone(content);
    const [gone] = less.consumers.splice(0, 1);
    const other = join(place, 'less.json');
    await writeFile(other, JSON.stringify(less));
    const { status, output } = await run(['sync', '-s', other]);
    check('status 0', status === 0, output);
    check('deleted', summary(output).deleted >= 1, output);
    const { status: found } = await admin.get(`/consumers/${gone.username}`);
    check('it is gone', found === 404, found);
  });
  await report.case('select-tags: each team syncs, dumps and deletes its own', async (check) => {
    await run(['reset', '-f']);
    for (const [tag, part] of Object.entries(teams({ isOld }))) {
      const own = join(place, `${tag}.json`);
      await writeFile(own, JSON.stringify(part));
      const { status, output } = await run(['sync', '--select-tag', tag, '-s', own]);
      check(`${tag}: sync`, status === 0 && summary(output).created === 2, output);
      const dumped = join(place, `${tag}-dump.json`);
      const dump = await run(['dump', '--select-tag', tag, '--format', 'json', '-o', dumped]);
      check(`${tag}: dump`, dump.status === 0, dump.output);
      const { services } = JSON.parse(await readFile(dumped, 'utf8'));
      check(`${tag}: only its own`, services.length === 1 && services[0].name === `of-${tag}`, services);
    }
    const none = join(place, 'none.json');
    await writeFile(none, JSON.stringify({ _format_version: isOld ? '1.1' : '3.0', _info: { select_tags: ['team-a'] } }));
    const { status, output } = await run(['sync', '--select-tag', 'team-a', '-s', none]);
    check('an empty file of one team', status === 0 && summary(output).deleted === 2, output);
    const { body } = await admin.get('/services');
    check('the other team keeps its own', body.data.map(({ name }) => name).join() === 'of-team-b', body.data);
  });
  await report.case('reset leaves nothing', async (check) => {
    const { status, output } = await run(['reset', '-f']);
    check('status 0', status === 0, output);
    for (const list of LISTS) {
      const { body } = await admin.get(`/${list}`);
      check(list, body.data.length === 0, body.data);
    }
  });
}

async function unchanged(check, run, file) {
  const { status, output } = await run(['diff', '--non-zero-exit-code', '-s', file]);
  check('diff: status 0', status === 0, output);
  check('diff: nothing to do', total(output) === 0, output);
}

function runner({ program, isOld, place, origin }) {
  const common = ['--kong-addr', origin, '--no-color', ...(isOld ? [] : ['--analytics=false'])];
  return ([command, ...args]) =>
    new Promise((resolve) => {
      const words = isOld ? [command] : ['gateway', command];
      const files = args.filter((_, at) => args[at - 1] === '-s');
      const rest = isOld ? args : [...args.filter((arg, at) => arg !== '-s' && args[at - 1] !== '-s'), ...files];
      const env = { ...process.env, HOME: place };
      execFile(program, [...words, ...common, ...rest], { env, timeout: 50_000 }, (fault, stdout, stderr) => {
        resolve({ status: fault ? (fault.code ?? fault.signal) : 0, output: `${stdout}${stderr}` });
      });
    });
}

async function known(program) {
  const output = await new Promise((resolve, reject) => {
    execFile(program, ['version'], (fault, stdout) => (fault ? reject(fault) : resolve(stdout)));
  });
  const version = /v?(\d+\.\d+[.\d]*)/.exec(output)?.[1] ?? 'of unknown version';
  const [major, minor] = version.split('.').map(Number);
  return { version, isOld: major === 1 && minor < 28 };
}

function summary(output) {
  const count = (word) => Number(new RegExp(`${word}: (\\d+)`).exec(output)?.[1]);
  return { created: count('Created'), updated: count('Updated'), deleted: count('Deleted') };
}

function total(output) {
  const { created, updated, deleted } = summary(output);
  return created + updated + deleted;
}

/** Whether `whole` has everything that `part` says; lists in any order. */
function contains(whole, part) {
  if (Array.isArray(part)) {
    return Array.isArray(whole) && part.length <= whole.length && part.every((item) => whole.some((other) => contains(other, item)));
  }
  if (part === null || typeof part !== 'object') return whole === part;
  return whole !== null && typeof whole === 'object' && Object.entries(part).every(([key, value]) => contains(whole[key], value));
}
