//! Findings as they come: each, or those of the same kind as one.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::{Finding, Use, Verdict};
use crate::opcode::Op;

/// What is the same about findings that are joined.
type Kind = (Op, Use, Arc<str>, Verdict);

/// A list of findings.
pub(super) struct Findings {
    list: Vec<Finding>,
    /// Where in it each kind is, if they are joined.
    places: Option<HashMap<Kind, usize>>,
}

impl Findings {
    pub(super) fn new(joined: bool) -> Self {
        Findings {
            list: Vec::new(),
            places: joined.then(HashMap::new),
        }
    }

    pub(super) fn push(&mut self, finding: Finding) {
        let Some(places) = &mut self.places else {
            self.list.push(finding);
            return;
        };
        let name = finding.global.as_ref().unwrap_or(&finding.name).clone();
        let kind = (finding.op, finding.what, name, finding.verdict);
        match places.entry(kind) {
            Entry::Vacant(place) => {
                place.insert(self.list.len());
                self.list.push(finding);
            }
            Entry::Occupied(place) => {
                let Some(first) = self.list.get_mut(*place.get()) else {
                    return;
                };
                let count = first.count.saturating_add(finding.count);
                if finding.offset < first.offset {
                    *first = finding;
                }
                first.count = count;
            }
        }
    }

    /// All, in the pickle's order.
    pub(super) fn into_list(mut self) -> Vec<Finding> {
        self.list.sort_by_key(|finding| finding.offset);
        self.list
    }
}

impl Extend<Finding> for Findings {
    fn extend<T: IntoIterator<Item = Finding>>(&mut self, findings: T) {
        findings.into_iter().for_each(|finding| self.push(finding));
    }
}
