//! The frame of a plugin that authenticates: when it looks at a request, and what follows.

use std::future::Future;
use std::sync::Arc;

use http::Method as HttpMethod;
use keybound_model::entity::Consumer;
use keybound_model::{Errors, PluginDescription, Record};
use keybound_pop::time::{Clock, UnixTime};

use super::{become_anonymous, config, fields};
use crate::contract::{
    BodySource, Decision, Directory, Exchange, Flow, Head, Identity, Instance, Notes, Plugin, Refusal,
};
use crate::environment::Environment;
use crate::kind::Kind;

/// Fields of configurations that name where credentials are taken from.
const CREDENTIAL_NAMES: [&str; 3] = ["key_names", "header_names", "uri_param_names"];

/// A way to authenticate.
pub(crate) trait Method: Sized + Send + Sync + 'static {
    /// The plugin's name.
    const NAME: &'static str;
    /// Its place in the order.
    const PRIORITY: i32;

    /// What the configuration side knows of it.
    fn description() -> PluginDescription;

    /// Its settings.
    ///
    /// # Errors
    /// What the schema cannot tell.
    fn parse(config: &Record) -> Result<Self, Invalid>;

    /// Finds out who calls. Credentials that are not to be forwarded leave the request here.
    fn identify<'a>(
        &'a self,
        call: Call<'a>,
    ) -> impl Future<Output = Result<Found, Box<Refusal>>> + Send + 'a;
}

/// A setting that cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Invalid {
    pub(crate) field: &'static str,
    pub(crate) text: String,
}

/// What a way to authenticate looks at.
pub(crate) struct Call<'a> {
    pub(crate) head: &'a mut Head,
    pub(crate) body: &'a mut dyn BodySource,
    pub(crate) directory: &'a Directory,
    pub(crate) now: UnixTime,
}

/// Who calls.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) consumer: Arc<Consumer>,
    /// What upstreams are told of the credential.
    pub(crate) credential: String,
}

/// A configured plugin that authenticates.
pub(crate) struct Authentication<M> {
    method: M,
    anonymous: Option<String>,
    run_on_preflight: bool,
    credential_names: Vec<String>,
    clock: Arc<dyn Clock>,
}

/// Notes that a provider's user is known: it is not the anonymous consumer that a plugin before took it for.
pub(crate) fn accept(identity: &mut Identity) {
    identity.authenticated = true;
    if std::mem::take(&mut identity.anonymous) {
        identity.consumer = None;
    }
}

/// The plugin of a way to authenticate.
pub(crate) fn kind<M: Method>() -> Box<dyn Kind> {
    Box::new(Authenticating::<M> { description: M::description(), method: std::marker::PhantomData })
}

struct Authenticating<M> {
    description: PluginDescription,
    method: std::marker::PhantomData<M>,
}

impl<M: Method> Kind for Authenticating<M> {
    fn description(&self) -> &PluginDescription {
        &self.description
    }

    fn check(&self, config: &Record) -> Result<(), Errors> {
        M::parse(config).map(drop).map_err(|invalid| Errors::field(invalid.field, invalid.text))
    }

    fn build(&self, instance: &Instance<'_>, environment: &Environment) -> Result<Arc<dyn Plugin>, String> {
        let config = instance.config;
        let method = M::parse(config).map_err(|invalid| format!("{}: {}", invalid.field, invalid.text))?;
        Ok(Arc::new(Authentication {
            method,
            anonymous: config::text(config, "anonymous").map(str::to_owned),
            // A plugin without the field runs on every method.
            run_on_preflight: !config.contains_key("run_on_preflight")
                || config::flag(config, "run_on_preflight"),
            credential_names: CREDENTIAL_NAMES.iter().flat_map(|field| config::list(config, field)).collect(),
            clock: Arc::clone(&environment.clock),
        }))
    }
}

impl<M: Method> Plugin for Authentication<M> {
    fn credential_names(&self) -> Vec<String> {
        self.credential_names.clone()
    }

    fn name(&self) -> &'static str {
        M::NAME
    }

    fn priority(&self) -> i32 {
        M::PRIORITY
    }

    fn access<'a>(&'a self, exchange: Exchange<'a>) -> Decision<'a> {
        Box::pin(async move {
            let Exchange { head, body, notes, directory, .. } = exchange;
            let flow = self.decide(head, body, notes, directory).await;
            fields::restate(&mut head.headers, &notes.identity);
            flow
        })
    }
}

impl<M: Method> Authentication<M> {
    async fn decide(
        &self,
        head: &mut Head,
        body: &mut dyn BodySource,
        notes: &mut Notes,
        directory: &Directory,
    ) -> Flow {
        if !self.run_on_preflight && head.method == HttpMethod::OPTIONS {
            return Flow::Continue;
        }
        if self.anonymous.is_some() && notes.identity.authenticated {
            return Flow::Continue;
        }
        let call = Call { head, body, directory, now: self.clock.now() };
        let refusal = match self.method.identify(call).await {
            Ok(Found { consumer, credential }) => {
                let identity = &mut notes.identity;
                identity.consumer = Some(consumer);
                identity.credential = Some(credential);
                (identity.authenticated, identity.anonymous) = (true, false);
                return Flow::Continue;
            }
            Err(refusal) => refusal,
        };
        let Some(anonymous) = &self.anonymous else { return Flow::Refuse(refusal) };
        match become_anonymous(anonymous, notes, directory) {
            Ok(()) => Flow::Continue,
            Err(refusal) => Flow::Refuse(refusal),
        }
    }
}
