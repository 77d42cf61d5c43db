use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use keybound_suites::{Stage, exposition};
use serde_json::{Value, json};

use crate::{STATUS, count_everything, get, traffic};

fn deployed(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(1).unwrap().join("deploy").join(file)
}

/// The metrics that an expression names.
fn named(expression: &str) -> impl Iterator<Item = &str> {
    let is_part = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | ':');
    expression
        .split(move |character| !is_part(character))
        .filter(|word| ["kong_", "keybound_", "process_"].iter().any(|prefix| word.starts_with(prefix)))
}

fn expressions(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| expressions(item, found)),
        // A choice between data sources asks nothing of one.
        Value::Object(members) if members.get("type") == Some(&json!("datasource")) => {}
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if matches!(name.as_str(), "expr" | "query" | "definition") => {
                        found.push(text.clone());
                    }
                    other => expressions(other, found),
                }
            }
        }
        _ => {}
    }
}

fn dashboard_expressions() -> Vec<String> {
    let dashboard = fs::read_to_string(deployed("grafana/keybound.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&dashboard).unwrap();
    let mut found = Vec::new();
    expressions(&dashboard, &mut found);
    assert!(found.len() > 20, "{found:?}");
    found
}

fn rule_expressions() -> Vec<String> {
    let rules = fs::read_to_string(deployed("prometheus/alerts.yml")).unwrap();
    let found = rules.lines().filter_map(|line| line.trim().strip_prefix("expr: ")).map(str::to_owned);
    let found: Vec<String> = found.collect();
    assert!(found.len() > 8, "{found:?}");
    found
}

/// Whether a family of Keybound's own tells of nothing but trouble: somebody has to hear of it.
fn tells_of_trouble(family: &str) -> bool {
    const ENDS: [&str; 4] = ["_lost_total", "_shed_total", "_failing", "_up_to_date"];
    family.starts_with("keybound_") && ENDS.iter().any(|end| family.ends_with(end))
}

#[test]
fn every_metric_of_trouble_has_a_panel_and_a_rule() {
    let stage = Stage::start_with(&[STATUS], json!({}));
    let text = get(stage.gateway.status.unwrap(), "/metrics").body;
    let families = exposition(&text);
    let troubles: Vec<&str> =
        families.keys().map(String::as_str).filter(|name| tells_of_trouble(name)).collect();
    assert!(troubles.len() > 4, "{troubles:?}");
    for (place, expressions) in [("panel", dashboard_expressions()), ("rule", rule_expressions())] {
        let asked: BTreeSet<&str> = expressions.iter().flat_map(|expression| named(expression)).collect();
        let missing: Vec<&&str> = troubles.iter().filter(|name| !asked.contains(**name)).collect();
        assert!(missing.is_empty(), "no {place} asks for {missing:?}");
    }
}

#[test]
fn every_metric_of_the_dashboard_and_of_the_rules_is_one_that_the_gateway_shows() {
    let stage = Stage::start_with(&[STATUS], json!({}));
    count_everything(&stage);
    traffic(&stage);
    let text = get(stage.gateway.status.unwrap(), "/metrics").body;
    let mut shown: BTreeSet<String> = BTreeSet::new();
    for (name, family) in exposition(&text) {
        shown.extend(family.samples.into_iter().map(|sample| sample.name));
        shown.insert(name);
    }
    for expression in dashboard_expressions().into_iter().chain(rule_expressions()) {
        let names: Vec<&str> = named(&expression).collect();
        assert!(!names.is_empty() || expression.contains("up"), "no metric in {expression}");
        for name in names {
            assert!(shown.contains(name), "{name} of {expression} is not shown");
        }
    }
}

#[test]
fn every_rule_leads_to_a_part_of_the_guide_that_is_there() {
    let rules = fs::read_to_string(deployed("prometheus/alerts.yml")).unwrap();
    let guide = deployed("../docs/guide/observability.md");
    let guide = fs::read_to_string(guide).unwrap();
    let anchors: BTreeSet<String> = guide
        .lines()
        .filter_map(|line| line.strip_prefix("### "))
        .map(|title| title.trim().to_ascii_lowercase().replace(' ', "-"))
        .collect();
    let alerts = rules.lines().filter(|line| line.trim().starts_with("- alert: ")).count();
    let runbooks: Vec<&str> = rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("runbook: docs/guide/observability.md#"))
        .collect();
    assert_eq!(runbooks.len(), alerts, "each alert has a runbook");
    for runbook in runbooks {
        assert!(anchors.contains(runbook), "{runbook} is no part of the guide: {anchors:?}");
    }
}
