// The nonce challenge: read by hand, and answered by npm's openid-client and oauth4webapi, which judge its form.

import * as oauth from 'oauth4webapi';
import * as client from 'openid-client';
import { forwarded, refused } from './expect.mjs';
import { pathOf } from './modes.mjs';
import { proof } from './proof.mjs';

export async function nonces({ report, upstream, ways, kinds }) {
  for (const kind of kinds) {
    report.section(`Nonce challenge: ${kind.name}`);
    for (const way of ways) {
      await byHand({ report, upstream, kind, way });
    }
    // The npm clients take https only.
    for (const way of ways.filter(({ origin }) => origin.startsWith('https'))) await byClients({ report, kind, way });
  }
}

async function byHand({ report, upstream, kind, way }) {
  const { key, first: token } = kind.wallet;
  const path = pathOf(kind, 'nonce');
  const url = way.origin + path;
  const call = (claims) =>
    way.send({ path, fields: [['Authorization', `DPoP ${token}`], ['DPoP', proof({ key, url, token, claims })]] });
  const challenge = { schemes: ['DPoP'], error: 'use_dpop_nonce', nonce: true };
  let nonce;

  await report.case(`${way.name}: a proof without nonce → use_dpop_nonce with a fresh nonce`, async (check) => {
    const before = upstream.seen;
    const response = await call({});
    refused(check, response, challenge);
    nonce = response.header('dpop-nonce');
    check('nothing reached the upstream', upstream.seen === before);
  });
  await report.case(`${way.name}: a proof with that nonce → 200`, async (check) => forwarded(check, await call({ nonce }), token));
  await report.case(`${way.name}: the same nonce in another proof → 200`, async (check) => forwarded(check, await call({ nonce }), token));
  await report.case(`${way.name}: a good nonce stands for the time: iat an hour off → 200`, async (check) => {
    forwarded(check, await call({ nonce, iat: Math.floor(Date.now() / 1000) - 3600 }), token);
  });
  await report.case(`${way.name}: a nonce made up by the client → use_dpop_nonce`, async (check) => {
    refused(check, await call({ nonce: 'made-up' }), challenge);
  });
  await report.case(`${way.name}: a nonce that is a number → invalid_dpop_proof`, async (check) => {
    const response = await call({ nonce: 7 });
    check('status 401', response.status === 401, response.status);
    check('error', response.all('www-authenticate').join().includes('error="invalid_dpop_proof"'), response.all('www-authenticate'));
  });
  await report.case(`${way.name}: an upstream's own DPoP-Nonce does not reach the client`, async (check) => {
    const fields = [['Authorization', `DPoP ${token}`], ['DPoP', proof({ key, url, token, claims: { nonce } })]];
    const response = await way.send({ path: `${path}?nonce`, fields });
    forwarded(check, response, token);
    check('not the upstream’s', !response.all('dpop-nonce').includes('from-the-upstream'), response.all('dpop-nonce'));
  });
}

async function byClients({ report, kind, way }) {
  const { key, first: token, config } = kind.wallet;
  const url = new URL(pathOf(kind, 'nonce'), way.origin);

  await report.case(`${way.name}: openid-client is challenged, and answers by itself: 200`, async (check) => {
    const statuses = [];
    const provider = config[client.customFetch];
    config[client.customFetch] = watched(way.fetch, statuses);
    try {
      const DPoP = client.getDPoPHandle(config, key);
      const call = () => client.fetchProtectedResource(config, token, url, 'GET', undefined, undefined, { DPoP });
      const response = await call();
      check('challenged once, then let through', statuses.join() === '401,200', statuses);
      check('status 200', response.status === 200, response.status);
      await call();
      check('the nonce serves the next call', statuses.join() === '401,200,200', statuses);
    } finally {
      config[client.customFetch] = provider;
    }
  });

  await report.case(`${way.name}: oauth4webapi reads the challenge as a nonce challenge, and the retry passes`, async (check) => {
    const DPoP = oauth.DPoP({ client_id: 'walk' }, key);
    const options = { DPoP, [oauth.customFetch]: way.fetch };
    const call = () => oauth.protectedResourceRequest(token, 'GET', url, undefined, undefined, options);
    const challenged = await call().then(
      () => undefined,
      (fault) => fault,
    );
    check('isDPoPNonceError', oauth.isDPoPNonceError(challenged), String(challenged));
    check('one challenge, scheme DPoP', challenged?.cause?.length === 1 && challenged.cause[0].scheme === 'dpop', challenged?.cause);
    const response = await call();
    check('status 200', response.status === 200, response.status);
  });
}

function watched(inner, statuses) {
  return async (...request) => {
    const response = await inner(...request);
    statuses.push(response.status);
    return response;
  };
}
