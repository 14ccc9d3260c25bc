//! `npload diff`: which arrays of two files differ, where, and by how much.

mod amounts;
mod compare;
mod leaves;
mod report;
mod values;

use std::collections::HashMap;
use std::io;
use std::path::Path;

use npload::LoadOptions;

use crate::args::Diff;
use crate::counter::Counter;
use crate::failure::Failure;
use crate::place::Place;
use crate::progress::Bar;
use crate::run::Console;
use crate::store::{Item, Store, What};

use amounts::Tolerance;
use compare::Pair;
use report::{Report, Side};

pub(crate) fn run(diff: &Diff, options: &LoadOptions, console: &mut Console<'_>) -> io::Result<()> {
    let places = [Place::find(&diff.a), Place::find(&diff.b)];
    let [a, b] = &places;
    let mut report = Report::new(diff, &a.path, &b.path);
    match open(a, options).and_then(|a| Ok((a, open(b, options)?))) {
        Ok((store_a, store_b)) => {
            let items = store_a.items(&a.path, a.key.as_deref());
            let items =
                items.and_then(|items| Ok((items, store_b.items(&b.path, b.key.as_deref())?)));
            let pairs = items.and_then(|(of_a, of_b)| pairs(of_a, of_b, a, b));
            match pairs {
                Ok(pairs) => {
                    let files = [(&store_a, a.path.as_path()), (&store_b, b.path.as_path())];
                    compare_all(diff, files, &pairs, &mut report, console)?;
                }
                Err(failure) => report.trouble(failure, console)?,
            }
        }
        Err(failure) => report.trouble(failure, console)?,
    }
    report.finish(console)
}

fn open(place: &Place, options: &LoadOptions) -> Result<Store, Failure> {
    Store::open(&place.path, options)
}

/// What has the same key in both files, and what is in one alone.
type Pairs<'s> = Vec<(Option<Item<'s>>, Option<Item<'s>>)>;

fn pairs<'s>(
    a: Vec<Item<'s>>,
    b: Vec<Item<'s>>,
    place_a: &Place,
    place_b: &Place,
) -> Result<Pairs<'s>, Failure> {
    let is_one = |items: &[Item<'_>], place: &Place| {
        place.key.is_some() || matches!(items, [Item { key: None, .. }])
    };
    let (one_a, one_b) = (is_one(&a, place_a), is_one(&b, place_b));
    if one_a || one_b {
        if a.len() == 1 && b.len() == 1 {
            return Ok(vec![(a.into_iter().next(), b.into_iter().next())]);
        }
        let (many, place) = if one_a { (&b, place_b) } else { (&a, place_a) };
        let keys: Vec<&str> = many.iter().map(|item| item.key_or("")).collect();
        let keys = Failure::near(keys.iter().copied(), "");
        let message = format!(
            "the other is one array, and here are {}: say which, FILE:KEY; there are: {keys}",
            many.len()
        );
        return Err(Failure::usage(&place.path, message));
    }
    let mut of_b: HashMap<String, Vec<Item<'s>>> = HashMap::new();
    let mut order = Vec::new();
    for item in b {
        let key = item.key_or("").to_owned();
        order.push(key.clone());
        of_b.entry(key).or_default().push(item);
    }
    let mut pairs: Pairs<'s> = Vec::new();
    for item in a {
        let other = of_b
            .get_mut(item.key_or(""))
            .and_then(|items| match items.is_empty() {
                true => None,
                false => Some(items.remove(0)),
            });
        pairs.push((Some(item), other));
    }
    for key in order {
        let left = of_b.get_mut(&key).and_then(Vec::pop);
        pairs.extend(left.map(|item| (None, Some(item))));
    }
    Ok(pairs)
}

fn compare_all(
    diff: &Diff,
    files: [(&Store, &Path); 2],
    pairs: &Pairs<'_>,
    report: &mut Report<'_>,
    console: &mut Console<'_>,
) -> io::Result<()> {
    let bar = Bar::of(Path::new(&diff.a), console.json || diff.quiet);
    let size = |item: &Option<Item<'_>>| match item.as_ref().map(|item| &item.what) {
        Some(What::Array(part)) => part.nbytes() as u64,
        Some(What::Bytes(size)) => *size,
        _ => 0,
    };
    let total = pairs
        .iter()
        .map(|(a, _)| size(a))
        .fold(0, u64::saturating_add);
    let counter = Counter::new(&bar, total);
    let tolerance = Tolerance {
        relative: diff.rtol,
        absolute: diff.atol,
    };
    for pair in pairs {
        let (a, b) = match pair {
            (Some(a), Some(b)) => (a, b),
            (Some(a), None) => {
                report.alone(a, Side::A, console)?;
                continue;
            }
            (None, Some(b)) => {
                report.alone(b, Side::B, console)?;
                continue;
            }
            (None, None) => continue,
        };
        let pair = Pair {
            files,
            a,
            b,
            values_alone: diff.values,
            tolerance,
            told: &|bytes| counter.told(bytes),
        };
        match pair.compare() {
            Ok(found) => report.pair(a, b, found, console)?,
            Err(failure) => report.trouble(failure, console)?,
        }
    }
    Ok(())
}
