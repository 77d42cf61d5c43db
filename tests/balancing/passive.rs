use keybound_suites::{Mode, Target};
use serde_json::{Value, json};

use crate::{alike, balanced, counted, gateway, get, health, refusing, shares};

fn judged_by(unhealthy: Value) -> Value {
    json!({ "healthchecks": { "passive": { "unhealthy": unhealthy } } })
}

#[test]
fn failing_answers_in_a_row_take_a_target_out_and_requests_never_bring_it_back() {
    let gateway = gateway();
    let (one, two) = (Target::start("one"), Target::start("two"));
    balanced(gateway, "passive", judged_by(json!({ "http_failures": 2 })), &alike(&[&one, &two]));
    let first = one.address.to_string();
    one.answer(Mode::Status(500));
    assert_eq!(shares(gateway, "/passive", 2), counted(&[("500", 1), ("two", 1)]));
    one.answer(Mode::Well);
    // A good answer ends the row.
    assert_eq!(shares(gateway, "/passive", 2), counted(&[("one", 1), ("two", 1)]));
    one.answer(Mode::Status(503));
    assert_eq!(shares(gateway, "/passive", 2), counted(&[("503", 1), ("two", 1)]));
    assert_eq!(health(gateway, "passive")[&first], "HEALTHY");
    assert_eq!(shares(gateway, "/passive", 2), counted(&[("503", 1), ("two", 1)]));
    assert_eq!(health(gateway, "passive")[&first], "UNHEALTHY");
    one.answer(Mode::Well);
    let before = one.requests();
    assert_eq!(shares(gateway, "/passive", 10), counted(&[("two", 10)]));
    assert_eq!(one.requests(), before);
}

#[test]
fn statuses_that_are_not_listed_do_no_harm() {
    let gateway = gateway();
    let one = Target::start("one");
    balanced(gateway, "listed", judged_by(json!({ "http_failures": 1 })), &alike(&[&one]));
    for status in [404, 501, 502] {
        one.answer(Mode::Status(status));
        assert_eq!(get(gateway, "/listed").status, status);
    }
    assert_eq!(health(gateway, "listed")[&one.address.to_string()], "HEALTHY");
}

#[test]
fn a_refused_connection_takes_a_target_out_while_its_request_goes_on_to_another() {
    let gateway = gateway();
    let one = Target::start("one");
    let dead = refusing();
    let mut targets = alike(&[&one]);
    targets.push((dead.clone(), 100));
    balanced(gateway, "refused", judged_by(json!({ "tcp_failures": 1 })), &targets);
    assert_eq!(shares(gateway, "/refused", 4), counted(&[("one", 4)]));
    assert_eq!(health(gateway, "refused")[&dead], "UNHEALTHY");
}

#[test]
fn an_answer_of_504_counts_as_a_timeout() {
    let gateway = gateway();
    let (one, two) = (Target::start("one"), Target::start("two"));
    balanced(gateway, "late", judged_by(json!({ "timeouts": 1 })), &alike(&[&one, &two]));
    one.answer(Mode::Status(504));
    assert_eq!(shares(gateway, "/late", 6), counted(&[("504", 1), ("two", 5)]));
    assert_eq!(health(gateway, "late")[&one.address.to_string()], "UNHEALTHY");
}

#[test]
fn a_target_that_does_not_answer_in_time_is_a_timeout_and_its_request_goes_on_to_another() {
    let gateway = gateway();
    let (one, two) = (Target::start("one"), Target::start("two"));
    balanced(gateway, "silent", judged_by(json!({ "timeouts": 1 })), &alike(&[&one, &two]));
    let patch = json!({ "read_timeout": 300 });
    assert_eq!(crate::patch(gateway, "/services/silent", &patch).status, 200);
    one.answer(Mode::Silent);
    assert_eq!(shares(gateway, "/silent", 6), counted(&[("two", 6)]));
    assert_eq!(health(gateway, "silent")[&one.address.to_string()], "UNHEALTHY");
    assert_eq!(one.requests(), 1);
}

#[test]
fn all_targets_out_is_no_peer() {
    let gateway = gateway();
    let (one, two) = (Target::start("one"), Target::start("two"));
    balanced(gateway, "none", judged_by(json!({ "http_failures": 1 })), &alike(&[&one, &two]));
    one.answer(Mode::Status(500));
    two.answer(Mode::Status(500));
    assert_eq!(shares(gateway, "/none", 5), counted(&[("500", 2), ("503", 3)]));
}
