//! Any text as a route's expression.

use keybound_gateway::check_expression;

/// It is refused with one line, the same twice, or taken; nothing is so deep that reading it ends the process.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let checked = check_expression(text);
    assert_eq!(checked.is_ok(), check_expression(text).is_ok(), "the same twice");
    // In brackets it is the same expression.
    if checked.is_ok() && text.len() < 4000 {
        assert!(check_expression(&format!("({text})")).is_ok(), "{text}");
    }
}
