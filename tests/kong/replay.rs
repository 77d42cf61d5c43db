//! Each file is sent and compared, on an Admin API of its own.

use std::fs;
use std::path::{Path, PathBuf};

use crate::conversation::{self, Request};
use crate::lab::Lab;
use crate::names::Names;
use crate::wire::Reply;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("kong/golden")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_conversation_goes_as_written() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let only = std::env::var("GOLDEN").ok();
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut differences = Vec::new();
    let mut exchanges = 0;
    for file in files {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        if only.as_ref().is_some_and(|only| *only != name) {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let (count, answered, found) = converse(&name, &text).await;
        exchanges += count;
        differences.extend(found);
        if update && answered != text {
            fs::write(&file, answered).unwrap();
        }
    }
    assert!(update || differences.is_empty(), "\n{}", differences.join("\n"));
    assert!(only.is_some() || exchanges > 500, "only {exchanges} exchanges");
}

/// Sends what a file says; gives back how many requests that were, the file with the answers that came, and where they
/// differ.
async fn converse(name: &str, text: &str) -> (usize, String, Vec<String>) {
    let lab = Lab::start(name.starts_with("declarative")).await;
    let mut names = Names::new();
    let mut exchanges = conversation::read(text);
    let mut differences = Vec::new();
    for exchange in &mut exchanges {
        let lines: Vec<String> = exchange.request.iter().map(|line| names.spelled_out(line)).collect();
        let request = Request::parse(&lines);
        lab.pass(request.wait);
        let reply = Reply::to(lab.address, &request).await;
        let came: Vec<String> =
            reply.lines(&request.shown).iter().map(|line| names.shortened(line)).collect();
        if came != exchange.answer {
            let title = &exchange.title;
            differences.push(format!("{name}: {title}\n{}", difference(&exchange.answer, &came)));
        }
        exchange.answer = came;
    }
    (exchanges.len(), conversation::write(&exchanges), differences)
}

/// The lines that differ, from the first to the last.
fn difference(wanted: &[String], came: &[String]) -> String {
    let same = wanted.iter().zip(came).take_while(|(a, b)| a == b).count();
    let (wanted, came) = (&wanted[same..], &came[same..]);
    let tail = wanted.iter().rev().zip(came.iter().rev()).take_while(|(a, b)| a == b).count();
    let lines = |sign: &str, lines: &[String]| -> String {
        lines[..lines.len() - tail].iter().map(|line| format!("{sign} {line}\n")).collect()
    };
    lines("-", wanted) + &lines("+", came)
}
