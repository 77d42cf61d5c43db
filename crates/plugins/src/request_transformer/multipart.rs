use super::rules::Filled;

/// One part: its header section as it came, the name that it has, and its content.
struct Part<'a> {
    head: String,
    name: Option<String>,
    content: &'a [u8],
}

/// The boundary that a content type tells (RFC 2046 §5.1.1).
pub(super) fn boundary(content_type: &str) -> Option<String> {
    let value = content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then_some(value.trim())
    })?;
    let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    (1..=70).contains(&value.len()).then(|| value.to_owned())
}

/// Edits the parts of a form by their names; `None` when the body is no such form.
pub(super) fn edit(rules: &Filled<'_>, boundary: &str, body: &[u8]) -> Option<Vec<u8>> {
    let mut parts = parse(boundary, body)?;
    let has = |parts: &[Part<'_>], name: &str| parts.iter().any(|part| part.name.as_deref() == Some(name));
    for name in rules.remove {
        parts.retain(|part| part.name.as_ref() != Some(name));
    }
    for (old, new) in rules.rename {
        for part in parts.iter_mut().filter(|part| part.name.as_ref() == Some(old)) {
            *part = Part { head: disposition(new), name: Some(new.clone()), content: part.content };
        }
    }
    for (name, value) in &rules.replace {
        for part in parts.iter_mut().filter(|part| part.name.as_deref() == Some(*name)) {
            part.content = value.as_bytes();
        }
    }
    let missing: Vec<_> = rules.add.iter().filter(|(name, _)| !has(&parts, name)).collect();
    for (name, value) in missing.into_iter().chain(&rules.append) {
        let name = (*name).to_owned();
        parts.push(Part { head: disposition(&name), name: Some(name), content: value.as_bytes() });
    }
    Some(write(boundary, &parts))
}

fn disposition(name: &str) -> String {
    let name = name.replace('"', "%22").replace(['\r', '\n'], " ");
    format!("Content-Disposition: form-data; name=\"{name}\"")
}

fn parse<'a>(boundary: &str, body: &'a [u8]) -> Option<Vec<Part<'a>>> {
    let delimiter = format!("\r\n--{boundary}");
    let first = format!("--{boundary}");
    let mut rest = match body.strip_prefix(first.as_bytes()) {
        Some(rest) => rest,
        None => after(body, delimiter.as_bytes())?.1,
    };
    let mut parts = Vec::new();
    loop {
        if rest.starts_with(b"--") {
            return Some(parts);
        }
        let (_, section) = after(rest, b"\r\n")?;
        let (section, next) = after(section, delimiter.as_bytes())?;
        let (head, content) = match section.strip_prefix(b"\r\n") {
            Some(content) => (&b""[..], content),
            None => after(section, b"\r\n\r\n")?,
        };
        let head = String::from_utf8(head.to_vec()).ok()?;
        let name = name_of(&head);
        parts.push(Part { head, name, content });
        rest = next;
    }
}

/// What stands before and after the first place of a pattern.
fn after<'a>(text: &'a [u8], pattern: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = text.windows(pattern.len()).position(|window| window == pattern)?;
    Some((text.get(..at)?, text.get(at + pattern.len()..)?))
}

fn name_of(head: &str) -> Option<String> {
    let line = head.split("\r\n").find(|line| {
        let field = line.split(':').next().unwrap_or_default();
        field.trim().eq_ignore_ascii_case("content-disposition")
    })?;
    let parameter = line.split(';').map(str::trim).find_map(|parameter| parameter.strip_prefix("name="))?;
    Some(parameter.trim_matches('"').to_owned())
}

fn write(boundary: &str, parts: &[Part<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for part in parts {
        body.extend_from_slice(format!("--{boundary}\r\n{}\r\n\r\n", part.head).as_bytes());
        body.extend_from_slice(part.content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    body
}
