//! `npload pack`: files as the members of one archive.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::path::Path;

use npload::LoadOptions;

use crate::args::Pack;
use crate::escape;
use crate::failure::Failure;
use crate::members::{self, Planned};
use crate::output::Output;
use crate::place::Place;
use crate::progress::Bar;
use crate::run::Console;
use crate::store::Store;
use crate::written::Written;

/// What is to be packed: a file, or one array of it, and the key that it gets, if that is said.
struct Source {
    place: Place,
    key: Option<String>,
    store: Store,
}

pub(crate) fn run(args: &Pack, options: &LoadOptions, console: &mut Console<'_>) -> io::Result<()> {
    let bar = Bar::of(&args.output, console.json);
    let done = pack(args, options, &bar, console)?;
    drop(bar);
    Written::report(&args.output, done, console)
}

fn pack(
    args: &Pack,
    options: &LoadOptions,
    bar: &Bar,
    console: &mut Console<'_>,
) -> io::Result<Result<Written, Vec<Failure>>> {
    let output = &args.output;
    let compression = match args.packing.compression(output) {
        Ok(compression) => compression,
        Err(failure) => return Ok(Err(vec![failure])),
    };
    let to = Output::new(output, args.force, bar).compressed(compression);
    if let Err(failure) = to.check(console, false) {
        return Ok(Err(vec![failure]));
    }
    let mut failures = Vec::new();
    let mut sources = Vec::new();
    for text in &args.files {
        match source(text, options) {
            Ok(source) => sources.push(source),
            Err(failure) => failures.push(failure),
        }
    }
    let mut planned: Vec<Planned<'_>> = Vec::new();
    let mut owners: HashMap<String, &Path> = HashMap::new();
    for source in &sources {
        match plan(source, compression.is_some()) {
            Ok(members) => {
                for member in &members {
                    let path = source.place.path.as_path();
                    if let Some(other) = owners.insert(member.name.clone(), path) {
                        failures.push(twice(&member.name, other, path));
                    }
                }
                planned.extend(members);
            }
            Err(more) => failures.extend(more),
        }
    }
    if !failures.is_empty() {
        return Ok(Err(failures));
    }
    Written::archive(&planned, &to, |err| Failure::writing(output, err), console)
}

/// Opens what `[NAME=]FILE[:KEY]` says. A file that is there by that whole name is meant.
fn source(text: &OsStr, options: &LoadOptions) -> Result<Source, Failure> {
    let whole = Place::find(text);
    let (place, key) = match text.to_str().and_then(|text| text.split_once('=')) {
        Some((key, file)) if !whole.is_there() => {
            (Place::find(file.as_ref()), Some(key.to_owned()))
        }
        _ => (whole, None),
    };
    if key.as_deref() == Some("") {
        return Err(Failure::usage(&place.path, "before the = there is no name"));
    }
    let store = Store::open(&place.path, options)?;
    Ok(Source { place, key, store })
}

fn plan(source: &Source, anew: bool) -> Result<Vec<Planned<'_>>, Vec<Failure>> {
    let Source { place, key, store } = source;
    let items = store.items(&place.path, place.key.as_deref());
    let items = items.map_err(|failure| vec![failure])?;
    if let (Some(key), 2..) = (key, items.len()) {
        let message = format!(
            "{key}= names one array, and there are {} in it: say which, {key}=FILE:KEY",
            items.len()
        );
        return Err(vec![Failure::usage(&place.path, message)]);
    }
    members::plan(store, items, &place.path, key.as_deref(), anew)
}

fn twice(name: &str, other: &Path, path: &Path) -> Failure {
    let key = name.strip_suffix(".npy").unwrap_or(name);
    let other = escape::path(other);
    let message = format!(
        "an array of the name {key} comes from {other} already: give one of them another, NAME=FILE"
    );
    Failure::usage(path, message)
}
