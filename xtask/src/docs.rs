//! `cargo xtask docs`: the pages that the program writes about itself.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::fault::Fault;
use crate::summary::{Count, Summary};
use crate::workspace::{self, Options};
use crate::{interop, run};

/// Pages by the words that `keybound reference` takes.
const PAGES: [(&[&str], &str); 4] = [
    (&["settings"], "docs/reference/settings.md"),
    (&["faults"], "docs/reference/faults.md"),
    (&["fields"], "docs/reference/fields.md"),
    (&["plugin", "openid-connect"], "docs/reference/openid-connect.md"),
];

/// The folder with one page for each fault.
const FAULTS: &str = "docs/reference/faults";

pub(crate) fn run(arguments: &[String]) -> Result<bool, Fault> {
    let options = Options::parse(arguments, &[], &["--check"])?;
    if options.has("--check") {
        let mut summary = Summary::default();
        summary.part("generated pages", check);
        return Ok(summary.finish());
    }
    let pages = pages()?;
    fs::create_dir_all(workspace::root().join(FAULTS)).map_err(Fault::with(FAULTS))?;
    for left in left_over(&pages)? {
        fs::remove_file(workspace::root().join(&left)).map_err(Fault::with(&left))?;
        println!("removed {left}");
    }
    for (file, page) in pages {
        fs::write(workspace::root().join(&file), page).map_err(Fault::with(&file))?;
        println!("wrote {file}");
    }
    Ok(true)
}

/// Every generated page is what the program would write now, and there is no page of a fault that is no more.
pub(crate) fn check() -> Result<Count, Fault> {
    let mut count = Count::default();
    let pages = pages()?;
    for left in left_over(&pages)? {
        println!("{left} is of a fault that is no more: run cargo xtask docs");
        count.failed += 1;
    }
    for (file, page) in pages {
        let current = fs::read_to_string(workspace::root().join(&file)).unwrap_or_default() == page;
        if !current {
            println!("{file} is not current: run cargo xtask docs");
        }
        count.passed += u64::from(current);
        count.failed += u64::from(!current);
    }
    Ok(count)
}

/// Each page with its place.
fn pages() -> Result<Vec<(String, String)>, Fault> {
    let keybound = interop::build()?;
    let print = |words: &[&str]| run::output(Command::new(&keybound).arg("reference").args(words));
    let mut pages = Vec::new();
    for (words, file) in PAGES {
        pages.push((file.to_owned(), print(words)?));
    }
    for code in print(&["faults", "--codes"])?.lines() {
        pages.push((format!("{FAULTS}/{code}.md"), print(&["fault", code])?));
    }
    Ok(pages)
}

/// Files in the folder of faults that are no page of these.
fn left_over(pages: &[(String, String)]) -> Result<Vec<String>, Fault> {
    let folder = workspace::root().join(FAULTS);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let known: BTreeSet<&str> = pages.iter().map(|(file, _)| file.as_str()).collect();
    let mut left = Vec::new();
    for entry in fs::read_dir(&folder).map_err(Fault::with(FAULTS))? {
        let name = entry.map_err(Fault::with(FAULTS))?.file_name();
        let file = format!("{FAULTS}/{}", Path::new(&name).display());
        if !known.contains(file.as_str()) {
            left.push(file);
        }
    }
    Ok(left)
}
