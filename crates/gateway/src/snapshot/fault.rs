use keybound_plugins::contract::BuildFault;

/// Why a configuration cannot be served; the snapshot before it keeps serving.
#[derive(Debug, thiserror::Error)]
pub enum CompileFault {
    /// A plugin cannot be built.
    #[error(transparent)]
    Plugin(#[from] BuildFault),
    /// An entity asks for something that this gateway does not do.
    #[error("{entity}: {field}: {reason}")]
    Unsupported {
        /// The entity: `service 'orders'`.
        entity: String,
        /// The field.
        field: &'static str,
        /// What is wrong with its value.
        reason: String,
    },
    /// A pattern that does not compile.
    #[error("{entity}: {field}: invalid pattern '{pattern}': {reason}")]
    Pattern {
        /// The entity: `route 'orders'`.
        entity: String,
        /// The field.
        field: &'static str,
        /// The pattern as configured.
        pattern: String,
        /// Why.
        reason: String,
    },
    /// A reference to something that is not there.
    #[error("{entity}: {field}: there is no {wanted}")]
    Missing {
        /// The entity: `route 'orders'`.
        entity: String,
        /// The field.
        field: &'static str,
        /// The id that nothing has.
        wanted: String,
    },
}
