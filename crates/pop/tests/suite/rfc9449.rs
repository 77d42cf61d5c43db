//! RFC 9449: the proofs, thumbprint and token hash of its figures.

use keybound_pop::algorithm::AlgorithmSet;
use keybound_pop::base64url;
use keybound_pop::confirmation::Confirmation;
use keybound_pop::htu::{HtuFault, Target};
use keybound_pop::proof::{self, NoCache, NoncePolicy, Policy, ProofFault, Request, Verified};
use keybound_pop::thumbprint::{Thumbprint, token_hash};
use keybound_pop::time::UnixTime;
use serde_json::json;

use crate::object;

const HEADER: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVF\
    VZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19";
/// Figure 12: the proof for the protected resource.
const RESOURCE: &str = "eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJ\
    jZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1\
    plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA";
/// Figure 2: the proof for the token endpoint. It has no `ath`, so it is none for a resource.
const TOKEN_ENDPOINT: &str = "eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTY\
    yMjY1Mjk2fQ.pAqut2IRDm_De6PR93SYmGBPXpwrAk90e8cP2hjiaG5QsGSuKDYW7_X620BxqhvYC8ynrrvZLTk41mSRroapUA";
const TOKEN: &str = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
const JKT: &str = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";

fn check(rest: &str, method: &str, url: &str, now: i64) -> Result<Verified, ProofFault> {
    let (targets, hash) = ([Target::parse(url).unwrap()], token_hash(TOKEN.as_bytes()));
    let request =
        Request { method, targets: &targets, ambiguous_path: false, websocket: false, token_hash: &hash };
    let policy = Policy { algorithms: AlgorithmSet::ALL, lifetime: 300, leeway: 10, max_length: 8192 };
    let text = format!("{HEADER}.{rest}");
    let jkt = Thumbprint::parse(JKT).unwrap();
    let now = UnixTime::from_secs(now);
    proof::check(&[text.as_bytes()], &request, &jkt, &policy, NoncePolicy::Ignore, now, &NoCache)
}

const IAT: i64 = 1_562_262_618;
const URL: &str = "https://resource.example.org/protectedresource";

#[test]
fn section_7_1_the_proof_for_the_protected_resource_is_valid_for_it_and_for_nothing_else() {
    assert_eq!(check(RESOURCE, "GET", URL, IAT).unwrap().thumbprint.encode(), JKT);
    assert_eq!(check(RESOURCE, "POST", URL, IAT), Err(ProofFault::HtmMismatch));
    let other = check(RESOURCE, "GET", "https://resource.example.com/protectedresource", IAT);
    assert_eq!(other, Err(ProofFault::HtuMismatch(HtuFault::AuthorityMismatch)));
    assert_eq!(check(RESOURCE, "GET", URL, IAT + 311), Err(ProofFault::TooOld));
}

#[test]
fn section_4_2_the_token_hash() {
    assert_eq!(
        base64url::encode(&token_hash(TOKEN.as_bytes())),
        "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"
    );
}

#[test]
fn section_4_1_a_proof_for_the_token_endpoint_is_none_for_a_resource() {
    assert_eq!(
        check(TOKEN_ENDPOINT, "POST", "https://server.example.com/token", 1_562_265_296),
        Err(ProofFault::Ath)
    );
}

#[test]
fn section_6_1_the_confirmation_of_the_example_token() {
    let claims = object(json!({"sub": "someone@example.com", "cnf": {"jkt": JKT}}));
    assert_eq!(Confirmation::from_claims(&claims).unwrap().jkt.unwrap().encode(), JKT);
}
