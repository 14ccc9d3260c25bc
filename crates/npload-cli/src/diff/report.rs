//! What differs, for people and for programs.

use std::io;
use std::path::Path;

use npload::Value;
use serde::Serialize;

use super::amounts::Amount;
use super::compare::{Found, Tally};
use crate::args::Diff;
use crate::columns::{Align, Columns};
use crate::failure::Failure;
use crate::info::tuple;
use crate::members::described;
use crate::run::Console;
use crate::store::Item;
use crate::{escape, sizes};

/// Which of the two files.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    A,
    B,
}

/// What was found so far.
pub(super) struct Report<'a> {
    diff: &'a Diff,
    paths: [&'a Path; 2],
    table: Columns,
    arrays: Vec<Compared>,
    only: [Vec<Alone>; 2],
    pairs: usize,
    unequal: usize,
    errors: Vec<Failure>,
}

/// The document.
#[derive(Serialize)]
struct Document {
    a: String,
    b: String,
    /// Null where that cannot be said.
    equal: Option<bool>,
    arrays: Vec<Compared>,
    only_in_a: Vec<Alone>,
    only_in_b: Vec<Alone>,
    errors: Vec<Failure>,
}

/// What is in one file alone.
#[derive(Clone, Serialize)]
struct Alone {
    key: Option<String>,
    dtype: Option<String>,
    shape: Option<Vec<usize>>,
}

/// Two arrays of one key, or one field of them.
#[derive(Serialize)]
struct Compared {
    key: Option<String>,
    field: Option<String>,
    equal: bool,
    /// Of both files.
    dtypes: Option<[String; 2]>,
    shapes: Option<[Vec<usize>; 2]>,
    /// How many values were compared, how many differ, and of how many one is NaN or NaT alone.
    count: Option<u64>,
    differ: Option<u64>,
    nan: Option<u64>,
    max_abs: Option<Number>,
    max_rel: Option<Number>,
    /// Where the largest difference is, or the first.
    at: Option<Vec<usize>>,
    values: Option<[String; 2]>,
    /// What differs beside values.
    notes: Vec<String>,
}

/// A number, or text where JSON has none.
#[derive(Serialize)]
#[serde(untagged)]
enum Number {
    Whole(u128),
    Real(f64),
    Text(String),
}

const HEAD: [(&str, Align); 7] = [
    ("name", Align::Left),
    ("differ", Align::Right),
    ("max abs", Align::Right),
    ("max rel", Align::Right),
    ("at", Align::Left),
    ("first", Align::Right),
    ("second", Align::Right),
];

impl<'a> Report<'a> {
    pub(super) fn new(diff: &'a Diff, a: &'a Path, b: &'a Path) -> Self {
        Report {
            diff,
            paths: [a, b],
            table: Columns::new(&HEAD),
            arrays: Vec::new(),
            only: [Vec::new(), Vec::new()],
            pairs: 0,
            unequal: 0,
            errors: Vec::new(),
        }
    }

    /// What keeps it from an answer.
    pub(super) fn trouble(
        &mut self,
        failure: Failure,
        console: &mut Console<'_>,
    ) -> io::Result<()> {
        console.trouble(&failure)?;
        self.errors.push(failure);
        Ok(())
    }

    /// Something that is in one file alone.
    pub(super) fn alone(
        &mut self,
        item: &Item<'_>,
        side: Side,
        console: &mut Console<'_>,
    ) -> io::Result<()> {
        console.refuse();
        self.pairs = self.pairs.saturating_add(1);
        self.unequal = self.unequal.saturating_add(1);
        let (dtype, shape) = described(item).unzip();
        let alone = Alone {
            key: item.key.clone(),
            dtype,
            shape,
        };
        let what = match (&alone.dtype, &alone.shape) {
            (Some(dtype), Some(shape)) => format!(": {} {}", escape::name(dtype), tuple(shape)),
            _ => String::new(),
        };
        let [a, b] = &mut self.only;
        let [path_a, path_b] = self.paths;
        let path = match side {
            Side::A => {
                a.push(alone);
                path_a
            }
            Side::B => {
                b.push(alone);
                path_b
            }
        };
        let text = format!("only in {}{what}", escape::path(path));
        self.table.push(vec![self.name(item, ""), text]);
        Ok(())
    }

    /// Two things of one key.
    pub(super) fn pair(
        &mut self,
        a: &Item<'_>,
        b: &Item<'_>,
        found: Found,
        console: &mut Console<'_>,
    ) -> io::Result<()> {
        self.pairs = self.pairs.saturating_add(1);
        let is_equal = found.is_equal();
        if !is_equal {
            console.refuse();
            self.unequal = self.unequal.saturating_add(1);
            self.rows(a, &found);
        }
        let (dtypes, shapes) = match (described(a), described(b)) {
            (Some(a), Some(b)) => (Some([a.0, b.0]), Some([a.1, b.1])),
            _ => (None, None),
        };
        let key = a.key.clone();
        let compared = |field: &str, equal, tally: Option<&Tally>, notes: Vec<String>| {
            let spot = tally.and_then(Tally::spot);
            Compared {
                key: key.clone(),
                field: (!field.is_empty()).then(|| field.to_owned()),
                equal,
                dtypes: dtypes.clone(),
                shapes: shapes.clone(),
                count: tally.map(|tally| tally.count),
                differ: tally.map(|tally| tally.differ),
                nan: tally.map(|tally| tally.missing),
                max_abs: tally.and_then(|tally| tally.absolute.map(amount)),
                max_rel: tally.and_then(|tally| tally.relative.map(real)),
                at: spot.map(|spot| spot.at.clone()),
                values: spot.map(|spot| spot.values.clone()),
                notes,
            }
        };
        if found.fields.is_empty() && found.apart.is_empty() {
            self.arrays.push(compared("", is_equal, None, found.notes));
            return Ok(());
        }
        for (field, tally) in &found.fields {
            let equal = tally.differ == 0 && found.notes.is_empty();
            let row = compared(field, equal, Some(tally), found.notes.clone());
            self.arrays.push(row);
        }
        for (field, why) in found.apart {
            let row = compared(&field, false, None, vec![why]);
            self.arrays.push(row);
        }
        Ok(())
    }

    fn rows(&mut self, item: &Item<'_>, found: &Found) {
        for note in &found.notes {
            let name = self.name(item, "");
            self.table.push(vec![name, escape::name(note).into_owned()]);
        }
        for (field, why) in &found.apart {
            let name = self.name(item, field);
            self.table.push(vec![name, escape::name(why).into_owned()]);
        }
        for (field, tally) in &found.fields {
            if tally.differ == 0 {
                continue;
            }
            let dash = || "-".to_owned();
            let nan = match tally.missing {
                0 => String::new(),
                n => format!(", {} NaN", sizes::exact(n)),
            };
            let spot = tally.spot();
            let [a, b] = spot.map_or_else(|| [dash(), dash()], |spot| spot.values.clone());
            let row = vec![
                self.name(item, field),
                format!(
                    "{} of {}{nan}",
                    sizes::exact(tally.differ),
                    sizes::exact(tally.count)
                ),
                tally.absolute.map_or_else(dash, text),
                tally.relative.map_or_else(dash, rounded),
                spot.map_or_else(dash, |spot| index(&spot.at)),
                shortened(&a),
                shortened(&b),
            ];
            self.table.push(row);
        }
    }

    fn name(&self, item: &Item<'_>, field: &str) -> String {
        let name = match &item.key {
            Some(key) => escape::name(key).into_owned(),
            None => {
                let [a, _] = self.paths;
                escape::path(a)
            }
        };
        format!("{name}{}", escape::name(field))
    }

    pub(super) fn finish(self, console: &mut Console<'_>) -> io::Result<()> {
        let [path_a, path_b] = self.paths;
        if console.json {
            let [only_in_a, only_in_b] = self.only;
            return console.document(&Document {
                a: escape::as_text(path_a),
                b: escape::as_text(path_b),
                equal: self.errors.is_empty().then_some(self.unequal == 0),
                arrays: self.arrays,
                only_in_a,
                only_in_b,
                errors: self.errors,
            });
        }
        if self.diff.quiet {
            return Ok(());
        }
        if !self.table.is_empty() {
            self.table.write(console.out)?;
            writeln!(console.out)?;
        }
        if !self.errors.is_empty() {
            return Ok(());
        }
        let (rtol, atol) = (float(self.diff.rtol), float(self.diff.atol));
        let within = match (self.diff.rtol > 0.0, self.diff.atol > 0.0) {
            (false, false) => String::new(),
            (true, false) => format!(" within rtol {rtol}"),
            (false, true) => format!(" within atol {atol}"),
            (true, true) => format!(" within rtol {rtol} and atol {atol}"),
        };
        let line = match (self.unequal, self.pairs) {
            (0, 0) => "both are empty".to_owned(),
            (0, 1) => format!("they are equal{within}"),
            (0, pairs) => format!("all {pairs} are equal{within}"),
            (1, 1) => format!("they differ{}", beyond(&within)),
            (unequal, pairs) => {
                let differ = if unequal == 1 { "differs" } else { "differ" };
                format!("{unequal} of {pairs} {differ}{}", beyond(&within))
            }
        };
        writeln!(console.out, "{line}")
    }
}

fn beyond(within: &str) -> String {
    within.replacen(" within", " beyond", 1)
}

/// As Python writes an index.
fn index(at: &[usize]) -> String {
    let axes: Vec<String> = at.iter().map(ToString::to_string).collect();
    format!("[{}]", axes.join(", "))
}

fn amount(amount: Amount) -> Number {
    match amount {
        Amount::Whole(amount) => Number::Whole(amount),
        Amount::Real(amount) => real(amount),
        amount @ Amount::Time(..) => Number::Text(text(amount)),
    }
}

fn real(amount: f64) -> Number {
    match amount.is_finite() {
        true => Number::Real(amount),
        false => Number::Text("Infinity".to_owned()),
    }
}

fn text(amount: Amount) -> String {
    match amount {
        Amount::Whole(amount) => amount.to_string(),
        Amount::Real(amount) => rounded(amount),
        Amount::Time(amount, unit) => match i64::try_from(amount) {
            Ok(amount) => Value::TimeDelta(amount, unit).to_string(),
            Err(_) => format!("{amount} {}", unit.base.symbol()),
        },
    }
}

/// Four digits are enough to tell how far apart values are.
fn rounded(amount: f64) -> String {
    if amount == 0.0 {
        return "0".to_owned();
    }
    let text = format!("{amount:.3e}");
    float(text.parse().unwrap_or(amount))
}

/// As Python writes it.
fn float(value: f64) -> String {
    Value::Float64(value).to_string()
}

/// A value in a table.
fn shortened(text: &str) -> String {
    const MOST: usize = 24;
    let text = escape::name(text);
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.into_owned(),
    }
}
