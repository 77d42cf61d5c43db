use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::thread;

use keybound_suites::Stage;
use serde_json::{Value, json};

use crate::{STATUS, get};

const KONG: (&str, &str) = ("proxy_access_log", "logs/access.log");

fn path(stage: &Stage, name: &str) -> PathBuf {
    stage.gateway.prefix().join("logs").join(name)
}

/// The lines of a log, once there are so many: another thread writes them, a little after the answers.
fn lines(file: &PathBuf, count: usize) -> Vec<String> {
    for _ in 0..200_000 {
        let text = fs::read_to_string(file).unwrap_or_default();
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        if lines.len() >= count && text.ends_with('\n') {
            return lines;
        }
        thread::yield_now();
    }
    panic!("{} has not {count} lines: {:?}", file.display(), fs::read_to_string(file));
}

#[test]
fn a_file_has_kongs_lines_without_queries_and_nobody_can_forge_one() {
    let stage = Stage::start_with(&[KONG], json!({}));
    let file = path(&stage, "access.log");
    let request = stage
        .bare("GET", "/nowhere%22%C3%A9?access_token=s3cret&x=1")
        .field("User-Agent", "a\"b\\c\tforged")
        .field("Referer", "https://a.example/page?code=s3cret#s3cret");
    let answer = stage.send(&stage.bare("GET", "/nowhere?access_token=s3cret").field("User-Agent", "plain"));
    let id = answer.all("x-kong-request-id")[0];
    let first = &lines(&file, 1)[0];
    let (before, rest) = first.split_once(" [").unwrap();
    assert_eq!(before, "127.0.0.1 - -");
    let (time, rest) = rest.split_once("] ").unwrap();
    assert!(time.ends_with(" +0000") && time.len() == 26, "{first}");
    let bytes = answer.body.len();
    let wanted = format!("\"GET /nowhere HTTP/1.1\" 404 {bytes} \"-\" \"plain\" kong_request_id: \"{id}\"");
    assert_eq!(rest, wanted);
    let _ = stage.send(&request);
    let second = &lines(&file, 2)[1];
    assert!(second.contains(r#""a\x22b\x5Cc\x09forged""#), "{second}");
    assert!(second.contains(r#""https://a.example/page""#), "{second}");
    assert_eq!(second.matches('"').count(), 8, "{second}");
    assert!(!fs::read_to_string(&file).unwrap().contains("s3cret"));
    assert!(!stage.gateway.log().contains("/nowhere"));
}

#[test]
fn a_rotated_log_goes_on_in_a_new_file_and_no_line_is_lost() {
    let stage = Stage::start_with(&[("proxy_access_log", "logs/access.log basic")], json!({}));
    let file = path(&stage, "access.log");
    let old = path(&stage, "access.log.1");
    let ask = |number: usize| assert_eq!(stage.send(&stage.bare("GET", &format!("/{number}"))).status, 404);
    for number in 0..20 {
        ask(number);
    }
    fs::rename(&file, &old).unwrap();
    let told = Command::new("kill").args(["-USR1", &stage.gateway.pid().to_string()]).status().unwrap();
    assert!(told.success());
    let mut count = 20;
    while !file.exists() {
        ask(count);
        count += 1;
        assert!(count < 20_000, "the log is not opened again");
    }
    ask(count);
    count += 1;
    let new = lines(&file, 1).len();
    let missing = |number: &usize| {
        let both = fs::read_to_string(&old).unwrap() + &fs::read_to_string(&file).unwrap();
        !both.contains(&format!("\"GET /{number} HTTP/1.1\" 404 "))
    };
    for _ in 0..200_000 {
        let written = lines(&old, 20).len() + lines(&file, new).len();
        if written >= count {
            break;
        }
    }
    assert_eq!((0..count).filter(missing).count(), 0);
}

#[test]
fn each_api_has_its_own_log_and_errors_can_go_to_a_file() {
    let settings = [
        STATUS,
        ("proxy_access_log", "logs/proxy.log json"),
        ("admin_access_log", "logs/admin.log"),
        ("status_access_log", "logs/status.log"),
    ];
    let stage = Stage::start_with(&settings, json!({}));
    assert_eq!(get(stage.gateway.status.unwrap(), "/status?unit=k").status, 200);
    let status = &lines(&path(&stage, "status.log"), 1)[0];
    assert!(status.contains("\"GET /status HTTP/1.1\" 200 "), "{status}");
    assert!(status.ends_with("\"-\" \"-\""), "{status}");
    let admin = lines(&path(&stage, "admin.log"), 3);
    assert!(admin[0].contains("\"POST /services HTTP/1.1\" 201 "), "{admin:?}");
    assert!(admin[0].ends_with("\"-\" \"-\""), "{admin:?}");
    let _ = stage.send(&stage.bare("GET", "/json"));
    let record: Value = serde_json::from_str(&lines(&path(&stage, "proxy.log"), 1)[0]).unwrap();
    assert_eq!((&record["path"], &record["status"]), (&json!("/json"), &json!(404)));
    assert_eq!(record["target"], "access");
    assert!(record["timestamp"].as_str().unwrap().ends_with('Z'), "{record}");
}

#[test]
fn a_line_in_json_says_what_was_asked_by_whom_and_which_upstream_answered_and_has_no_secrets() {
    let stage = Stage::start_with(&[("proxy_access_log", "logs/proxy.log json")], json!({}));
    let file = path(&stage, "proxy.log");
    let record =
        |number: usize| -> Value { serde_json::from_str(&lines(&file, number)[number - 1]).unwrap() };
    let good = stage
        .good()
        .field("User-Agent", "a\"b\\c")
        .field("Referer", "https://a.example/page?code=s3cret#s3cret");
    stage.forwarded("good", &good, &stage.client.token);
    let answered = record(1);
    assert_eq!((&answered["status"], &answered["protocol"]), (&json!(200), &json!("HTTP/1.1")), "{answered}");
    assert_eq!(answered["user_agent"], "a\"b\\c", "{answered}");
    assert_eq!(answered["referer"], "https://a.example/page", "{answered}");
    assert_eq!(answered["host"], stage.authority(), "{answered}");
    let upstream = answered["upstream"].as_str().unwrap();
    assert_eq!(upstream.parse::<SocketAddr>().unwrap(), stage.upstream.address, "{answered}");

    let bare = "GET /nowhere HTTP/1.1\r\nHost: API.example:81\r\nConnection: close\r\n\r\n";
    assert_eq!(stage.send_bytes(bare.as_bytes()).status, 404);
    let nowhere = record(2);
    assert_eq!(nowhere["host"], "API.example:81", "{nowhere}");
    for absent in ["upstream", "referer", "user_agent"] {
        assert_eq!(nowhere.get(absent), None, "{nowhere}");
    }
    let secret = "GET /nowhere HTTP/1.1\r\nHost: u:s3cret@api.example?k=s3cret\r\nConnection: close\r\n\r\n";
    assert_eq!(stage.send_bytes(secret.as_bytes()).status, 400);
    assert_eq!(record(3)["host"], "api.example");
    assert!(!fs::read_to_string(&file).unwrap().contains("s3cret"));
}

#[test]
fn a_log_that_cannot_be_opened_stops_the_start_at_its_setting() {
    let fault =
        keybound_suites::Gateway::try_start(&[("proxy_access_log", "/nowhere/at/all.log")]).unwrap_err();
    assert!(fault.contains("KEYBOUND_PROXY_ACCESS_LOG") && fault.contains("/nowhere/at/all.log"), "{fault}");
}

#[test]
fn a_full_disk_stops_nobody() {
    let settings = [STATUS, ("proxy_access_log", "/dev/full kong")];
    let stage = Stage::start_with(&settings, json!({}));
    for _ in 0..50 {
        assert_eq!(stage.send(&stage.bare("GET", "/nowhere")).status, 404);
    }
    let lost = || {
        let text = get(stage.gateway.status.unwrap(), "/metrics").body;
        let name = "keybound_log_lines_lost_total{log=\"/dev/full\",reason=\"write\"} ";
        text.lines().find_map(|line| line.strip_prefix(name)?.parse::<u64>().ok()).unwrap()
    };
    let counted = (0..1000).any(|_| lost() == 50);
    assert!(counted, "{} lost", lost());
    let log = stage.gateway.log_with("lines are lost");
    assert_eq!(log.matches("lines are lost").count(), 1, "{log}");
}

#[test]
fn a_pipe_that_nobody_reads_stops_nobody() {
    let folder = std::env::temp_dir().join(format!("keybound-pipe-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let pipe = folder.join("access");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    // Held open, and never read.
    let held = fs::OpenOptions::new().read(true).write(true).open(&pipe).unwrap();
    let place = format!("{} kong", pipe.display());
    let stage = Stage::start_with(&[STATUS, ("proxy_access_log", &place)], json!({}));
    let name = format!("keybound_log_lines_lost_total{{log=\"{}\",reason=\"queue\"}} ", pipe.display());
    let lost = || {
        let text = get(stage.gateway.status.unwrap(), "/metrics").body;
        text.lines().find_map(|line| line.strip_prefix(&name)?.parse::<u64>().ok()).unwrap()
    };
    let long = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(7000)).repeat(100);
    // More than waits in memory.
    for _ in 0..13 {
        let answers = stage.send_all(long.as_bytes(), 100);
        assert!(answers.iter().all(|answer| answer.status == 404));
    }
    assert!(lost() > 0);
    drop(held);
    fs::remove_dir_all(folder).unwrap();
}
