//! `cargo xtask docs`: the pages that the program writes about itself.

use std::fs;
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

pub(crate) fn run(arguments: &[String]) -> Result<bool, Fault> {
    let options = Options::parse(arguments, &[], &["--check"])?;
    if options.has("--check") {
        let mut summary = Summary::default();
        summary.part("generated pages", check);
        return Ok(summary.finish());
    }
    for (file, page) in pages()? {
        fs::write(workspace::root().join(file), page).map_err(Fault::with(file))?;
        println!("wrote {file}");
    }
    Ok(true)
}

/// Every generated page is what the program would write now.
pub(crate) fn check() -> Result<Count, Fault> {
    let mut count = Count::default();
    for (file, page) in pages()? {
        let current = fs::read_to_string(workspace::root().join(file)).unwrap_or_default() == page;
        if !current {
            println!("{file} is not current: run cargo xtask docs");
        }
        count.passed += u64::from(current);
        count.failed += u64::from(!current);
    }
    Ok(count)
}

fn pages() -> Result<Vec<(&'static str, String)>, Fault> {
    let keybound = interop::build()?;
    PAGES
        .iter()
        .map(|(words, file)| {
            let page = run::output(Command::new(&keybound).arg("reference").args(*words))?;
            Ok((*file, page))
        })
        .collect()
}
