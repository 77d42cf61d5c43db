use std::sync::Arc;

use super::{BodySource, Exchange, Flow, Head, Notes, Plugin, Refusal, ResponseHead};

/// The service and the route that a request matched, as access records and metrics name them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// Id and name of the service.
    pub service: Option<(Arc<str>, Option<Arc<str>>)>,
    /// Id and name of the route.
    pub route: Option<(Arc<str>, Option<Arc<str>>)>,
}

/// The plugins of one service and route, in the order in which they run.
#[derive(Clone, Default)]
pub struct Chain {
    plugins: Arc<[Arc<dyn Plugin>]>,
    scope: Arc<Scope>,
}

/// A request that every plugin of its chain let through.
///
/// The upstream stage takes nothing else, and nothing but [`Chain::decide`] makes one: forwarding a request that was
/// not decided does not compile.
#[derive(Debug)]
pub struct Permit {
    head: Head,
}

impl Chain {
    /// A chain of these plugins for this service and route, sorted into the order in which they run.
    #[must_use]
    pub fn new(mut plugins: Vec<Arc<dyn Plugin>>, scope: Scope) -> Self {
        plugins.sort_by(|a, b| b.priority().cmp(&a.priority()).then_with(|| b.name().cmp(a.name())));
        Self { plugins: plugins.into(), scope: Arc::new(scope) }
    }

    /// The plugins, in the order in which they run.
    #[must_use]
    pub fn plugins(&self) -> &[Arc<dyn Plugin>] {
        &self.plugins
    }

    /// The service and the route this chain belongs to.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Lets each plugin decide, in order, and ends at the first refusal.
    ///
    /// # Errors
    /// The refusal of the first plugin that refuses.
    pub async fn decide(
        &self,
        mut head: Head,
        body: &mut dyn BodySource,
        notes: &mut Notes,
    ) -> Result<Permit, Box<Refusal>> {
        for plugin in self.plugins.iter() {
            let exchange =
                Exchange { head: &mut head, body: &mut *body, notes: &mut *notes, scope: &self.scope };
            match plugin.access(exchange).await {
                Flow::Continue => {}
                Flow::Refuse(refusal) => return Err(refusal),
            }
        }
        Ok(Permit { head })
    }

    /// Lets each plugin edit the head of the response, the upstream's or Keybound's own.
    pub fn respond(&self, response: &mut ResponseHead<'_>) {
        for plugin in self.plugins.iter() {
            plugin.response(response);
        }
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
