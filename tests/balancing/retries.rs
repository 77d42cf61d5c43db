use keybound_suites::{Mode, Target};
use serde_json::json;

use crate::{alike, balanced, counted, gateway, get, patch, refusing, send, shares};

#[test]
fn a_request_goes_on_to_targets_that_were_not_tried() {
    let gateway = gateway();
    let all = ["one", "two", "three", "four"].map(Target::start);
    balanced(gateway, "onward", json!({}), &alike(&all.each_ref()));
    assert_eq!(patch(gateway, "/services/onward", &json!({ "retries": 3 })).status, 200);
    for target in &all[..3] {
        target.answer(Mode::Closing);
    }
    assert_eq!(shares(gateway, "/onward", 12), counted(&[("four", 12)]));
    assert!(all[..3].iter().all(|target| (1..=12).contains(&target.requests())));
}

#[test]
fn no_more_often_than_the_service_allows() {
    let gateway = gateway();
    let all = ["one", "two", "three"].map(Target::start);
    balanced(gateway, "bounded", json!({}), &alike(&all.each_ref()));
    assert_eq!(patch(gateway, "/services/bounded", &json!({ "retries": 1 })).status, 200);
    for target in &all {
        target.answer(Mode::Closing);
    }
    assert_eq!(get(gateway, "/bounded").status, 502);
    assert_eq!(all.iter().map(Target::requests).sum::<usize>(), 2);
    assert_eq!(patch(gateway, "/services/bounded", &json!({ "retries": 0 })).status, 200);
    assert_eq!(get(gateway, "/bounded").status, 502);
    assert_eq!(all.iter().map(Target::requests).sum::<usize>(), 3);
}

#[test]
fn what_is_unsafe_to_repeat_is_sent_once_however_many_targets_there_are() {
    let gateway = gateway();
    let (one, two) = (Target::start("one"), Target::start("two"));
    balanced(gateway, "unsafe", json!({}), &alike(&[&one, &two]));
    one.answer(Mode::Closing);
    two.answer(Mode::Closing);
    for (number, (method, rest)) in [
        ("POST", "Content-Length: 0\r\n\r\n"),
        ("PATCH", "Content-Length: 2\r\n\r\nab"),
        ("LOCK", "\r\n"),
        ("PUT", "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(send(gateway, method, "/unsafe", rest).status, 502, "{method}");
        assert_eq!(one.requests() + two.requests(), number + 1, "{method}");
    }
}

#[test]
fn before_a_byte_was_sent_everything_may_go_on_to_another_target() {
    let gateway = gateway();
    let one = Target::start("one");
    let mut targets = alike(&[&one]);
    targets.extend([(refusing(), 100), (refusing(), 100)]);
    balanced(gateway, "unsent", json!({}), &targets);
    for (method, rest) in
        [("POST", "Content-Length: 2\r\n\r\nab"), ("PATCH", "Content-Length: 0\r\n\r\n"), ("LOCK", "\r\n")]
    {
        for _ in 0..3 {
            let answer = send(gateway, method, "/unsent", rest);
            assert_eq!((answer.status, answer.body.as_str()), (200, "one"), "{method}");
        }
    }
}
