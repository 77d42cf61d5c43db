//! The commands that speak to the one that runs in a prefix, and its pid file.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where something is not as it should be"
)]

use std::path::Path;
use std::sync::mpsc;

mod process;
use process::{Gateway, error_lines, finished, request, upstream};

/// Runs a command on a prefix: its code and what it printed, faults after the rest.
fn command(name: &str, prefix: &Path, more: &[&str]) -> (Option<i32>, String) {
    let prefix = prefix.display().to_string();
    let output = finished(&[&[name, "-p", &prefix], more].concat(), &[]);
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    (output.status.code(), text + &error_lines(&output).join("\n"))
}

#[test]
fn the_pid_file_names_the_process_while_it_runs() {
    let folder = tempfile::tempdir().unwrap();
    let pid_file = folder.path().join("pids/keybound.pid");
    let gateway = Gateway::start(folder.path(), &[]);
    assert_eq!(std::fs::read_to_string(&pid_file).unwrap(), format!("{}\n", gateway.pid()));
    gateway.signal("TERM");
    assert_eq!(gateway.ended().0, Some(0));
    assert!(!pid_file.exists());
}

#[test]
fn stop_and_quit_end_the_one_in_the_prefix_and_say_so_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    for (name, said) in [("stop", "Keybound stopped"), ("quit", "Keybound stopped gracefully")] {
        let gateway = Gateway::start(folder.path(), &[]);
        let pid = gateway.pid();
        assert_eq!(command(name, folder.path(), &[]), (Some(0), format!("{said} (process {pid})\n")));
        assert_eq!(gateway.ended().0, Some(0));
    }
}

#[test]
fn a_stop_that_takes_too_long_is_forced() {
    let folder = tempfile::tempdir().unwrap();
    let (arrived_in, arrived) = mpsc::channel();
    let (_release, released) = mpsc::channel::<()>();
    let (upstream, _thread) = upstream(move || {
        arrived_in.send(()).unwrap();
        let _ = released.recv();
    });
    let gateway = Gateway::start(&folder.path().join("kb"), &[]);
    let created = gateway.admin("POST", "/services", &format!("name=api&url=http://{upstream}"));
    assert_eq!(created.status, 201, "{created:?}");
    assert_eq!(gateway.admin("POST", "/services/api/routes", "paths[]=/").status, 201);
    let proxy = gateway.proxy[0];
    let client = std::thread::spawn(move || {
        std::panic::catch_unwind(|| request(proxy, "GET", "/", &[], ""))
            .is_ok_and(|answer| answer.status == 200)
    });
    arrived.recv().unwrap();
    let pid = gateway.pid();
    assert_eq!(
        command("quit", &folder.path().join("kb"), &["--timeout", "0"]),
        (Some(0), format!("Timeout after 0 s, Keybound stopped forcefully (process {pid})\n"))
    );
    assert_eq!(gateway.ended().0, Some(0));
    assert!(!client.join().unwrap(), "the request was cut");
}

#[test]
fn reload_makes_the_declarative_file_be_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("kong.yml");
    let route = |path: &str| {
        let text = format!(
            "_format_version: \"3.0\"\nservices:\n- name: api\n  url: http://127.0.0.1:1\n  routes:\n  - paths: [{path}]\n"
        );
        std::fs::write(&config, text).unwrap();
    };
    route("/a");
    let prefix = folder.path().join("kb");
    let config = config.display().to_string();
    let mut gateway =
        Gateway::start(&prefix, &[("KEYBOUND_DATABASE", "off"), ("KEYBOUND_DECLARATIVE_CONFIG", &config)]);
    assert_eq!(gateway.get("/b").status, 404);
    route("/b");
    let pid = gateway.pid();
    assert_eq!(
        command("reload", &prefix, &[]),
        (
            Some(0),
            format!(
                "Keybound reloads (process {pid} was told to read its configuration again; its log says how it went)\n"
            )
        )
    );
    gateway.wait_for("the configuration was read again");
    assert_ne!(gateway.get("/b").status, 404);
}

#[test]
fn health_says_what_runs_and_whether_something_does() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().display();
    let (code, text) = command("health", folder.path(), &[]);
    assert_eq!((code, text), (Some(1), format!("keybound: Keybound is not running at {place}")));
    let gateway = Gateway::start(folder.path(), &[]);
    let pid = gateway.pid();
    assert_eq!(
        command("health", folder.path(), &[]),
        (Some(0), format!("keybound.......running (process {pid})\n\nKeybound is healthy at {place}\n"))
    );
}

#[test]
fn the_prefix_may_come_from_the_settings_too() {
    let folder = tempfile::tempdir().unwrap();
    let prefix = folder.path().join("kb");
    let gateway = Gateway::start(&prefix, &[]);
    let conf = folder.path().join("kong.conf");
    std::fs::write(&conf, format!("prefix = {}\n", prefix.display())).unwrap();
    let output = finished(&["health", "-c", &conf.display().to_string()], &[]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let output = finished(&["stop"], &[("KONG_PREFIX", &prefix.display().to_string())]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(gateway.ended().0, Some(0));
}

#[test]
fn nothing_is_signalled_where_nothing_runs() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().display();
    for name in ["stop", "quit", "reload", "health"] {
        assert_eq!(
            command(name, folder.path(), &[]),
            (Some(1), format!("keybound: Keybound is not running at {place}"))
        );
    }
}

#[test]
fn a_process_that_only_has_the_number_in_a_stale_file_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut bystander = std::process::Command::new("cat")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let pids = folder.path().join("pids");
    std::fs::create_dir(&pids).unwrap();
    std::fs::write(pids.join("keybound.pid"), format!("{}\n", bystander.id())).unwrap();
    let place = folder.path().display();
    for name in ["stop", "quit", "reload", "health"] {
        assert_eq!(
            command(name, folder.path(), &[]),
            (
                Some(1),
                format!(
                    "keybound: Keybound is not running at {place}: {place}/pids/keybound.pid was left by a process that \
                     is gone"
                )
            )
        );
    }
    assert_eq!(bystander.try_wait().unwrap(), None, "it lives");
    drop(bystander.stdin.take());
    assert!(bystander.wait().unwrap().success(), "it ended by itself");
}

#[test]
fn a_killed_one_leaves_a_file_that_the_next_start_takes_over() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = Gateway::start(folder.path(), &[]);
    gateway.signal("KILL");
    gateway.ended();
    assert_eq!(command("health", folder.path(), &[]).0, Some(1));
    let gateway = Gateway::start(folder.path(), &[]);
    assert_eq!(command("health", folder.path(), &[]).0, Some(0));
    drop(gateway);
}

#[test]
fn a_second_start_in_the_same_prefix_is_refused_and_the_first_one_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let prefix = folder.path().display().to_string();
    let gateway = Gateway::start(folder.path(), &[]);
    let settings = [
        ("KEYBOUND_PREFIX", prefix.as_str()),
        ("KEYBOUND_PROXY_LISTEN", "127.0.0.1:0"),
        ("KEYBOUND_ADMIN_LISTEN", "off"),
        ("KEYBOUND_STATUS_LISTEN", "off"),
    ];
    let output = finished(&["start"], &settings);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        error_lines(&output),
        [format!(
            "keybound: environment variable KEYBOUND_PREFIX: prefix: {prefix}: Keybound is running there already, as \
             process {}; stop it with `keybound stop`, or set prefix to another folder",
            gateway.pid()
        )]
    );
    assert_eq!(gateway.get("/").status, 404);
}

#[test]
fn restart_ends_the_one_that_runs_and_serves_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let first = Gateway::start(folder.path(), &[]);
    let second = Gateway::started_by("restart", folder.path(), &[]);
    assert_eq!(first.ended().0, Some(0));
    assert_eq!(second.get("/").status, 404);
}

#[test]
fn restart_leaves_the_one_that_runs_alone_when_the_settings_are_broken() {
    let folder = tempfile::tempdir().unwrap();
    let prefix = folder.path().display().to_string();
    let gateway = Gateway::start(folder.path(), &[]);
    let output = finished(&["restart"], &[("KEYBOUND_PREFIX", &prefix), ("KEYBOUND_LOG_LEVEL", "loud")]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(gateway.get("/").status, 404);
}
