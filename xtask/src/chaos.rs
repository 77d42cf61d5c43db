//! `cargo xtask chaos`: the suite in `tests/chaos`, with what takes long, and its table.

use crate::fault::Fault;
use crate::run;
use crate::summary::{Count, Summary};
use crate::workspace::Options;

/// How a line of the table begins among what the tests print.
const MARK: &str = "chaos: ";

pub(crate) fn run(arguments: &[String]) -> Result<bool, Fault> {
    let options = Options::parse(arguments, &[], &[])?;
    let mut summary = Summary::default();
    let mut rows = Vec::new();
    summary.part("chaos", || {
        let mut count = Count::default();
        let mut command = run::cargo(["test", "--workspace", "--test", "chaos", "--"]);
        command.args(["--include-ignored", "--nocapture"]).args(options.word);
        let well = run::watched(&mut command, |line| {
            if line.starts_with("test result: ") {
                count.read(line);
            }
            // libtest writes the name of the test before the first line that it prints.
            if let Some((_, row)) = line.split_once(MARK) {
                rows.push(row.to_owned());
            }
        })?;
        count.failed += u64::from(!well && count.failed == 0);
        Ok(count)
    });
    println!("\n| fault | what clients saw | what was lost |\n|---|---|---|");
    rows.sort();
    for row in &rows {
        println!("{row}");
    }
    Ok(summary.finish())
}
