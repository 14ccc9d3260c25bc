//! The names in what the machine could not read: CPython may go on there.
//!
//! The machine stops where an opcode works on another type than its own, or a limit is met; CPython
//! has no such limits, and objects that do more than ours. The opcodes behind are not run here, but
//! what they name is listed, so that a report shows what a payload behind an obstacle is.

use std::collections::HashMap;
use std::sync::Arc;

use super::join::Findings;
use super::judge::judge;
use super::{Finding, Use, Verdict, whole_name};
use crate::builder::INERT;
use crate::compat::fix_import;
use crate::construct::Known;
use crate::disassemble::{Argument, disassemble};
use crate::error::{Error, ErrorKind};
use crate::opcode::{Argument as Kind, Op};

/// So many characters of a name are shown.
const LONGEST: usize = 60;

/// Adds the globals that the opcodes at and behind the failed one name; how far those were read.
pub(super) fn names_behind(
    input: &[u8],
    failed: &Error,
    fix_imports: bool,
    findings: &mut Findings,
) -> usize {
    let goes_on = matches!(
        failed.kind(),
        ErrorKind::Type
            | ErrorKind::Unhashable
            | ErrorKind::Encoding
            | ErrorKind::Extension
            | ErrorKind::PersistentId
            | ErrorKind::Buffer
            | ErrorKind::Refused
            | ErrorKind::Limit
            | ErrorKind::Builder
    ) || failed.op() == Some(Op::Frame); // Python's own unpickler, in Python, takes what is there
    // Names that CPython refuses too: of other types than str (of what a call gave nobody knows here
    // whether it is one), or not in UTF-8.
    let no_name = match failed.op() {
        Some(Op::StackGlobal) => {
            failed.kind() == ErrorKind::Type
                && !failed.message().ends_with(&format!("{INERT} found"))
        }
        Some(Op::Global | Op::Inst) => failed.kind() == ErrorKind::Encoding,
        _ => false,
    };
    let Some(from) = failed.offset().filter(|_| goes_on && !no_name) else {
        return read_by(input, failed);
    };
    let mut names = Names::default();
    let mut opcodes = disassemble(input);
    while let Some((offset, op, argument)) = opcodes.next_opcode() {
        let global = names.step(op, &argument);
        if let Some(global) = global.filter(|_| offset >= from) {
            findings.push(finding(
                offset,
                op,
                global,
                fix_imports && names.protocol < 3,
            ));
        }
    }
    opcodes.position()
}

/// How far the opcode was read that failed: of what stands in lines, to their end.
fn read_by(input: &[u8], failed: &Error) -> usize {
    let at = failed.offset().unwrap_or(0);
    let before = match failed.op().map(Op::argument) {
        Some(Kind::LinePair) => 1,
        Some(
            Kind::DecimalLine
            | Kind::LongLine
            | Kind::FloatLine
            | Kind::QuotedLine
            | Kind::Line
            | Kind::UnicodeLine,
        ) => 0,
        _ => return at,
    };
    let rest = input.get(at..).unwrap_or_default();
    let ends = rest.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let end = ends.map(|(end, _)| end).nth(before);
    at.saturating_add(end.unwrap_or(rest.len()))
}

fn finding(offset: usize, op: Op, global: Option<(Text, Text)>, fix: bool) -> Finding {
    let Some((module, name)) = global else {
        return Finding {
            offset,
            op,
            what: Use::Import,
            name: "a name that is computed".into(),
            global: None,
            verdict: Verdict::Dangerous,
            count: 1,
        };
    };
    let (module, name) = match fix {
        true => fix_import(&module, &name),
        false => (&*module, &*name),
    };
    let verdict = match Known::find(module, name) {
        Some(_) => Verdict::Safe,
        None => judge(module, name),
    };
    let whole = whole_name(module, name);
    let short = match whole.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", whole.get(..end).unwrap_or_default()).into(),
        None => whole.clone(),
    };
    Finding {
        offset,
        op,
        what: Use::Import,
        name: short,
        global: Some(whole),
        verdict,
        count: 1,
    }
}

type Text = Arc<str>;

/// The texts that a STACK_GLOBAL may find: the last two, and those in the memo.
#[derive(Default)]
struct Names {
    protocol: u64,
    last: [Option<Text>; 2],
    memo: HashMap<u64, Option<Text>>,
}

impl Names {
    /// A global that the opcode names; without names where they are unclear.
    fn step(&mut self, op: Op, argument: &Argument<'_>) -> Option<Option<(Text, Text)>> {
        let index = match argument {
            Argument::UInt(index) => Some(*index),
            Argument::Int(index) => u64::try_from(*index).ok(),
            _ => None,
        };
        let text = match argument {
            Argument::Text(text) => std::str::from_utf8(text).ok(),
            _ => None,
        };
        match op {
            Op::Proto => self.protocol = index.unwrap_or(0),
            Op::Global | Op::Inst => {
                let pair = text.and_then(|text| text.split_once(' '));
                return Some(pair.map(|(module, name)| (module.into(), name.into())));
            }
            Op::StackGlobal => {
                let [module, name] = std::mem::take(&mut self.last);
                return Some(module.zip(name));
            }
            Op::Memoize => {
                let index = self.memo.len() as u64;
                self.memo.insert(index, self.last[1].clone());
            }
            Op::Put | Op::Binput | Op::LongBinput => {
                self.memo.extend(index.map(|at| (at, self.last[1].clone())));
            }
            Op::Get | Op::Binget | Op::LongBinget => {
                let known = index.and_then(|at| self.memo.get(&at).cloned());
                self.push(known.flatten());
            }
            // Neither changes what is on the stack.
            Op::Frame | Op::Mark => {}
            _ => self.push(text.map(Into::into)),
        }
        None
    }

    fn push(&mut self, text: Option<Text>) {
        self.last.swap(0, 1);
        self.last[1] = text;
    }
}
