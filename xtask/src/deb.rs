//! `cargo xtask deb`: the Debian package, from the build of `cargo xtask dist` and what stands in deploy/.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::dist;
use crate::fault::Fault;
use crate::run;
use crate::workspace::{self, Options};

/// Who answers for the package, where nobody is named.
const MAINTAINER: &str = "Keybound <keybound@example.invalid>";

/// What goes where, from the workspace's root, and with which mode.
const FILES: [(&str, &str, u32); 6] = [
    ("deploy/keybound.conf", "etc/keybound/keybound.conf", 0o644),
    ("deploy/systemd/keybound.service", "lib/systemd/system/keybound.service", 0o644),
    ("deploy/systemd/keybound.socket", "usr/share/doc/keybound/examples/keybound.socket", 0o644),
    ("deploy/debian/copyright", "usr/share/doc/keybound/copyright", 0o644),
    ("CHANGELOG.md", "usr/share/doc/keybound/CHANGELOG.md", 0o644),
    ("deploy/debian/keybound.8", "usr/share/man/man8/keybound.8", 0o644),
];

/// Those that are compressed, as Debian wants it.
const COMPRESSED: [&str; 3] =
    [CHANGELOG, "usr/share/doc/keybound/CHANGELOG.md", "usr/share/man/man8/keybound.8"];

/// Where Debian looks for what changed, in its own form.
const CHANGELOG: &str = "usr/share/doc/keybound/changelog";

/// What dpkg runs and reads.
const CONTROL: [(&str, u32); 4] =
    [("conffiles", 0o644), ("postinst", 0o755), ("prerm", 0o755), ("postrm", 0o755)];

pub(crate) fn run(arguments: &[String]) -> Result<bool, Fault> {
    let options = Options::parse(arguments, &["--gateway", "--maintainer"], &[])?;
    for (program, package) in [("dpkg-deb", "dpkg"), ("strip", "binutils"), ("objdump", "binutils")] {
        if !run::on_path(program) {
            return Err(Fault::new(format!(
                "the package needs {program} (Debian: apt-get install {package})"
            )));
        }
    }
    let program = match options.value("--gateway") {
        Some(path) => PathBuf::from(path),
        None => dist::build()?,
    };
    let root = workspace::target().join("deb/root");
    let _ = fs::remove_dir_all(&root);
    let binary = root.join("usr/bin/keybound");
    copy(&program, &binary, 0o755)?;
    run::output(Command::new("strip").arg("--strip-unneeded").arg(&binary))?;
    for (from, to, mode) in FILES {
        copy(&workspace::root().join(from), &root.join(to), mode)?;
    }
    let version = run::output(Command::new(&program).arg("version"))?;
    let version = version.trim().rsplit(' ').next().unwrap_or_default().to_owned();
    let maintainer = options.value("--maintainer").unwrap_or(MAINTAINER);
    let date = run::output(Command::new("date").arg("-R"))?;
    let changelog = format!(
        "keybound ({version}) unstable; urgency=medium\n\n  * CHANGELOG.md, beside this file, says what changed.\n\n -- {maintainer}  {date}"
    );
    write(&root.join(CHANGELOG), &changelog)?;
    for name in COMPRESSED {
        run::output(Command::new("gzip").args(["-9n"]).arg(root.join(name)))?;
    }
    for (name, mode) in CONTROL {
        copy(&workspace::root().join("deploy/debian").join(name), &root.join("DEBIAN").join(name), mode)?;
    }
    let architecture = run::output(Command::new("dpkg").arg("--print-architecture"))?.trim().to_owned();
    let size = run::output(Command::new("du").args(["-sk", "--exclude=DEBIAN"]).arg(&root))?;
    let template = workspace::root().join("deploy/debian/control");
    let template = fs::read_to_string(&template).map_err(Fault::with(template.display().to_string()))?;
    let control = template
        .replace("@VERSION@", &version)
        .replace("@ARCHITECTURE@", &architecture)
        .replace("@MAINTAINER@", maintainer)
        .replace("@SIZE@", size.split_whitespace().next().unwrap_or("0"))
        .replace("@LIBC@", &libc(&binary)?);
    write(&root.join("DEBIAN/control"), &control)?;
    let package = workspace::target().join(format!("deb/keybound_{version}_{architecture}.deb"));
    // As if root owned every file, whoever builds.
    run::output(Command::new("dpkg-deb").args(["--root-owner-group", "--build"]).arg(&root).arg(&package))?;
    println!("{}", package.display());
    Ok(true)
}

/// The newest version of the C library that the program asks for.
fn libc(binary: &Path) -> Result<String, Fault> {
    let symbols = run::output(Command::new("objdump").arg("-T").arg(binary))?;
    let versions = symbols.split_whitespace().filter_map(|word| {
        let version = word.trim_matches(['(', ')']).strip_prefix("GLIBC_")?;
        version.split('.').map(str::parse).collect::<Result<Vec<u32>, _>>().ok()
    });
    let newest =
        versions.max().ok_or_else(|| Fault::new("the program asks for no version of the C library"))?;
    Ok(newest.iter().map(u32::to_string).collect::<Vec<_>>().join("."))
}

fn write(path: &Path, text: &str) -> Result<(), Fault> {
    let fault = || Fault::with::<std::io::Error>(path.display().to_string());
    fs::write(path, text).map_err(fault())?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).map_err(fault())
}

fn copy(from: &Path, to: &Path, mode: u32) -> Result<(), Fault> {
    let fault = |path: &Path| Fault::with::<std::io::Error>(path.display().to_string());
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(fault(folder))?;
    }
    fs::copy(from, to).map_err(fault(from))?;
    fs::set_permissions(to, fs::Permissions::from_mode(mode)).map_err(fault(to))
}
