//! The data plane: listen, route, proxy, observe.
