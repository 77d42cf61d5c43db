use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use uuid::Uuid;

use super::{
    Answer, BodySource, Directory, Exchange, Flow, Head, Listening, Notes, Plugin, Public, Refusal, Reserved,
    Resource, ResponseHead, Trace,
};

/// The service and the route that a request matched, as access records and metrics name them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// Id and name of the service.
    pub service: Option<(Arc<str>, Option<Arc<str>>)>,
    /// Id and name of the route.
    pub route: Option<(Arc<str>, Option<Arc<str>>)>,
}

/// For whose requests an instance runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Everybody's.
    Anyone,
    /// Those of one consumer.
    Consumer(Uuid),
    /// Those of the consumers of one group.
    Group(Uuid),
}

/// The instances of one plugin that may run for a route, of which one does: the first whose audience the request is of.
#[derive(Clone)]
pub struct Slot {
    candidates: Vec<(Audience, Arc<dyn Plugin>)>,
}

/// The plugins of one service and route, in the order in which they run.
#[derive(Clone, Default)]
pub struct Chain {
    slots: Arc<[Slot]>,
    scope: Arc<Scope>,
    directory: Arc<Directory>,
    /// Whether which instance runs depends on the consumer.
    personal: bool,
    /// Whether any of its instances may ask for bodies, and what the most curious of them wants to hear.
    edits_bodies: bool,
    listening: Listening,
    /// The plugin that traces, when one does.
    tracer: Option<Arc<dyn Plugin>>,
    credential_names: Arc<[String]>,
    asks_for_certificate: bool,
    reserved: Reserved,
    /// The plugin that publishes metadata, when one does, and of what.
    publisher: Option<(Arc<dyn Plugin>, Resource)>,
}

/// What edits the body of one response, and how much of it is taken.
pub struct BodyEdit {
    plugins: Vec<Arc<dyn Plugin>>,
    limit: usize,
}

/// A request that every plugin of its chain let through.
///
/// The upstream stage takes nothing else, and nothing but [`Chain::decide`] makes one. What a chain permitted is forwarded:
///
/// ```
/// # use keybound_plugins::contract::{Head, Permit};
/// fn upstream(_: Permit) {}
/// fn gateway(head: Head, permit: Permit) {
///     upstream(permit);
/// }
/// ```
///
/// A head that no chain decided on is not. The same lines, but for the one that hands over, do not compile:
///
/// ```compile_fail,E0308
/// # use keybound_plugins::contract::{Head, Permit};
/// fn upstream(_: Permit) {}
/// fn gateway(head: Head, permit: Permit) {
///     upstream(head);
/// }
/// ```
///
/// Nor does anybody make a permit by hand; a chain's is taken as it comes:
///
/// ```
/// # use keybound_plugins::contract::{Head, Permit};
/// fn permit(head: Head, permit: Permit) -> Permit {
///     permit
/// }
/// ```
///
/// ```compile_fail,E0451
/// # use keybound_plugins::contract::{Head, Permit};
/// fn permit(head: Head, permit: Permit) -> Permit {
///     Permit { head }
/// }
/// ```
#[derive(Debug)]
pub struct Permit {
    head: Head,
}

/// Why a request is not forwarded.
#[derive(Debug)]
pub enum Stop {
    /// A plugin refused it.
    Refusal(Box<Refusal>),
    /// A plugin answered it.
    Answer(Box<Answer>),
}

impl Slot {
    /// The instances of one plugin, the most specific first; `None` when there are none.
    #[must_use]
    pub fn new(candidates: Vec<(Audience, Arc<dyn Plugin>)>) -> Option<Self> {
        (!candidates.is_empty()).then_some(Self { candidates })
    }

    fn order(&self) -> (i32, &'static str) {
        self.candidates.first().map_or((0, ""), |(_, plugin)| (plugin.priority(), plugin.name()))
    }

    fn is_personal(&self) -> bool {
        self.candidates.iter().any(|(audience, _)| *audience != Audience::Anyone)
    }

    fn choose(&self, notes: &Notes, directory: &Directory) -> Option<&Arc<dyn Plugin>> {
        let consumer = notes.identity.consumer.as_ref().map(|consumer| consumer.id);
        let is_of = |audience: &Audience| match (audience, consumer) {
            (Audience::Anyone, _) => true,
            (Audience::Consumer(id), Some(consumer)) => *id == consumer,
            (Audience::Group(id), _) => notes.identity.consumer_groups(directory).contains(id),
            (Audience::Consumer(_), None) => false,
        };
        self.candidates.iter().find(|(audience, _)| is_of(audience)).map(|(_, plugin)| plugin)
    }
}

impl Chain {
    /// A chain of these plugins for this service and route, which run for everybody.
    #[must_use]
    pub fn new(plugins: Vec<Arc<dyn Plugin>>, scope: Scope) -> Self {
        let slots = plugins.into_iter().map(|plugin| Slot { candidates: vec![(Audience::Anyone, plugin)] });
        Self::of(slots.collect(), scope, Arc::default())
    }

    /// A chain of these slots, one for each plugin, sorted into the order in which they run.
    #[must_use]
    pub fn of(mut slots: Vec<Slot>, scope: Scope, directory: Arc<Directory>) -> Self {
        slots.sort_by(|a, b| {
            let ((priority, name), (other, other_name)) = (a.order(), b.order());
            other.cmp(&priority).then_with(|| other_name.cmp(name))
        });
        let personal = slots.iter().any(Slot::is_personal);
        let all = || slots.iter().flat_map(|slot| &slot.candidates).map(|(_, plugin)| plugin);
        let edits_bodies = all().any(|plugin| plugin.edits_bodies());
        let listening = all().map(|plugin| plugin.listens()).max().unwrap_or_default();
        let tracer = all().find(|plugin| plugin.traces()).map(Arc::clone);
        let mut names: Vec<String> = all().flat_map(|plugin| plugin.credential_names()).collect();
        let reserved = Reserved::of(all().flat_map(|plugin| plugin.reserved_fields()));
        names.iter_mut().for_each(|name| name.make_ascii_lowercase());
        names.sort_unstable();
        names.dedup();
        let asks_for_certificate = all().any(|plugin| plugin.asks_for_certificate());
        let everybody = slots.iter().flat_map(|slot| &slot.candidates);
        let publisher = everybody
            .filter(|(audience, _)| *audience == Audience::Anyone)
            .find_map(|(_, plugin)| Some((Arc::clone(plugin), plugin.publishes()?.resource())));
        Self {
            slots: slots.into(),
            scope: Arc::new(scope),
            directory,
            personal,
            edits_bodies,
            listening,
            tracer,
            credential_names: names.into(),
            asks_for_certificate,
            reserved,
            publisher,
        }
    }

    /// Names of fields and parameters in which one of the plugins takes credentials, in lower case.
    #[must_use]
    pub fn credential_names(&self) -> &[String] {
        &self.credential_names
    }

    /// Whether the handshake must ask clients for a certificate.
    #[must_use]
    pub fn asks_for_certificate(&self) -> bool {
        self.asks_for_certificate
    }

    /// Names of request fields that one of the plugins sets for the upstream.
    #[must_use]
    pub fn reserved(&self) -> &Reserved {
        &self.reserved
    }

    /// The protected resource whose metadata one of its plugins publishes (RFC 9728).
    #[must_use]
    pub fn resource(&self) -> Option<&Resource> {
        self.publisher.as_ref().map(|(_, resource)| resource)
    }

    /// The metadata of that resource, as JSON, for the origin that the client sees and the route's own path.
    #[must_use]
    pub fn resource_document(&self, public: &Public, path: &str) -> Option<Bytes> {
        let (plugin, _) = self.publisher.as_ref()?;
        plugin.publishes().map(|publisher| publisher.document(public, path))
    }

    /// The plugins that run for everybody, in the order in which they run.
    #[must_use]
    pub fn plugins(&self) -> Vec<Arc<dyn Plugin>> {
        self.slots
            .iter()
            .flat_map(|slot| &slot.candidates)
            .filter(|(audience, _)| *audience == Audience::Anyone)
            .map(|(_, plugin)| Arc::clone(plugin))
            .collect()
    }

    /// The service and the route this chain belongs to.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Lets each plugin decide, in order, and ends at the first that refuses or answers. Which instance of a plugin runs
    /// is chosen when its turn comes: by then the plugins before it have found out who calls.
    ///
    /// # Errors
    /// The refusal or the answer of the first plugin that does not continue.
    pub async fn decide(
        &self,
        mut head: Head,
        body: &mut dyn BodySource,
        notes: &mut Notes,
    ) -> Result<Permit, Stop> {
        let mut stop = None;
        for slot in self.slots.iter() {
            let Some(plugin) = slot.choose(notes, &self.directory) else { continue };
            if self.personal {
                notes.chosen.push(Arc::clone(plugin));
            }
            // After a stop the rest is still chosen, for the phases of the response.
            if stop.is_some() {
                if self.personal { continue } else { break }
            }
            let exchange = Exchange {
                head: &mut head,
                body: &mut *body,
                notes: &mut *notes,
                scope: &self.scope,
                directory: &self.directory,
            };
            let flow = if self.tracer.is_some() {
                traced(plugin, exchange).await
            } else {
                plugin.access(exchange).await
            };
            match flow {
                Flow::Continue => {}
                Flow::Refuse(refusal) => stop = Some(Stop::Refusal(refusal)),
                Flow::Answer(answer) => stop = Some(Stop::Answer(answer)),
            }
        }
        stop.map_or(Ok(Permit { head }), Err)
    }

    /// The plugins that want the body of this response, when there are any.
    #[must_use]
    pub fn body_edit(&self, response: &ResponseHead<'_>) -> Option<BodyEdit> {
        if !self.edits_bodies {
            return None;
        }
        let mut plugins = Vec::new();
        let mut limit = 0;
        for plugin in self.chosen(response.notes) {
            if let Some(wanted) = plugin.wants_body(response) {
                limit = limit.max(wanted);
                plugins.push(plugin);
            }
        }
        (!plugins.is_empty()).then_some(BodyEdit { plugins, limit })
    }

    /// The trace of a request that came in at `started`, where one of the plugins traces.
    #[must_use]
    pub fn trace(&self, head: &Head, started: Instant) -> Option<Box<Trace>> {
        self.tracer.as_ref()?.trace(head, started)
    }

    /// What the most curious of its plugins wants to hear of each request.
    #[must_use]
    pub fn listening(&self) -> Listening {
        self.listening
    }

    /// The plugins that are to hear of the request that these notes are of.
    #[must_use]
    pub fn listeners(&self, notes: &Notes) -> Vec<Arc<dyn Plugin>> {
        if self.listening == Listening::Nothing {
            return Vec::new();
        }
        let mut chosen = self.chosen(notes);
        chosen.retain(|plugin| plugin.listens() != Listening::Nothing);
        chosen
    }

    /// The instances that run for a request; those for everybody where none were chosen yet.
    fn chosen(&self, notes: &Notes) -> Vec<Arc<dyn Plugin>> {
        if self.personal && !notes.chosen.is_empty() {
            return notes.chosen.clone();
        }
        self.plugins()
    }

    /// Lets each plugin that was chosen edit the head of the response, the upstream's or Keybound's own.
    pub fn respond(&self, response: &mut ResponseHead<'_>) {
        if self.personal {
            let chosen = std::mem::take(&mut response.notes.chosen);
            for plugin in &chosen {
                plugin.response(response);
            }
            response.notes.chosen = chosen;
            return;
        }
        for slot in self.slots.iter() {
            if let Some((_, plugin)) = slot.candidates.first() {
                plugin.response(response);
            }
        }
    }
}

/// A plugin's decision, as a part of the request's trace.
async fn traced(plugin: &Arc<dyn Plugin>, exchange: Exchange<'_>) -> Flow {
    let Exchange { head, body, notes, scope, directory } = exchange;
    let measured = notes.trace.as_mut().filter(|trace| trace.measured.plugin_access);
    let open = measured.and_then(|trace| trace.open(format!("kong.access.plugin.{}", plugin.name()), false));
    let exchange = Exchange { head, body, notes: &mut *notes, scope, directory };
    let flow = plugin.access(exchange).await;
    let fault = match &flow {
        Flow::Refuse(refusal) => Some(refusal.fault.row().code),
        Flow::Continue | Flow::Answer(_) => None,
    };
    notes.close(open, fault);
    flow
}

impl BodyEdit {
    /// The bytes that are taken at most.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Lets each of the plugins edit the body, in order.
    #[must_use]
    pub fn apply(&self, response: &mut ResponseHead<'_>, body: Bytes) -> Bytes {
        self.plugins.iter().fold(body, |body, plugin| plugin.body(response, body))
    }
}

impl Permit {
    /// The request to forward.
    #[must_use]
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Takes the request out, to forward it.
    #[must_use]
    pub fn into_head(self) -> Head {
        self.head
    }
}
