//! Forwarding a request that was not decided does not compile.

#[test]
fn a_permit_comes_only_out_of_a_chain() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
