//! What was found in a file.

use std::collections::HashMap;
use std::sync::Arc;

use crate::failure::for_the_command;
use npload_pickle::{Finding, Op, Scan, Use, Verdict};

/// What was found in one file.
pub(super) struct Report {
    pub(super) parts: Vec<Part>,
}

impl Report {
    /// The worst of its parts.
    pub(super) fn verdict(&self) -> Verdict {
        let verdicts = self.parts.iter().map(Part::verdict);
        verdicts.max().unwrap_or(Verdict::Safe)
    }
}

/// A piece of a file that was looked at by itself: a pickle, an array, a member of an archive.
pub(super) struct Part {
    /// What it is in: names of members, outermost first, and how they were packed.
    pub(super) inside: Arc<[String]>,
    pub(super) what: &'static str,
    /// Where it starts in what it is in.
    pub(super) start: u64,
    pub(super) found: Vec<Found>,
    /// Why it was not looked at, or not to its end.
    pub(super) problem: Option<Problem>,
}

/// Something that could not be read, and so is not safe.
pub(super) struct Problem {
    pub(super) message: String,
    pub(super) verdict: Verdict,
}

impl Problem {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Problem {
            message: message.into(),
            verdict: Verdict::Unknown,
        }
    }
}

/// What a loader would do, as often as it would.
pub(super) struct Found {
    /// The first of them.
    pub(super) finding: Finding,
    pub(super) count: usize,
}

impl Part {
    pub(super) fn verdict(&self) -> Verdict {
        let problem = self.problem.iter().map(|problem| problem.verdict);
        let found = self.found.iter().map(|found| found.finding.verdict);
        problem.chain(found).max().unwrap_or(Verdict::Safe)
    }

    /// A pickle, of which what `allowed` names is as good as what is on the list.
    pub(super) fn pickle(inside: &Arc<[String]>, scan: Scan, allowed: &[String]) -> Self {
        let problem = scan.error.as_ref().zip(scan.error_verdict());
        let problem = problem.map(|(error, verdict)| Problem {
            message: for_the_command(&error.to_string()),
            verdict,
        });
        Part {
            inside: inside.clone(),
            what: "pickle",
            start: scan.start as u64,
            found: join(scan.findings, allowed),
            problem,
        }
    }
}

/// Findings of the same kind as one.
fn join(findings: Vec<Finding>, allowed: &[String]) -> Vec<Found> {
    let mut places: HashMap<(Op, Use, Arc<str>, Verdict), usize> = HashMap::new();
    let mut all: Vec<Found> = Vec::new();
    for mut finding in findings {
        if finding.verdict == Verdict::Unknown
            && let Some(global) = &finding.global
            && allowed.iter().any(|name| **name == **global)
        {
            finding.verdict = Verdict::Safe;
        }
        let name = finding.global.as_ref().unwrap_or(&finding.name).clone();
        let key = (finding.op, finding.what, name, finding.verdict);
        let place = *places.entry(key).or_insert(all.len());
        match all.get_mut(place) {
            Some(found) => found.count = found.count.saturating_add(finding.count),
            None => all.push(Found {
                count: finding.count,
                finding,
            }),
        }
    }
    all
}
