//! A disk that is full.

use std::path::{Path, PathBuf};
use std::process::Command;

use keybound_suites::{Gateway, Upstream, unique};
use serde_json::{Value, json};

use crate::{get, open_route, told};

/// A small file system in memory, gone when it is dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(megabytes: u32) -> Self {
        let folder = std::env::temp_dir().join(format!("keybound-small-{}", unique()));
        std::fs::create_dir_all(&folder).unwrap();
        let size = format!("size={megabytes}m");
        let done =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&folder).output().unwrap();
        assert!(
            done.status.success(),
            "this needs the right to mount: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        Self(folder)
    }

    /// Writes until nothing fits.
    fn fill(&self) {
        let _ = std::fs::write(self.0.join("ballast"), vec![0; 64 << 20]);
    }

    fn free(&self) {
        std::fs::remove_file(self.0.join("ballast")).unwrap();
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
        let _ = std::fs::remove_dir(&self.0);
    }
}

#[test]
#[ignore = "mounts a file system: cargo xtask chaos"]
fn on_a_full_disk_a_write_is_refused_as_a_whole_and_requests_go_on() {
    let (disk, upstream) = (SmallDisk::mount(6), Upstream::start());
    let prefix = disk.path().join("prefix");
    let gateway = Gateway::start(&[("prefix", prefix.to_str().unwrap())]);
    open_route(&gateway, "open", upstream.address, json!({}));
    disk.fill();
    let service =
        |name: &str| json!({ "name": name, "url": "http://127.0.0.1:1/", "tags": vec!["t".repeat(200); 20] });
    let mut taken = Vec::new();
    let mut refused = None;
    for number in 0..400 {
        let name = format!("service-{number}");
        let answer = gateway.admin.post("/services", &service(&name));
        match answer.status {
            201 => taken.push(name),
            500..=599 => {
                refused = Some((name, answer));
                break;
            }
            _ => panic!("{answer:?}"),
        }
    }
    let (name, answer) = refused.unwrap_or_else(|| panic!("the disk was never full"));
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    assert!(body["message"].is_string(), "{answer:?}");
    assert_eq!(gateway.admin.get(&format!("/services/{name}")).status, 404, "nothing is half there");
    for _ in 0..20 {
        assert_eq!(get(gateway.plain, "/open").status, 200, "requests go on");
    }
    disk.free();
    assert_eq!(gateway.admin.post("/services", &service(&name)).status, 201, "with room again, writes go on");
    for name in &taken {
        assert_eq!(gateway.admin.get(&format!("/services/{name}")).status, 200, "{name} is still there");
    }
    told(
        "disk full under SQLite",
        &format!("Admin API {} with a body; requests 200", answer.status),
        "nothing: the refused write is not there, all others are, and writes go on with room again",
    );
}
