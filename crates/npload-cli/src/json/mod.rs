//! What `--json` says: the documents, and values as JSON. `docs/cli.md` describes them; what is there
//! stays, new fields may come.

mod documents;
mod layout;
mod objects;
mod values;

pub(crate) use documents::{
    FileInfo, FileStats, FileValues, FileVerdict, Files, Measured, Numbers, Refused, Shown,
};
pub(crate) use layout::write;
pub(crate) use objects::Objects;
pub(crate) use values::Data;
