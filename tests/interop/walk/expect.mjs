// What an answer of the gateway must look like: forwarded as a plain bearer request, or refused with the right challenge.

import { challenges } from './challenge.mjs';

const DESCRIPTION = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;
/** Every algorithm that the gateway accepts for proofs by default. */
const ALGORITHMS = 'ES256 ES384 ES512 PS256 PS384 PS512 RS256 RS384 RS512 EdDSA Ed25519';

/** The upstream saw one bearer credential, exactly `token`, and no trace of a proof. */
export function forwarded(check, response, token) {
  check('status 200', response.status === 200, `${response.status} ${response.body} ${response.all('www-authenticate')}`);
  if (response.status !== 200) return;
  const fields = response.json().fields;
  const values = (name) => fields.filter(([of]) => of === name).map(([, value]) => value);
  check('one Authorization field', values('authorization').length === 1, values('authorization').length);
  check('Authorization: Bearer with the token as presented', values('authorization')[0] === `Bearer ${token}`, 'another value');
  const proofs = fields.filter(([name]) => name.replaceAll('_', '-').startsWith('dpop'));
  check('no DPoP field reaches the upstream', proofs.length === 0, proofs.map(([name]) => name));
  check('no challenge on a success', response.all('www-authenticate').length === 0);
}

/**
 * A 401. `schemes` are the challenges that must be there, once each and no others; `on` is the one that carries
 * `error` (none of them when `error` is not given); `code` is the fault's stable code in the body that `display_errors`
 * asks for; `nonce` says whether a DPoP-Nonce belongs to it.
 */
export function refused(check, response, { schemes, on, error, code, nonce = false }) {
  check('status 401', response.status === 401, `${response.status} ${response.body}`);
  const given = challenges(response.all('www-authenticate'));
  check('challenges', sorted(given.map(({ scheme }) => scheme)) === sorted(schemes), response.all('www-authenticate'));
  for (const { scheme, parameters } of given) {
    const carries = error !== undefined && (on ?? schemes[0]) === scheme;
    check(`${scheme}: error ${carries ? error : 'absent'}`, parameters.error === (carries ? error : undefined), parameters);
    const text = parameters.error_description;
    if (carries) check(`${scheme}: error_description in RFC 6750's characters`, text?.length > 0 && DESCRIPTION.test(text), text);
    else check(`${scheme}: no error_description without error`, text === undefined, text);
    if (scheme === 'DPoP') check('DPoP: algs lists what verifies', parameters.algs === ALGORITHMS, parameters.algs);
    if (scheme === 'Bearer') check('Bearer: a realm', parameters.realm === 'keybound', parameters);
  }
  const nonces = response.all('dpop-nonce');
  check(nonce ? 'exactly one DPoP-Nonce' : 'no DPoP-Nonce', nonces.length === (nonce ? 1 : 0), nonces);
  if (nonce) {
    check('nonce below 200 bytes', nonces[0]?.length < 200, nonces[0]);
    check('Cache-Control: no-store', response.header('cache-control') === 'no-store', response.header('cache-control'));
  }
  check('Date is there', response.all('date').length === 1);
  check("Kong's body text", response.json().message === 'Unauthorized', response.body);
  if (error) check('display_errors names the error', response.json().error === error, response.body);
  if (code) check(`the fault's code is ${code}`, response.json().code === code, response.body);
}

function sorted(list) {
  return [...list].sort().join(' ');
}
