//! The arrows between the crates, and what the source tree promises about its shape.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot read the tree must fail"
)]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};

/// Which crates of the workspace each one may see.
const ARROWS: [(&str, &[&str]); 8] = [
    ("keybound-pop", &[]),
    ("keybound-model", &[]),
    ("keybound-oidc", &["keybound-pop"]),
    ("keybound-store", &["keybound-model"]),
    ("keybound-plugins", &["keybound-pop", "keybound-oidc", "keybound-model", "keybound-store"]),
    ("keybound-admin", &["keybound-model", "keybound-store"]),
    ("keybound-gateway", &["keybound-plugins", "keybound-model", "keybound-store", "keybound-pop"]),
    (
        "keybound",
        &[
            "keybound-pop",
            "keybound-oidc",
            "keybound-model",
            "keybound-store",
            "keybound-plugins",
            "keybound-gateway",
            "keybound-admin",
        ],
    ),
];

/// Crates that do I/O, run tasks or tell the time: nothing pure depends on them, however indirectly.
const IMPURE: [&str; 12] = [
    "async-std",
    "axum",
    "chrono",
    "futures-util",
    "hyper",
    "mio",
    "reqwest",
    "socket2",
    "sqlx",
    "time",
    "tokio",
    "tracing",
];

#[test]
fn crates_see_only_what_the_levels_allow() {
    let metadata = metadata();
    let ours: BTreeSet<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
    let mut checked = 0;
    for package in metadata.workspace_packages() {
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == package.name.as_str()) else {
            continue;
        };
        for dependency in &package.dependencies {
            let seen = dependency.name.as_str();
            let allowed = !ours.contains(seen) || allowed.contains(&seen);
            // Tests of a crate may use a lower one as a tool; nothing ever sees a higher one or itself.
            let tool = dependency.kind == DependencyKind::Development && level(seen) < level(&package.name);
            assert!(allowed || tool, "{} must not see {seen}", package.name);
        }
        checked += 1;
    }
    assert_eq!(checked, ARROWS.len(), "every crate of the table is in the workspace");
}

#[test]
fn every_crate_below_crates_has_its_arrows() {
    let named: BTreeSet<String> = ARROWS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let there: BTreeSet<String> = metadata()
        .workspace_packages()
        .iter()
        .filter(|package| package.manifest_path.as_str().contains("/crates/"))
        .map(|package| package.name.to_string())
        .collect();
    assert_eq!(there, named);
}

#[test]
fn only_wrappers_touch_third_party_crates() {
    let wrappers = wrappers();
    assert!(wrappers.contains_key("hyper") && wrappers.contains_key("sqlx"), "deny.toml was read");
    let metadata = metadata();
    let names = names(&metadata);
    let resolve = metadata.resolve.as_ref().unwrap();
    for node in &resolve.nodes {
        for dependency in node.deps.iter().filter(|dependency| !only_for_tests(&dependency.dep_kinds)) {
            let (parent, child) = (names[&node.id].as_str(), names[&dependency.pkg].as_str());
            if let Some(allowed) = wrappers.get(child) {
                assert!(
                    allowed.iter().any(|name| name == parent),
                    "{parent} must not depend on {child}: deny.toml"
                );
            }
        }
    }
}

#[test]
fn pop_and_model_are_pure() {
    let metadata = metadata();
    for name in ["keybound-pop", "keybound-model"] {
        let reached = closure(&metadata, name);
        assert!(reached.len() > 3, "{name} depends on something");
        for impure in IMPURE {
            assert!(!reached.contains(impure), "{name} reaches {impure}");
        }
        for (file, code) in sources(&crate_folder(name).join("src")) {
            for forbidden in [
                "std::fs",
                "TcpStream",
                "TcpListener",
                "UdpSocket",
                "ToSocketAddrs",
                "std::env",
                "std::process",
                "std::thread",
                "SystemTime",
                "Instant",
                "async ",
                ".await",
            ] {
                let found = code.lines().find(|line| line.contains(forbidden) && !comment(line));
                assert!(found.is_none(), "{}: {forbidden} in {found:?}", file.display());
            }
        }
    }
}

#[test]
fn the_security_core_keeps_no_global_state() {
    for (file, code) in sources(&crate_folder("keybound-pop").join("src")) {
        let global = |line: &str| line.trim_start().trim_start_matches("pub ").starts_with("static ");
        let state = |line: &str| ["Lock", "Cell", "Mutex", "Atomic"].iter().any(|kind| line.contains(kind));
        let found = code.lines().find(|line| line.contains("thread_local!") || (global(line) && state(line)));
        assert!(found.is_none(), "{}: {found:?}", file.display());
    }
}

#[test]
fn plugins_and_gateway_see_no_engine_of_the_store() {
    for name in ["keybound-plugins", "keybound-gateway"] {
        for (file, code) in sources(&crate_folder(name).join("src")) {
            for engine in ["sqlite", "postgres", "memory"] {
                let path = format!("keybound_store::{engine}");
                assert!(!code.contains(&path), "{}: {path}", file.display());
            }
            for engine in ["SqliteStore", "PostgresStore", "MemoryStore", "SqlStore"] {
                assert!(!code.contains(engine), "{}: {engine}", file.display());
            }
        }
    }
}

#[test]
fn every_member_takes_the_workspace_lints() {
    for package in metadata().workspace_packages() {
        let manifest = fs::read_to_string(&package.manifest_path).unwrap();
        assert!(manifest.contains("[lints]\nworkspace = true"), "{}", package.manifest_path);
    }
}

#[test]
fn files_stay_small() {
    let mut lengths = Vec::new();
    for (file, code) in rust_files() {
        let lines = code.lines().count();
        assert!(lines <= 800, "{} has {lines} lines without its tests", file.display());
        lengths.push(lines);
    }
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    assert!(median <= 200, "the median file has {median} lines");
}

#[test]
fn no_module_is_named_after_nothing() {
    for (file, _) in rust_files() {
        for part in file.components().filter_map(|part| part.as_os_str().to_str()) {
            let name = part.trim_end_matches(".rs");
            let nothing = ["util", "utils", "common", "helper", "helpers", "misc"].contains(&name);
            assert!(!nothing, "{}: a name that says what is in it", file.display());
        }
    }
}

#[test]
fn nothing_points_outside_the_repository() {
    let outside = concat!("../", "shared");
    let mut read = 0;
    for file in files(&root()) {
        // Binary files have nothing to point with.
        let Ok(text) = fs::read_to_string(&file) else { continue };
        read += 1;
        assert!(!text.contains(outside), "{} mentions a folder outside the repository", file.display());
    }
    assert!(read > 50, "the tree was walked");
}

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .other_options(["--filter-platform", "x86_64-unknown-linux-gnu"].map(str::to_owned))
        .exec()
        .unwrap()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn crate_folder(name: &str) -> PathBuf {
    root().join("crates").join(name.strip_prefix("keybound-").unwrap_or(name))
}

fn level(name: &str) -> usize {
    match name {
        "keybound-pop" | "keybound-model" => 0,
        "keybound-oidc" | "keybound-store" => 1,
        "keybound-plugins" | "keybound-admin" => 2,
        "keybound-gateway" => 3,
        _ => 4,
    }
}

/// `deny.toml`: one line for each crate that only named ones may depend on.
fn wrappers() -> BTreeMap<String, Vec<String>> {
    let text = fs::read_to_string(root().join("deny.toml")).unwrap();
    text.lines()
        .filter(|line| line.trim_start().starts_with("{ crate = "))
        .map(|line| {
            let mut quoted = line.split('"').skip(1).step_by(2).map(ToOwned::to_owned);
            (quoted.next().unwrap(), quoted.collect())
        })
        .collect()
}

fn names(metadata: &Metadata) -> HashMap<&PackageId, String> {
    metadata.packages.iter().map(|package| (&package.id, package.name.to_string())).collect()
}

fn only_for_tests(kinds: &[cargo_metadata::DepKindInfo]) -> bool {
    kinds.iter().all(|kind| kind.kind == DependencyKind::Development)
}

/// Every crate that `name` depends on, directly or not, tests aside.
fn closure(metadata: &Metadata, name: &str) -> BTreeSet<String> {
    let names = names(metadata);
    let nodes: HashMap<_, _> =
        metadata.resolve.as_ref().unwrap().nodes.iter().map(|node| (&node.id, node)).collect();
    let mut open: Vec<&PackageId> =
        names.iter().filter(|(_, known)| *known == name).map(|(id, _)| *id).collect();
    let mut reached = BTreeSet::new();
    while let Some(id) = open.pop() {
        for dependency in nodes[id].deps.iter().filter(|dependency| !only_for_tests(&dependency.dep_kinds)) {
            if reached.insert(names[&dependency.pkg].clone()) {
                open.push(&dependency.pkg);
            }
        }
    }
    reached
}

/// The Rust files of the workspace's members, each without the tests at its end.
fn rust_files() -> Vec<(PathBuf, String)> {
    ["crates", "xtask", "benches", "tests", "fuzz"]
        .iter()
        .flat_map(|folder| sources(&root().join(folder)))
        .collect()
}

fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    files(folder)
        .into_iter()
        .filter(|file| file.extension().is_some_and(|extension| extension == "rs"))
        .map(|file| {
            let whole = fs::read_to_string(&file).unwrap();
            let code = whole.split("\n#[cfg(test)]\nmod ").next().unwrap_or_default().to_owned();
            let relative = file.strip_prefix(root()).unwrap().to_owned();
            (relative, code)
        })
        .collect()
}

fn comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

/// Every file below `folder` that is ours: no build output, no installed packages, no version control.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            if !["target", "node_modules", ".git", "artifacts"].iter().any(|skipped| name == *skipped) {
                found.extend(files(&path));
            }
        } else {
            found.push(path);
        }
    }
    found
}
