//! `npload stats`: what numbers are like, however many there are.

mod axes;
mod cells;
mod form;
mod kernels;
mod leaves;
mod moments;
mod report;
mod tally;
mod walk;

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use npload::{Handle, LoadOptions, Npz, Part, Peeked, Progress};

use self::axes::{Axes, forwards};
use self::leaves::{leaves, product};
use self::report::{Report, Subject};
use self::walk::Walk;
use crate::args::Stats;
use crate::failure::Failure;
use crate::json::FileStats;
use crate::place::{self, Place};
use crate::progress::Bar;
use crate::run::Console;
use crate::{escape, foreign, sizes};

/// Along an axis no more results than this are kept: 100 bytes each, and of each seven numbers are told.
const MOST_RESULTS: usize = 1 << 24;

pub(crate) fn run(
    stats: &Stats,
    options: &LoadOptions,
    console: &mut Console<'_>,
) -> io::Result<()> {
    let place = Place::find(&stats.place);
    let path = &place.path;
    let mut report = Report::new(console.json, stats.axis);
    match place::open(path, options) {
        Err(failure) => report.fail(None, failure, console)?,
        Ok(handle) => {
            let bar = Bar::of(path, console.json);
            let subjects = find(&handle, &place, stats);
            let total = subjects.iter().map(Found::nbytes);
            let command = Command {
                stats,
                path,
                bar: &bar,
                is_list: matches!((&handle, &place.key), (Handle::Npz(_), None)),
                total: total.fold(0, u64::saturating_add),
                done: AtomicU64::new(0),
            };
            if let (Handle::Npz(npz), None) = (&handle, &place.key) {
                let members = npz.peek();
                let said = match members.is_empty() {
                    true => Some("the archive is empty".to_owned()),
                    false => foreign::hint(&members),
                };
                if let Some(said) = said.filter(|_| !console.json) {
                    writeln!(console.out, "{said}")?;
                }
            }
            for found in subjects {
                command.tell(found, &mut report, console)?;
            }
        }
    }
    match report {
        Report::Document(arrays) => console.document(&FileStats::new(path, stats.axis, arrays)),
        Report::Table(columns) if !columns.is_empty() => columns.write(console.out),
        Report::Table(_) | Report::Arrays { .. } => Ok(()),
    }
}

/// What is found in a file under one key.
struct Found<'a> {
    key: Option<String>,
    what: What<'a>,
}

enum What<'a> {
    /// The elements that SLICE picks, and whether they are read one after the other.
    Part(Part<'a>, bool),
    /// Python objects: their dtype and shape.
    Objects(String, Vec<usize>),
    Bytes(u64),
    Failure(Failure),
}

impl Found<'_> {
    fn nbytes(&self) -> u64 {
        match &self.what {
            What::Part(part, _) => {
                let itemsize = part.dtype().itemsize();
                product(part.shape()).saturating_mul(itemsize) as u64
            }
            _ => 0,
        }
    }
}

/// What the arguments ask for.
fn find<'a>(handle: &'a Handle, place: &Place, stats: &Stats) -> Vec<Found<'a>> {
    let path = &place.path;
    let alone = |what| {
        let key = place.key.clone();
        vec![Found { key, what }]
    };
    let failed = |failure| alone(What::Failure(failure));
    match (handle, &place.key) {
        (Handle::Npy(npy), None) => {
            let part = || npy.part().map_err(|e| Failure::new(path, &e));
            alone(array(&npy.peek(), path, stats, part))
        }
        (Handle::Npy(_), Some(key)) => failed(Failure::usage(
            path,
            format!("this is one array and has no keys: leave out :{key}"),
        )),
        (Handle::Npz(npz), Some(key)) if !npz.contains(key) => {
            failed(Failure::no_such_key(path, npz, key))
        }
        (Handle::Npz(npz), Some(key)) => match npz.peek_member(key) {
            Ok(member) => alone(self::member(npz, &member, key, path, stats)),
            Err(e) => failed(Failure::new(path, &e)),
        },
        (Handle::Npz(npz), None) => {
            let members = npz.peek();
            if members.len() != 1 && stats.steps.is_some() {
                let message = match Failure::keys(npz, "") {
                    keys if keys.is_empty() => "the archive is empty".to_owned(),
                    keys => {
                        format!("say of which array to take a part, FILE:KEY; there are: {keys}")
                    }
                };
                return failed(Failure::usage(path, message));
            }
            // Of members with the same name the last one counts.
            let names = members.iter().map(|member| member.member.as_deref());
            let last: HashMap<_, _> = names.zip(0..).collect();
            let members = members.iter().enumerate();
            let members = members.filter(|(i, m)| last.get(&m.member.as_deref()) == Some(i));
            members
                .map(|(_, member)| {
                    let name = member.member.as_deref().unwrap_or_default();
                    Found {
                        key: member.key.clone(),
                        what: self::member(npz, member, name, path, stats),
                    }
                })
                .collect()
        }
        _ => failed(Failure::of(path, "this version cannot read such a file")),
    }
}

fn member<'a>(npz: &'a Npz, member: &Peeked, name: &str, path: &Path, stats: &Stats) -> What<'a> {
    match &member.header {
        Ok(None) if stats.steps.is_some() => {
            let size = sizes::exact_bytes(member.size);
            What::Failure(Failure::usage(
                path,
                format!("{name} is no array but {size}"),
            ))
        }
        Ok(None) => What::Bytes(member.size),
        _ => array(member, path, stats, || {
            npz.part(name).map_err(|e| Failure::new(path, &e))
        }),
    }
}

fn array<'a>(
    peeked: &Peeked,
    path: &Path,
    stats: &Stats,
    part: impl FnOnce() -> Result<Part<'a>, Failure>,
) -> What<'a> {
    if let Ok(Some(header)) = &peeked.header
        && header.dtype().has_object()
    {
        return What::Objects(header.dtype().to_string(), header.shape().to_vec());
    }
    let picked = part().and_then(|part| match &stats.steps {
        None => Ok(part),
        Some(steps) => match steps.apply(part) {
            Ok((part, _)) => Ok(part),
            Err(e) => Err(Failure::no_such_part(path, &e)),
        },
    });
    match picked {
        Ok(part) => What::Part(part, peeked.key.is_some()),
        Err(failure) => What::Failure(failure),
    }
}

/// One run of the command.
struct Command<'a> {
    stats: &'a Stats,
    path: &'a Path,
    bar: &'a Bar,
    /// Whether there is a table with a row for what cannot be read, too.
    is_list: bool,
    /// Bytes of all arrays, and those that were read.
    total: u64,
    done: AtomicU64,
}

impl Command<'_> {
    fn tell(
        &self,
        found: Found<'_>,
        report: &mut Report,
        console: &mut Console<'_>,
    ) -> io::Result<()> {
        let Found { key, what } = found;
        let name = match &key {
            Some(key) => escape::name(key).into_owned(),
            None => escape::path(self.path),
        };
        match what {
            What::Part(part, in_order) => {
                self.measure(key, &name, &part, in_order, report, console)
            }
            What::Objects(dtype, shape) => {
                let field = String::new();
                let subject = Subject {
                    key,
                    field,
                    dtype,
                    shape,
                };
                report.array(subject, &name, None, console)
            }
            What::Bytes(size) => report.bytes(&key.unwrap_or_default(), size, console),
            What::Failure(failure) => report.fail(self.row(&name), failure, console),
        }
    }

    fn measure(
        &self,
        key: Option<String>,
        name: &str,
        part: &Part<'_>,
        in_order: bool,
        report: &mut Report,
        console: &mut Console<'_>,
    ) -> io::Result<()> {
        let leaves = leaves(part);
        let numbers = leaves.iter().any(|leaf| leaf.column.is_some());
        let axis = self.axis(part).and_then(|axis| {
            let axes = Axes::new(part, axis);
            let count = |leaf: &leaves::Leaf| match (axis, &leaf.column) {
                (Some(_), Some(_)) => axes.cells().saturating_mul(leaf.count()),
                _ => 1,
            };
            let results = leaves.iter().map(count).max().unwrap_or(1);
            match results > MOST_RESULTS {
                true => Err(Failure::limit(
                    self.path,
                    format!(
                        "along axis {} there are {} results, more than {}; take a part with a SLICE",
                        self.stats.axis.unwrap_or(0),
                        sizes::exact(results as u64),
                        sizes::exact(MOST_RESULTS as u64)
                    ),
                )),
                false => Ok(axis),
            }
        });
        let axis = match axis {
            Ok(axis) => axis,
            Err(failure) if numbers => return report.fail(self.row(name), failure, console),
            Err(_) => None,
        };
        let walked = || {
            let (part, reversed) = forwards(part)?;
            let axes = Axes::new(&part, axis);
            let columns = match numbers {
                false => Vec::new(),
                true => Walk {
                    part: &part,
                    axes: &axes,
                    leaves: &leaves,
                    in_order,
                    told: &|bytes| self.read(bytes),
                }
                .run()?,
            };
            let mut columns = columns.into_iter();
            let finish = |leaf: &leaves::Leaf| {
                let Some(column) = leaf.column.as_ref().and_then(|_| columns.next()) else {
                    return Ok(None);
                };
                let inner = match axis {
                    None => &[],
                    Some(_) => leaf.shape.as_slice(),
                };
                let shape = [&axes.shape(), inner].concat();
                let mut cells = axes.in_c_order(&reversed, product(inner));
                let count = match axis {
                    None => axes.depth().saturating_mul(leaf.count()),
                    Some(_) => axes.depth(),
                };
                column.finish(&shape, &mut cells, count as u64).map(Some)
            };
            leaves
                .iter()
                .map(finish)
                .collect::<npload::Result<Vec<_>>>()
        };
        let all = match walked() {
            Ok(all) => all,
            Err(e) => return report.fail(self.row(name), Failure::new(self.path, &e), console),
        };
        for (leaf, statistics) in leaves.iter().zip(all) {
            let subject = Subject {
                key: key.clone(),
                field: leaf.field.clone(),
                dtype: leaf.dtype.to_string(),
                shape: [part.shape(), &leaf.shape].concat(),
            };
            let name = format!("{name}{}", escape::name(&leaf.field));
            report.array(subject, &name, statistics, console)?;
        }
        Ok(())
    }

    /// The name in the row of what cannot be read.
    fn row<'n>(&self, name: &'n str) -> Option<&'n str> {
        Some(name).filter(|_| self.is_list)
    }

    /// The axis that is meant, counted from the front.
    fn axis(&self, part: &Part<'_>) -> Result<Option<usize>, Failure> {
        let Some(axis) = self.stats.axis else {
            return Ok(None);
        };
        let ndim = part.shape().len();
        let from_front = match axis < 0 {
            true => ndim.checked_sub(axis.unsigned_abs()),
            false => usize::try_from(axis).ok(),
        };
        match from_front.filter(|&axis| axis < ndim) {
            Some(axis) => Ok(Some(axis)),
            None => {
                let message = format!("axis {axis} is out of bounds for array of dimension {ndim}");
                Err(Failure::usage(self.path, message))
            }
        }
    }

    /// So many bytes more were read.
    fn read(&self, bytes: usize) {
        let bytes = bytes as u64;
        let done = self.done.fetch_add(bytes, Ordering::Relaxed);
        self.bar.moved(Progress {
            done: done.saturating_add(bytes).min(self.total),
            total: self.total,
        });
    }
}
