use std::convert::Infallible;
use std::io::Read as _;
use std::str::FromStr;

use super::DpopFault;

/// A text on the command line: itself, `@FILE` for what a file holds, or `-` for what standard input holds.
#[derive(Debug, Clone)]
pub struct Text(String);

impl FromStr for Text {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl Text {
    /// The text, without white space around it.
    ///
    /// # Errors
    /// [`DpopFault::File`] when it cannot be read.
    pub fn read(&self) -> Result<String, DpopFault> {
        let text = if self.0 == "-" {
            let mut text = String::new();
            let read = std::io::stdin().lock().read_to_string(&mut text);
            read.map_err(|cause| DpopFault::File { path: "standard input".to_owned(), cause })?;
            text
        } else if let Some(path) = self.0.strip_prefix('@') {
            std::fs::read_to_string(path).map_err(|cause| DpopFault::File { path: path.to_owned(), cause })?
        } else {
            self.0.clone()
        };
        Ok(text.trim().to_owned())
    }
}
