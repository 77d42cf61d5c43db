//! h2spec, every section, and what is known to fail.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::stage::Stage;
use crate::fault::Fault;
use crate::summary::Count;

/// A case that fails for a reason.
struct Known {
    /// Whether it does over TLS, rather than without.
    tls: bool,
    case: &'static str,
    reason: &'static str,
}

const KNOWN: &[Known] = &[Known {
    tls: false,
    case: "http2/3.5: Sends invalid connection preface",
    reason: "a listener without TLS speaks HTTP/1.1 too, so that bytes that are no preface are answered with its 400 before the \
             connection is closed; h2spec takes any answer for a failure",
}];

/// Runs every case against one listener. A failure that is not known fails, and so does a known one that passes.
pub(crate) fn run(program: &Path, stage: &Stage, tls: bool) -> Result<Count, Fault> {
    let address = if tls { stage.secure } else { stage.plain };
    let name = if tls { "h2spec-tls" } else { "h2spec-h2c" };
    let report = stage.folder.join(format!("{name}.xml"));
    let mut command = Command::new(program);
    command.args(["-h", &address.ip().to_string(), "-p", &address.port().to_string()]);
    // Seconds for each case: only cases that expect silence or fail take them.
    command.args(["-S", "-o", "5", "-j"]).arg(&report);
    if tls {
        command.args(["-t", "-k"]);
    }
    let said = command.stdin(Stdio::null()).output().map_err(Fault::with("h2spec"))?;
    let _ = fs::write(stage.folder.join(format!("{name}.txt")), &said.stdout);
    let report = fs::read_to_string(&report).map_err(Fault::with("h2spec left no report"))?;
    let Outcome { passed, skipped, failed } = read(&report);
    println!(
        "{} cases: {passed} passed, {} failed, {skipped} skipped",
        passed + skipped + count(&failed),
        failed.len()
    );
    let mut new = 0;
    for case in &failed {
        match KNOWN.iter().find(|known| known.tls == tls && known.case == case) {
            Some(known) => println!("known to fail: {case}\n  {}", known.reason),
            None => {
                println!("failed: {case}");
                new += 1;
            }
        }
    }
    let of_this = KNOWN.iter().filter(|known| known.tls == tls);
    for known in of_this.filter(|known| !failed.iter().any(|case| case == known.case)) {
        println!("passes, and is in the list of those that fail: {}", known.case);
        new += 1;
    }
    Ok(Count { passed, failed: new + skipped })
}

/// What a report tells.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    passed: u64,
    skipped: u64,
    failed: Vec<String>,
}

fn count(list: &[String]) -> u64 {
    u64::try_from(list.len()).unwrap_or(u64::MAX)
}

/// Reads a report in JUnit's form, as h2spec writes it.
fn read(report: &str) -> Outcome {
    let mut outcome = Outcome::default();
    for case in report.split("<testcase ").skip(1) {
        let (head, rest) = case.split_once('>').unwrap_or((case, ""));
        let body = rest.split("</testcase>").next().unwrap_or_default();
        if body.contains("<skipped") {
            outcome.skipped += 1;
        } else if body.contains("<failure") || body.contains("<error") {
            outcome.failed.push(format!("{}: {}", value(head, "package"), value(head, "classname")));
        } else {
            outcome.passed += 1;
        }
    }
    outcome
}

fn value(head: &str, name: &str) -> String {
    let value = head.split(&format!("{name}=\"")).nth(1).and_then(|rest| rest.split('"').next());
    let marks = [("&#34;", "\""), ("&#39;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    marks.iter().fold(value.unwrap_or_default().to_owned(), |text, (mark, plain)| text.replace(mark, plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_tells_what_passed_failed_and_was_skipped() {
        let report = "<testsuite name=\"x\" tests=\"3\" skipped=\"1\" failures=\"1\" errors=\"0\">\n\
            <testcase package=\"generic/1\" classname=\"Sends a preface\" time=\"0.0\"></testcase>\n\
            <testcase package=\"http2/3.5\" classname=\"Sends &#34;x&#34;\" time=\"0.1\"><failure>no</failure></testcase>\n\
            <testcase package=\"hpack/1\" classname=\"c\" time=\"0.0\"><skipped></skipped></testcase></testsuite>";
        let failed = vec!["http2/3.5: Sends \"x\"".to_owned()];
        assert_eq!(read(report), Outcome { passed: 1, skipped: 1, failed });
    }
}
