//! What a pickle asks for beyond the list: all of it is found, and then said.

use npload_pickle::{Global, Known, Op, Reason};

use super::classes::place;

/// How many globals an error names.
const NAMED: usize = 32;

/// Globals and calls that were met.
#[derive(Default)]
pub(super) struct Refusals {
    first: Option<First>,
    globals: Vec<Met>,
}

struct First {
    text: String,
    offset: usize,
    op: Op,
}

struct Met {
    name: String,
    offset: usize,
    known: bool,
}

impl Refusals {
    pub(super) fn met(&mut self, global: &Global<'_>) {
        let name = format!("{}.{}", global.module, global.name);
        if self.globals.iter().all(|met| met.name != name) && self.globals.len() <= NAMED {
            self.globals.push(Met {
                name,
                offset: global.offset,
                known: global.known.is_some(),
            });
        }
    }

    pub(super) fn global(&mut self, global: &Global<'_>, op: Op) {
        let name = format!("{}.{}", global.module, global.name);
        self.refuse(format!("{name} is not on the safe list"), global.offset, op);
    }

    pub(super) fn call(&mut self, known: Known, reason: Reason, offset: usize, op: Op) {
        let (module, name) = place(known);
        let error = npload_pickle::refused(&format!("{module}.{name}"), reason);
        self.refuse(error.message().to_owned(), offset, op);
    }

    fn refuse(&mut self, text: String, offset: usize, op: Op) {
        self.first.get_or_insert(First { text, offset, op });
    }

    /// The first refusal: what is said, and at which byte.
    pub(super) fn first(&self) -> Option<(String, usize)> {
        let first = self.first.as_ref()?;
        let text = format!("{}: {}", first.op.name(), first.text);
        Some((text, first.offset))
    }

    /// The globals, for an error about a pickle that begins there.
    pub(super) fn globals(&self, start: u64) -> String {
        let named = self.globals.iter().take(NAMED).map(|met| {
            let refused = if met.known { "" } else { ", refused" };
            let byte = start.saturating_add(met.offset as u64);
            format!("{} (byte {byte}{refused})", met.name)
        });
        let mut text = named.collect::<Vec<_>>().join(", ");
        if self.globals.len() > NAMED {
            text.push_str(", and more");
        }
        text
    }
}
