//! Kinds of files that the command writes.

use std::path::Path;

use clap::ValueEnum;

/// What a file is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    Npy,
    Npz,
    Safetensors,
    Csv,
}

impl Kind {
    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Npy => "npy",
            Kind::Npz => "npz",
            Kind::Safetensors => "safetensors",
            Kind::Csv => "csv",
        }
    }

    /// What the end of a file's name says.
    pub(crate) fn of_name(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "npy" => Some(Kind::Npy),
            "npz" => Some(Kind::Npz),
            "safetensors" => Some(Kind::Safetensors),
            "csv" | "tsv" => Some(Kind::Csv),
            _ => None,
        }
    }
}

/// Whether a file's name says that its cells stand between tabs.
pub(crate) fn is_tsv(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("tsv"))
}
