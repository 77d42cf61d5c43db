//! Programs of Go modules, by `go build` from the committed `go.mod` and `go.sum` of `tests/protocols/go`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::fault::Fault;
use crate::{run, workspace};

/// Answers the built programs, in the order of their packages. What is built already from the same modules is kept.
pub(crate) fn install<const N: usize>(programs: [(&str, &str); N]) -> Result<[PathBuf; N], Fault> {
    let modules = workspace::root().join("tests/protocols/go");
    let folder = workspace::lab().join("go");
    fs::create_dir_all(&folder).map_err(Fault::with(folder.display().to_string()))?;
    let sums = modules.join("go.sum");
    let sums = fs::read(&sums).map_err(Fault::with(sums.display().to_string()))?;
    for (name, package) in programs {
        let stamp = folder.join(format!("{name}.sum"));
        if fs::read(&stamp).ok().as_ref() == Some(&sums) && folder.join(name).is_file() {
            continue;
        }
        if !run::on_path("go") {
            return Err(Fault::new(
                "the protocol suites need Go 1.26 or newer (https://go.dev/dl, or Debian: apt-get install golang)",
            ));
        }
        println!("{name}: go build {package}");
        let mut build = Command::new("go");
        build.args(["build", "-mod=readonly", "-buildvcs=false", "-o"]).arg(folder.join(name)).arg(package);
        run::output(build.current_dir(&modules))?;
        fs::write(&stamp, &sums).map_err(Fault::with(stamp.display().to_string()))?;
    }
    Ok(programs.map(|(name, _)| folder.join(name)))
}
