//! Where Keybound keeps its configuration, and the state that requests share.
