//! `cargo xtask rules`: Prometheus's own `promtool` reads the alert rules, and the metrics of a gateway that runs.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

use crate::fault::Fault;
use crate::run;
use crate::summary::{Count, Summary};
use crate::workspace::{self, Options};

pub(crate) fn run(arguments: &[String]) -> Result<bool, Fault> {
    let options = Options::parse(arguments, &["--metrics"], &[])?;
    let promtool = promtool()?;
    let metrics = options.value("--metrics");
    let mut summary = Summary::default();
    summary.part("rules", || {
        let mut command = Command::new(&promtool);
        command.args(["check", "rules", "deploy/prometheus/alerts.yml"]).current_dir(workspace::root());
        run::succeeds(&mut command).map(Count::of)
    });
    if let Some(file) = metrics {
        summary.part("metrics", || {
            let mut command = Command::new(&promtool);
            // It reads its standard input, which `run` leaves empty.
            let text = File::open(file).map_err(Fault::with(file.to_owned()))?;
            let status = command.args(["check", "metrics"]).stdin(text).status();
            // It says 3 for names that are not to its taste; those are Kong's.
            let code = status.map_err(Fault::with("promtool check metrics"))?.code();
            Ok(Count::of(matches!(code, Some(0 | 3))))
        });
    }
    Ok(summary.finish())
}

/// The program, taken out of Debian's package without installing that: the package starts a server.
fn promtool() -> Result<PathBuf, Fault> {
    if run::on_path("promtool") {
        return Ok(PathBuf::from("promtool"));
    }
    let folder = workspace::lab().join("prometheus");
    let program = folder.join("usr/bin/promtool");
    if program.is_file() {
        return Ok(program);
    }
    fs::create_dir_all(&folder).map_err(Fault::with(folder.display().to_string()))?;
    run::output(Command::new("apt-get").args(["download", "prometheus"]).current_dir(&folder))?;
    let entries = fs::read_dir(&folder).map_err(Fault::with(folder.display().to_string()))?;
    let package = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"));
    let package = package.ok_or_else(|| Fault::new("apt-get download prometheus brought no package"))?;
    run::output(Command::new("dpkg-deb").arg("-x").arg(&package).arg(&folder))?;
    Ok(program)
}
