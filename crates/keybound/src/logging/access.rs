use std::cell::RefCell;
use std::sync::Arc;

use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::Context;

use super::sink::Sink;
use super::{ADMIN_ACCESS, PROXY_ACCESS, STATUS_ACCESS, line};
use crate::clock::SystemClock;
use crate::settings::LogFormat;

/// Most bytes of a line that a thread keeps room for.
const KEPT: usize = 16 * 1024;

thread_local! {
    static LINE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Writes access records as lines of their logs.
#[derive(Debug, Default)]
pub(super) struct Access {
    pub(super) proxy: Option<Way>,
    pub(super) admin: Option<Way>,
    pub(super) status: Option<Way>,
}

/// The way of the records of one kind.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) format: LogFormat,
    pub(super) sink: Arc<Sink>,
}

impl Access {
    fn way(&self, target: &str) -> Option<&Way> {
        match target {
            PROXY_ACCESS => self.proxy.as_ref(),
            ADMIN_ACCESS => self.admin.as_ref(),
            STATUS_ACCESS => self.status.as_ref(),
            _ => None,
        }
    }

    /// What comes this way: access records that are wanted, whatever the level of the log is.
    pub(super) fn filter(&self) -> Targets {
        let mut targets = Targets::new().with_default(LevelFilter::OFF);
        for target in [PROXY_ACCESS, ADMIN_ACCESS, STATUS_ACCESS] {
            let level = if self.way(target).is_some() { LevelFilter::INFO } else { LevelFilter::OFF };
            targets = targets.with_target(target, level);
        }
        targets
    }
}

impl<S: Subscriber> Layer<S> for Access {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let Some(way) = self.way(event.metadata().target()) else { return };
        LINE.with(|line| {
            // Nothing that is logged while a line is written is an access record, so that nobody else has it.
            let Ok(mut line) = line.try_borrow_mut() else { return };
            line.clear();
            line::write(&mut line, way.format, event, SystemClock.since_epoch());
            way.sink.push(line.as_bytes());
            line.shrink_to(KEPT);
        });
    }
}
