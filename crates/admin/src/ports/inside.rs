use serde_json::Value;

/// Looks into the process, for `/debug/memory` and `/debug/tasks` of the Status API. Everything it says is a number.
pub trait Inside: Send + Sync {
    /// What memory there is and what takes it.
    fn memory(&self) -> Value;

    /// What the threads do.
    fn tasks(&self) -> Value;
}
