//! `rate-limiting`: so many requests per second, minute, hour, day, month or year, and no more.

mod identify;
mod period;
mod redis;
mod schema;

use std::sync::Arc;

use http::header::RETRY_AFTER;
use http::{HeaderName, HeaderValue, StatusCode};
use keybound_model::Record;
use keybound_pop::time::Clock;
use keybound_store::counters::{CounterStore, Window};
use serde::Deserialize;
use uuid::Uuid;

use self::identify::By;
use self::period::{PERIODS, Period};
use crate::contract::{Decision, Exchange, Flow, Form, Plugin, Refusal};
use crate::environment::Environment;
use crate::fault::TrafficFault;
use crate::kind::Kind;
use crate::typed::{Simple, read};

const NAME: &str = "rate-limiting";
const PRIORITY: i32 = 910;
const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

pub(crate) fn kind() -> Box<dyn Kind> {
    Simple::boxed(schema::description(), build)
}

#[derive(Deserialize)]
struct Config {
    second: Option<f64>,
    minute: Option<f64>,
    hour: Option<f64>,
    day: Option<f64>,
    month: Option<f64>,
    year: Option<f64>,
    limit_by: String,
    header_name: Option<String>,
    path: Option<String>,
    policy: Policy,
    fault_tolerant: bool,
    redis: redis::Config,
    hide_client_headers: bool,
    error_code: u16,
    error_message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Policy {
    Local,
    Redis,
}

struct RateLimiting {
    id: Uuid,
    limits: Vec<(&'static Period, u64)>,
    by: By,
    store: Arc<dyn CounterStore>,
    fault_tolerant: bool,
    hide: bool,
    status: StatusCode,
    message: String,
    clock: Arc<dyn Clock>,
}

fn build(id: Uuid, config: &Record, environment: &Environment) -> Result<Arc<dyn Plugin>, String> {
    let config: Config = read(config)?;
    let given = [config.second, config.minute, config.hour, config.day, config.month, config.year];
    let limits =
        PERIODS.iter().zip(given).filter_map(|(period, limit)| Some((period, whole(limit?)))).collect();
    let status = StatusCode::from_u16(config.error_code).ok().filter(|status| !status.is_informational());
    Ok(Arc::new(RateLimiting {
        id,
        limits,
        by: By::new(&config.limit_by, config.header_name.as_deref(), config.path)?,
        store: match config.policy {
            Policy::Local => environment.counters.memory(),
            Policy::Redis => environment.counters.redis(&config.redis.settings()?),
        },
        fault_tolerant: config.fault_tolerant,
        hide: config.hide_client_headers,
        status: status.ok_or_else(|| "error_code: no status that ends a request".to_owned())?,
        message: config.error_message,
        clock: Arc::clone(&environment.clock),
    }))
}

/// A limit in requests: a part of one more is one more, as in Kong, where 0.5 lets one through.
fn whole(limit: f64) -> u64 {
    // The schema demands a number above 0; what is beyond the range is as good as its end.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    {
        limit.ceil() as u64
    }
}

/// How things stand for one caller.
struct Standing {
    headers: Vec<(HeaderName, HeaderValue)>,
    /// Seconds until the window that is nearest to its limit ends.
    reset: i64,
    full: bool,
}

impl RateLimiting {
    fn standing(&self, windows: &[Window], before: &[u64], now: i64) -> Standing {
        let stop = self
            .limits
            .iter()
            .zip(before)
            .filter(|((_, limit), count)| *count >= limit)
            .map(|((period, _), _)| period.name)
            .next_back();
        let mut headers = Vec::with_capacity(self.limits.len() * 2 + 4);
        let mut nearest: Option<(u64, u64, i64)> = None;
        let mut reset = 1;
        for (((period, limit), count), window) in self.limits.iter().zip(before).zip(windows) {
            let counted = u64::from(stop.is_none_or(|stop| stop == period.name));
            let remaining = limit.saturating_sub(*count).saturating_sub(counted);
            let nearer = nearest.is_none_or(|(_, least, length)| {
                remaining < least || (remaining == least && period.length > length)
            });
            if nearer {
                nearest = Some((*limit, remaining, period.length));
                reset = (period.length - (now - window.start)).max(1);
            }
            headers.push((period.limit_header.clone(), HeaderValue::from(*limit)));
            headers.push((period.remaining_header.clone(), HeaderValue::from(remaining)));
        }
        if let Some((limit, remaining, _)) = nearest {
            headers.push((LIMIT, HeaderValue::from(limit)));
            headers.push((REMAINING, HeaderValue::from(remaining)));
            headers.push((RESET, HeaderValue::from(reset)));
        }
        Standing { headers, reset, full: stop.is_some() }
    }

    async fn decide(&self, exchange: Exchange<'_>) -> Flow {
        let now = self.clock.now().secs();
        let who = format!("{}:{}", self.id, self.by.identifier(&exchange));
        let windows: Vec<Window> =
            self.limits.iter().map(|(period, limit)| period.window(now, *limit)).collect();
        let before = match self.store.count(&who, &windows, now).await {
            Ok(before) => before,
            Err(fault) if self.fault_tolerant => {
                let request_id = &exchange.head.request_id;
                tracing::error!(plugin = NAME, instance = %self.id, request_id, "{fault}: the request is not counted");
                return Flow::Continue;
            }
            Err(fault) => {
                exchange.notes.detail = Some(fault.to_string());
                return Flow::Refuse(Box::new(Refusal {
                    form: Form::Gateway,
                    ..Refusal::new(TrafficFault::CountersUnreachable)
                }));
            }
        };
        let Standing { mut headers, reset, full } = self.standing(&windows, &before, now);
        if self.hide {
            headers.clear();
        }
        if !full {
            exchange.notes.response_headers.append(&mut headers);
            return Flow::Continue;
        }
        if !self.hide {
            headers.push((RETRY_AFTER, HeaderValue::from(reset)));
        }
        Flow::Refuse(Box::new(Refusal {
            status: Some(self.status),
            message: Some(self.message.clone().into()),
            headers,
            form: Form::Gateway,
            ..Refusal::new(TrafficFault::RateLimited)
        }))
    }
}

impl Plugin for RateLimiting {
    fn name(&self) -> &'static str {
        NAME
    }

    fn priority(&self) -> i32 {
        PRIORITY
    }

    fn access<'a>(&'a self, exchange: Exchange<'a>) -> Decision<'a> {
        Box::pin(self.decide(exchange))
    }
}
