use super::HtuFault;

/// A path in the normal form of RFC 3986 §6.2.2: escapes of unreserved characters decoded, the hexadecimal digits of the others in
/// upper case, characters that should have been escaped escaped, dot segments removed (plain and encoded); the empty path is `/`.
///
/// Double slashes, trailing slashes, `%2F` and parameters stay as they are: they are significant.
///
/// # Errors
/// [`HtuFault::Escape`] on a percent sign without two hexadecimal digits; [`HtuFault::Character`] on white space, a control
/// character, a backslash or another character that a path cannot hold; [`HtuFault::NotAbsolute`] when it does not begin with
/// a slash.
pub fn normal_path(path: &str) -> Result<String, HtuFault> {
    if path.is_empty() {
        return Ok("/".to_owned());
    }
    if !path.starts_with('/') {
        return Err(HtuFault::NotAbsolute);
    }
    let decoded = normal_escapes(path)?;
    Ok(if decoded.contains("/.") { remove_dot_segments(&decoded) } else { decoded })
}

fn normal_escapes(path: &str) -> Result<String, HtuFault> {
    let mut out = String::with_capacity(path.len());
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let value =
                    bytes.next().and_then(hex).zip(bytes.next().and_then(hex)).ok_or(HtuFault::Escape)?;
                let value = value.0 << 4 | value.1;
                if is_unreserved(value) { out.push(char::from(value)) } else { escape(value, &mut out) }
            }
            _ if stands_in_path(byte) => out.push(char::from(byte)),
            b'"' | b'<' | b'>' | b'^' | b'`' | b'{' | b'|' | b'}' | 0x80.. => escape(byte, &mut out),
            _ => return Err(HtuFault::Character),
        }
    }
    Ok(out)
}

fn escape(byte: u8, out: &mut String) {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    out.push('%');
    for digit in [byte >> 4, byte & 15] {
        out.extend(DIGITS.get(usize::from(digit)));
    }
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// `pchar`, the slash, and the brackets, which clients send unescaped although they should not. The other characters that a URL
/// should have escaped are escaped here, as they are in the request's path.
const fn stands_in_path(byte: u8) -> bool {
    is_unreserved(byte)
        || matches!(
            byte,
            b'/' | b'!'
                | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b':'
                | b';'
                | b'='
                | b'@'
                | b'['
                | b']'
        )
}

/// RFC 3986 §5.2.4, for a path that begins with a slash.
fn remove_dot_segments(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." => {}
            ".." => {
                kept.pop();
            }
            _ => {
                kept.push(segment);
                continue;
            }
        }
        if last {
            kept.push("");
        }
    }
    let mut out = String::with_capacity(path.len());
    for segment in kept {
        out.push('/');
        out.push_str(segment);
    }
    if out.is_empty() { "/".to_owned() } else { out }
}
