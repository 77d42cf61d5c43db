use http::HeaderValue;

use crate::settings::ErrorType;

/// The form of an error for a client that sent this `Accept`: the range of the highest weight that names a form we
/// have, the first one on a tie (RFC 9110 §12.5.1). `None` when none does.
pub(crate) fn accepted(accept: &HeaderValue) -> Option<ErrorType> {
    let mut best: Option<(u16, ErrorType)> = None;
    for range in accept.to_str().ok()?.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let Some(kind) = parts.next().and_then(form) else { continue };
        let weight = parts.filter_map(|part| part.strip_prefix("q=")).next().map_or(1000, weight);
        if weight > 0 && best.is_none_or(|(heaviest, _)| weight > heaviest) {
            best = Some((weight, kind));
        }
    }
    best.map(|(_, kind)| kind)
}

fn form(range: &str) -> Option<ErrorType> {
    match range.to_ascii_lowercase().as_str() {
        "application/json" | "application/*" | "*/*" => Some(ErrorType::Json),
        "text/html" => Some(ErrorType::Html),
        "application/xml" | "text/xml" => Some(ErrorType::Xml),
        "text/plain" | "text/*" => Some(ErrorType::Plain),
        _ => None,
    }
}

/// A weight in thousandths; one that is no weight counts as nothing.
fn weight(text: &str) -> u16 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return 0;
    }
    let thousandths = format!("{fraction:0<3}").parse().unwrap_or(0);
    match whole {
        "0" => thousandths,
        "1" => 1000,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("application/json", Some(ErrorType::Json))]
    #[case("*/*", Some(ErrorType::Json))]
    #[case("application/*", Some(ErrorType::Json))]
    #[case("text/*", Some(ErrorType::Plain))]
    #[case("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Some(ErrorType::Html))]
    #[case("application/json;q=0.2, application/xml;q=0.5", Some(ErrorType::Xml))]
    #[case("text/html;q=0, text/plain;q=0.001", Some(ErrorType::Plain))]
    #[case("TEXT/HTML; charset=utf-8", Some(ErrorType::Html))]
    #[case("image/png", None)]
    #[case("image/png, text/plain", Some(ErrorType::Plain))]
    #[case("text/html;q=2", None)]
    #[case("", None)]
    fn the_heaviest_range_that_names_a_form_decides(#[case] accept: &str, #[case] want: Option<ErrorType>) {
        assert_eq!(accepted(&HeaderValue::from_str(accept).unwrap()), want);
    }
}
