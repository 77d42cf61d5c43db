//! How targets are, and what their names stand for.

use std::net::SocketAddr;

use keybound_model::entity::Algorithm;
use rstest::rstest;

use super::super::hash::mix;
use super::super::report::Condition;
use super::*;
use crate::dns::{Answer, Place};

/// One failed connection of a request is enough.
fn watched(algorithm: Algorithm) -> Upstream {
    let mut upstream = upstream(algorithm);
    upstream.healthchecks.passive.unhealthy.tcp_failures = 1;
    upstream
}

fn named(texts: &[&str]) -> Vec<Target> {
    let target = |(number, text): (u128, &&str)| Target {
        id: Uuid::from_u128(number),
        upstream: Uuid::from_u128(1),
        target: (*text).to_owned(),
        weight: 10,
    };
    (0..).zip(texts).map(target).collect()
}

fn of(upstream: &Upstream, targets: Vec<Target>, names: &Names, before: Option<&Balancer>) -> Balancer {
    let checks = Checks::of(upstream, None).unwrap();
    Balancer::build(upstream, targets, Means { names, checks, before }).unwrap()
}

fn fail(balancer: &Balancer, number: usize) {
    balancer.note(&peer(balancer, number), Looker::Request, Sight::TcpFailure);
}

fn plain(ip: &str) -> Place {
    Place { ip: ip.parse().unwrap(), srv: None, weight: 1 }
}

fn srv(ip: &str, port: u16, name: &str, weight: u32) -> Place {
    Place { srv: Some((port, name.into())), weight, ..plain(ip) }
}

fn addresses(balancer: &Balancer) -> Vec<(SocketAddr, u32)> {
    balancer.peers.load().all.iter().map(|peer| (peer.address, peer.weight)).collect()
}

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

#[rstest]
#[case(Algorithm::RoundRobin)]
#[case(Algorithm::ConsistentHashing)]
#[case(Algorithm::LeastConnections)]
#[case(Algorithm::Latency)]
fn an_unhealthy_target_gets_nothing_until_it_is_marked_healthy(#[case] algorithm: Algorithm) {
    let balancer = of(&watched(algorithm), targets(&[1, 1, 1]), &Names::default(), None);
    fail(&balancer, 1);
    for hash in 0..200 {
        assert_ne!(balancer.pick(Some(hash * 7), &[]).unwrap().member, 1);
    }
    balancer.mark("10.0.0.1:80", None, true).unwrap();
    assert!((0..200).any(|hash| balancer.pick(Some(hash * 7), &[]).unwrap().member == 1));
}

#[test]
fn the_share_of_an_unhealthy_target_is_spread_over_the_others() {
    let balancer = of(&watched(Algorithm::RoundRobin), targets(&[1, 1, 1]), &Names::default(), None);
    fail(&balancer, 1);
    assert_eq!(shares(&balancer, 100), BTreeMap::from([(0, 50), (2, 50)]));
}

#[test]
fn hashes_of_a_target_find_back_to_it() {
    let balancer = of(&watched(Algorithm::ConsistentHashing), targets(&[1, 1, 1]), &Names::default(), None);
    let all = |balancer: &Balancer| -> Vec<_> {
        (0..200).map(|hash| balancer.pick(Some(mix(hash)), &[]).unwrap().member).collect()
    };
    let before = all(&balancer);
    fail(&balancer, 2);
    let during = all(&balancer);
    assert!(before.iter().zip(&during).all(|(before, during)| before == during || *before == 2));
    balancer.mark("10.0.0.2:80", Some("10.0.0.2:80"), true).unwrap();
    assert_eq!(all(&balancer), before);
}

#[rstest]
#[case(0, 1, true)]
#[case(5000, 2, true)]
#[case(5001, 2, false)]
#[case(0, 4, false)]
#[case(10_000, 1, false)]
fn below_the_threshold_the_upstream_takes_nothing(
    #[case] threshold: u32,
    #[case] dead: usize,
    #[case] takes: bool,
) {
    let mut upstream = watched(Algorithm::RoundRobin);
    upstream.healthchecks.threshold = threshold;
    let balancer = of(&upstream, targets(&[1, 1, 1, 1]), &Names::default(), None);
    assert_eq!(balancer.report().condition, Condition::Healthy);
    (0..dead).for_each(|number| fail(&balancer, number));
    assert_eq!(balancer.pick(None, &[]).is_some(), takes);
    let condition = if takes { Condition::Healthy } else { Condition::Unhealthy };
    assert_eq!(balancer.report().condition, condition);
}

#[test]
fn how_targets_are_goes_on_in_the_next_configuration_unless_checks_were_off() {
    let names = Names::default();
    let first = of(&watched(Algorithm::RoundRobin), targets(&[1, 1]), &names, None);
    fail(&first, 0);
    let next = of(&watched(Algorithm::RoundRobin), targets(&[5, 5, 5]), &names, Some(&first));
    assert_eq!(shares(&next, 10), BTreeMap::from([(1, 5), (2, 5)]));
    // What one of them finds out, the other knows.
    fail(&first, 1);
    next.settle();
    assert_eq!(shares(&next, 10), BTreeMap::from([(2, 10)]));
    let off = of(&upstream(Algorithm::RoundRobin), targets(&[1, 1]), &names, Some(&next));
    assert_eq!(shares(&off, 10), BTreeMap::from([(0, 5), (1, 5)]));
    let on = of(&watched(Algorithm::RoundRobin), targets(&[1, 1]), &names, Some(&off));
    assert_eq!(shares(&on, 10), BTreeMap::from([(0, 5), (1, 5)]));
}

#[test]
fn without_checks_only_a_word_makes_a_target_unhealthy_and_it_stays_so_until_the_next() {
    let balancer = balancer(Algorithm::RoundRobin, &[1, 1]);
    fail(&balancer, 0);
    balancer.answered(&peer(&balancer, 0), 500);
    assert_eq!(shares(&balancer, 10), BTreeMap::from([(0, 5), (1, 5)]));
    let conditions = |balancer: &Balancer| {
        let report = balancer.report();
        (report.condition, report.targets[0].condition, report.targets[1].condition)
    };
    assert_eq!(conditions(&balancer), (Condition::Unchecked, Condition::Unchecked, Condition::Unchecked));

    balancer.mark("10.0.0.0:80", None, false).unwrap();
    assert_eq!(shares(&balancer, 10), BTreeMap::from([(1, 10)]));
    assert_eq!(conditions(&balancer), (Condition::Unchecked, Condition::Unhealthy, Condition::Unchecked));
    let next = of(&upstream(Algorithm::RoundRobin), targets(&[1, 1]), &Names::default(), Some(&balancer));
    assert_eq!(shares(&next, 10), BTreeMap::from([(1, 10)]), "also in the next configuration");

    next.mark("10.0.0.0:80", None, true).unwrap();
    assert_eq!(shares(&next, 10), BTreeMap::from([(0, 5), (1, 5)]));
    assert_eq!(conditions(&next), (Condition::Unchecked, Condition::Unchecked, Condition::Unchecked));
}

#[test]
fn what_is_not_there_cannot_be_marked() {
    let balancer = of(&watched(Algorithm::RoundRobin), targets(&[1]), &Names::default(), None);
    assert!(balancer.mark("10.0.0.9:80", None, true).is_err());
    for address in ["10.0.0.0:81", "10.0.0.9", "nonsense", ""] {
        let fault = balancer.mark("10.0.0.0:80", Some(address), true).unwrap_err();
        assert_eq!(fault, format!("no address '{address}' of target '10.0.0.0:80'"));
    }
    assert_eq!(balancer.mark("10.0.0.0:80", Some("10.0.0.0"), false), Ok(()));
    assert!(balancer.pick(None, &[]).is_none());
}

#[test]
fn each_address_of_a_name_has_the_weight_of_its_target_and_its_own_health() {
    let names = Names::default();
    let balancer = of(&watched(Algorithm::RoundRobin), named(&["a.test:81", "10.0.0.9:80"]), &names, None);
    assert_eq!(addresses(&balancer), [(at("10.0.0.9:80"), 10)]);
    assert_eq!(balancer.report().targets[0].condition, Condition::Unresolved);
    names.of("a.test").learn(Some(Answer::of(vec![plain("10.0.0.2"), plain("10.0.0.1")])));
    assert!(balancer.catch_up() && !balancer.catch_up());
    let all = [(at("10.0.0.1:81"), 10), (at("10.0.0.2:81"), 10), (at("10.0.0.9:80"), 10)];
    assert_eq!(addresses(&balancer), all);
    balancer.mark("a.test:81", Some("10.0.0.2:81"), false).unwrap();
    assert_eq!(shares(&balancer, 10), BTreeMap::from([(0, 5), (1, 5)]));
    let report = balancer.report();
    assert_eq!(report.targets[0].condition, Condition::Healthy, "one of its addresses is");
    assert_eq!(report.targets[0].addresses[1].condition, Condition::Unhealthy);
    // An address that stays keeps what is known of it; one that comes is healthy.
    names.of("a.test").learn(Some(Answer::of(vec![plain("10.0.0.2"), plain("10.0.0.3")])));
    balancer.catch_up();
    let conditions: Vec<_> =
        balancer.report().targets[0].addresses.iter().map(|address| address.condition).collect();
    assert_eq!(conditions, [Condition::Unhealthy, Condition::Healthy]);
    names.of("a.test").learn(Some(Answer::None("gone".into())));
    balancer.catch_up();
    assert_eq!(balancer.report().targets[0].condition, Condition::Unresolved);
    assert_eq!(shares(&balancer, 5), BTreeMap::from([(1, 5)]));
}

#[test]
fn srv_records_tell_ports_and_weights_and_names_where_that_is_wanted() {
    let places = || vec![srv("10.0.0.1", 9001, "one.test", 30), srv("10.0.0.2", 0, "two.test", 10)];
    for (use_srv_name, host_header, fields) in [
        (false, None, ["a.test:9001", "a.test:81"]),
        (true, None, ["one.test:9001", "two.test:81"]),
        (true, Some("shown.test"), ["shown.test:9001", "shown.test:81"]),
    ] {
        let names = Names::default();
        let name = names.of("a.test");
        name.learn(Some(Answer::of(places())));
        let upstream = Upstream {
            use_srv_name,
            host_header: host_header.map(str::to_owned),
            ..upstream(Algorithm::RoundRobin)
        };
        let balancer = of(&upstream, named(&["a.test:81"]), &names, None);
        assert_eq!(addresses(&balancer), [(at("10.0.0.1:9001"), 30), (at("10.0.0.2:81"), 10)]);
        let shown: Vec<_> = balancer
            .peers
            .load()
            .all
            .iter()
            .map(|peer| peer.endpoint.host_field(false).to_str().unwrap().to_owned())
            .collect();
        assert_eq!(shown, fields);
    }
}

#[test]
fn a_target_of_weight_0_gets_nothing_whatever_its_srv_records_weigh() {
    let names = Names::default();
    let name = names.of("a.test");
    name.learn(Some(Answer::of(vec![srv("10.0.0.1", 80, "one.test", 30)])));
    let mut targets = named(&["a.test:80"]);
    targets[0].weight = 0;
    let balancer = of(&upstream(Algorithm::RoundRobin), targets, &names, None);
    assert_eq!(addresses(&balancer), [(at("10.0.0.1:80"), 0)]);
    assert!(balancer.pick(None, &[]).is_none());
}
