//! What `scan --json` says.

use std::path::Path;

use npload_pickle::{Use, Verdict};
use serde::Serialize;

use super::name;
use super::report::{Found, Part, Report};
use crate::escape;
use crate::failure::Failure;

/// The document.
#[derive(Serialize)]
pub(super) struct Document {
    /// The worst of the files.
    verdict: &'static str,
    files: Vec<FileReport>,
}

/// One file.
#[derive(Serialize)]
pub(super) struct FileReport {
    file: String,
    verdict: &'static str,
    parts: Vec<PartReport>,
    error: Option<Failure>,
    #[serde(skip)]
    worst: Verdict,
}

#[derive(Serialize)]
struct PartReport {
    inside: Vec<String>,
    kind: &'static str,
    offset: u64,
    verdict: &'static str,
    findings: Vec<FindingReport>,
    problem: Option<String>,
}

#[derive(Serialize)]
struct FindingReport {
    offset: usize,
    opcode: &'static str,
    #[serde(rename = "use")]
    what: &'static str,
    name: String,
    global: Option<String>,
    verdict: &'static str,
    count: usize,
}

impl Document {
    pub(super) fn new(files: Vec<FileReport>) -> Self {
        let worst = files.iter().map(|file| file.worst).max();
        Document {
            verdict: name(worst.unwrap_or(Verdict::Safe)),
            files,
        }
    }
}

impl FileReport {
    pub(super) fn new(path: &Path, report: Result<Report, Failure>) -> Self {
        let worst = report.as_ref().map_or(Verdict::Unknown, Report::verdict);
        let (parts, error) = match report {
            Ok(report) => (report.parts.iter().map(PartReport::new).collect(), None),
            Err(failure) => (Vec::new(), Some(failure)),
        };
        FileReport {
            file: escape::as_text(path),
            verdict: name(worst),
            parts,
            error,
            worst,
        }
    }
}

impl PartReport {
    fn new(part: &Part) -> Self {
        PartReport {
            inside: part.inside.to_vec(),
            kind: part.what,
            offset: part.start,
            verdict: name(part.verdict()),
            findings: part.found.iter().map(FindingReport::new).collect(),
            problem: part.problem.as_ref().map(|p| p.message.clone()),
        }
    }
}

impl FindingReport {
    fn new(found: &Found) -> Self {
        let finding = &found.finding;
        FindingReport {
            offset: finding.offset,
            opcode: finding.op.name(),
            what: match finding.what {
                Use::Import => "import",
                Use::Call => "call",
                Use::State => "state",
                Use::Extension => "extension",
                Use::PersistentId => "persistent_id",
                Use::Buffer => "buffer",
                _ => "other",
            },
            name: finding.name.to_string(),
            global: finding.global.as_deref().map(str::to_owned),
            verdict: name(finding.verdict),
            count: found.count,
        }
    }
}
