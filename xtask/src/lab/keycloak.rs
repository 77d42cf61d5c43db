//! Keycloak's distribution: one archive from Maven Central, checked, unpacked.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::fault::Fault;
use crate::{run, workspace};

const VERSION: &str = "26.7.3";
const SHA256: &str = "77657f30b7e90d70f727712ce1c967f430fd6a5e9f458d32d8c6df0635345f47";

/// Answers the unpacked distribution. `KEYCLOAK_DIST` may name an archive that is here already.
pub(crate) fn install() -> Result<PathBuf, Fault> {
    java()?;
    let lab = workspace::lab();
    let unpacked = lab.join(format!("keycloak-{VERSION}"));
    if unpacked.join("bin/kc.sh").is_file() {
        return Ok(unpacked);
    }
    fs::create_dir_all(&lab).map_err(Fault::with(lab.display().to_string()))?;
    let archive = archive(&lab)?;
    check(&archive)?;
    // Unpacked beside its place and then moved, so that an interrupted run leaves nothing that looks whole.
    let beside = lab.join("keycloak.part");
    let _ = fs::remove_dir_all(&beside);
    fs::create_dir_all(&beside).map_err(Fault::with(beside.display().to_string()))?;
    run::output(Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(&beside))?;
    fs::rename(beside.join(format!("keycloak-{VERSION}")), &unpacked)
        .map_err(Fault::with(unpacked.display().to_string()))?;
    let _ = fs::remove_dir_all(&beside);
    Ok(unpacked)
}

fn java() -> Result<(), Fault> {
    let program = std::env::var_os("JAVA_HOME")
        .map(|home| Path::new(&home).join("bin/java"))
        .filter(|java| java.is_file())
        .unwrap_or_else(|| "java".into());
    let wanted = "the interop walk needs Java 17 or newer (Debian: apt-get install openjdk-17-jre-headless)";
    let said = Command::new(program).arg("-version").output().map_err(Fault::with(wanted))?;
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    match said
        .split('"')
        .nth(1)
        .and_then(|version| version.split('.').next())
        .and_then(|major| major.parse().ok())
    {
        Some(17_u32..) => Ok(()),
        _ => Err(Fault::new(format!("{wanted}; `java -version` says: {}", said.trim()))),
    }
}

/// Maven where it is, else curl from the registry that Maven would ask.
fn archive(lab: &Path) -> Result<PathBuf, Fault> {
    if let Some(given) = std::env::var_os("KEYCLOAK_DIST") {
        return Ok(given.into());
    }
    let file = lab.join(format!("keycloak-quarkus-dist-{VERSION}.tar.gz"));
    if check(&file).is_ok() {
        return Ok(file);
    }
    let artifact = format!("-Dartifact=org.keycloak:keycloak-quarkus-dist:{VERSION}:tar.gz");
    println!("Keycloak {VERSION}: fetching 176 MB from Maven Central");
    if run::on_path("mvn") {
        let mut get = Command::new("mvn");
        get.args(["-q", "-B", "dependency:copy", &artifact, "-Dmdep.overWriteReleases=true"]);
        run::output(get.arg(format!("-DoutputDirectory={}", lab.display())).current_dir(lab))?;
    } else if run::on_path("curl") {
        let url = format!(
            "https://repo.maven.apache.org/maven2/org/keycloak/keycloak-quarkus-dist/{VERSION}/\
             keycloak-quarkus-dist-{VERSION}.tar.gz"
        );
        let mut get = Command::new("curl");
        get.args([
            "--proto",
            "=https",
            "--fail",
            "--silent",
            "--show-error",
            "--location",
            "--retry",
            "3",
            "--output",
        ]);
        run::output(get.arg(&file).arg(url))?;
    } else {
        return Err(Fault::new(
            "Keycloak cannot be fetched: neither mvn nor curl is on PATH (Debian: apt-get install maven); \
             KEYCLOAK_DIST may name an archive that is here already",
        ));
    }
    Ok(file)
}

fn check(archive: &Path) -> Result<(), Fault> {
    let sum = run::output(Command::new("sha256sum").arg(archive))?;
    if sum.starts_with(SHA256) {
        return Ok(());
    }
    Err(Fault::new(format!(
        "{} is not Keycloak {VERSION}: its SHA-256 should be {SHA256}",
        archive.display()
    )))
}
