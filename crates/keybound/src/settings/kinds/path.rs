use std::path::PathBuf;

use super::Kind;

/// A folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Folder(pub PathBuf);

impl Kind for Folder {
    const SHAPE: &'static str = "the path of a folder";

    fn parse(text: &str) -> Result<Self, String> {
        Ok(Self(PathBuf::from(text)))
    }

    fn show(&self) -> String {
        self.0.display().to_string()
    }
}

/// The path of a file, or none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OptionalPath(pub Option<PathBuf>);

impl Kind for OptionalPath {
    const SHAPE: &'static str = "the path of a file";

    fn parse(text: &str) -> Result<Self, String> {
        Ok(Self(Some(text).filter(|text| !text.is_empty()).map(PathBuf::from)))
    }

    fn show(&self) -> String {
        self.0.as_ref().map(|path| path.display().to_string()).unwrap_or_default()
    }
}

/// A text that may hold secrets, or none.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct OptionalText(pub Option<String>);

impl std::fmt::Debug for OptionalText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.show())
    }
}

impl Kind for OptionalText {
    const SHAPE: &'static str = "a text";

    fn parse(text: &str) -> Result<Self, String> {
        Ok(Self(Some(text).filter(|text| !text.is_empty()).map(str::to_owned)))
    }

    fn show(&self) -> String {
        self.0.as_ref().map(|_| "******".to_owned()).unwrap_or_default()
    }
}
