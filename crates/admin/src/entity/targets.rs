//! Targets: only below their upstream, newest first, with their health.

use http::StatusCode;
use keybound_model::Record;
use keybound_store::config::Key;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Below, children, escape, locate};
use crate::answer::Answer;
use crate::endpoints::Link;
use crate::failure::Failure;
use crate::ports::{AddressHealth, Health, TargetHealth, UpstreamHealth};
use crate::query::Arguments;
use crate::state::AdminState;

/// `GET /upstreams/{key}/targets`: the newest first. The offset counts targets, as Kong's does.
pub(crate) async fn list(
    state: &AdminState,
    link: Link,
    arguments: &Arguments,
    upstream: Below,
    key: &str,
) -> Result<Answer, Failure> {
    let (page, next) = page(state, link, arguments, upstream).await?;
    let Some(offset) = next else { return Ok(Answer::ok(json!({"data": page, "next": null}))) };
    let path = format!("/upstreams/{}/targets?offset={offset}", escape(key));
    Ok(Answer::ok(json!({"data": page, "next": path, "offset": offset})))
}

async fn page(
    state: &AdminState,
    link: Link,
    arguments: &Arguments,
    upstream: Below,
) -> Result<(Vec<Record>, Option<String>), Failure> {
    let size = arguments.size()?;
    let skipped = arguments.position()?;
    let mut targets = children::every(state, link.child, Some(upstream)).await?;
    targets.sort_by(|a, b| time(b).total_cmp(&time(a)).then_with(|| text(b, "id").cmp(text(a, "id"))));
    let more = targets.len() > skipped.saturating_add(size);
    let page = targets.into_iter().skip(skipped).take(size).collect();
    Ok((page, more.then(|| (skipped + size).to_string())))
}

/// `GET /upstreams/{key}/targets/all`: every one, oldest first.
pub(crate) async fn all(state: &AdminState, link: Link, upstream: Below) -> Result<Answer, Failure> {
    let mut targets = children::every(state, link.child, Some(upstream)).await?;
    targets.sort_by(|a, b| time(a).total_cmp(&time(b)).then_with(|| text(a, "id").cmp(text(b, "id"))));
    Ok(Answer::ok(json!({"data": targets, "next": null})))
}

fn time(target: &Record) -> f64 {
    target.get("created_at").and_then(Value::as_f64).unwrap_or_default()
}

fn text<'a>(record: &'a Record, field: &str) -> &'a str {
    record.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// `GET /upstreams/{key}/health`: each target with its health, or, with `balancer_health=1`, the upstream's.
pub(crate) async fn health(
    state: &AdminState,
    link: Link,
    arguments: &Arguments,
    upstream: Below,
    key: &str,
) -> Result<Answer, Failure> {
    let (_, id) = upstream;
    let known = state.balancers.health(id);
    let node = &state.node.node_id;
    if arguments.text("balancer_health") == Some("1") {
        return Ok(Answer::ok(json!({"data": balancer(id, known.as_ref()), "next": null, "node_id": node})));
    }
    let (page, next) = page(state, link, arguments, upstream).await?;
    let data: Vec<Value> = page.into_iter().map(|target| with_health(target, known.as_ref())).collect();
    let mut body = json!({"data": data, "next": null, "node_id": node});
    if let (Some(offset), Value::Object(members)) = (next, &mut body) {
        let path = format!("/upstreams/{}/health?offset={offset}", escape(key));
        members.insert("next".to_owned(), path.into());
        members.insert("offset".to_owned(), offset.into());
    }
    Ok(Answer::ok(body))
}

fn balancer(id: Uuid, known: Option<&UpstreamHealth>) -> Value {
    let health = known.map_or(Health::Off, |known| known.health);
    let targets = known.into_iter().flat_map(|known| known.targets.values());
    let weight = weights(targets.flat_map(|target| &target.addresses));
    json!({"id": id.to_string(), "health": health.name(), "details": {"weight": weight}})
}

/// How much of the weight of some addresses may be used.
fn weights<'a>(addresses: impl Iterator<Item = &'a AddressHealth>) -> Value {
    let (mut total, mut usable) = (0, 0);
    for address in addresses {
        let weight = u64::from(address.weight);
        total += weight;
        usable += if address.health == Health::Unhealthy { 0 } else { weight };
    }
    json!({"total": total, "available": usable, "unavailable": total - usable})
}

fn with_health(mut target: Record, known: Option<&UpstreamHealth>) -> Value {
    let own = known.and_then(|known| known.targets.get(text(&target, "target"))).cloned();
    let TargetHealth { health, addresses } = own.unwrap_or_default();
    let (host, port) = text(&target, "target").rsplit_once(':').unwrap_or_default();
    let data = json!({
        "host": host,
        "port": port.parse::<u16>().ok(),
        "nodeWeight": target.get("weight"),
        "weight": weights(addresses.iter()),
        "addresses": addresses.iter().map(address).collect::<Vec<_>>(),
    });
    target.insert("health".to_owned(), health.name().into());
    target.insert("data".to_owned(), data);
    Value::Object(target)
}

fn address(address: &AddressHealth) -> Value {
    let AddressHealth { ip, port, health, weight } = address;
    json!({"ip": ip, "port": port, "health": health.name(), "weight": weight})
}

/// `PUT /upstreams/{key}/targets/{key}[/{address}]/healthy`, `…/unhealthy`
pub(crate) async fn mark(
    state: &AdminState,
    link: Link,
    upstream: Below,
    key: &str,
    address: Option<&str>,
    healthy: bool,
) -> Result<Answer, Failure> {
    let key = locate(state, link.child, key, Some(upstream)).await?.key;
    let found = match &key {
        Key::Id(_) => super::find_below(state, link.child, &key, Some(upstream)).await?,
        Key::Unique(..) => None,
    };
    let target = found.ok_or(Failure::NotFound)?;
    let (_, id) = upstream;
    let marked = state.balancers.mark(id, text(&target, "target"), address, healthy);
    marked.map(|()| Answer::empty(StatusCode::NO_CONTENT)).map_err(Failure::Mark)
}
