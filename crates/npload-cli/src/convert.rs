//! `npload convert`: a file as one of another kind.

use std::collections::{BTreeMap, HashSet};
use std::io::{self, Read};
use std::path::Path;

use npload::{LoadOptions, Order, Part, Saved, Stream};

use crate::args::Convert;
use crate::counter::Counter;
use crate::csv::{self, Format, Header, Table};
use crate::escape;
use crate::failure::Failure;
use crate::kind::{Kind, is_tsv};
use crate::members::{self, Decompressed};
use crate::output::Output;
use crate::place::Place;
use crate::progress::Bar;
use crate::run::Console;
use crate::safetensors::{self, name_of};
use crate::store::{Item, Store, What};
use crate::written::{Array, Written};

/// Work, which ends as it should or with all that kept it from that.
type Done = io::Result<Result<Written, Vec<Failure>>>;

pub(crate) fn run(
    args: &Convert,
    options: &LoadOptions,
    console: &mut Console<'_>,
) -> io::Result<()> {
    let place = Place::find(&args.input);
    let bar = Bar::of(&place.path, console.json);
    let command = Command {
        args,
        options,
        place: &place,
        bar: &bar,
    };
    let done = command.run(console)?;
    drop(bar);
    Written::report(&args.output, done, console)
}

struct Command<'a> {
    args: &'a Convert,
    options: &'a LoadOptions,
    place: &'a Place,
    bar: &'a Bar,
}

impl Command<'_> {
    fn run(&self, console: &mut Console<'_>) -> Done {
        let output = &self.args.output;
        let Some(kind) = self.args.to.or_else(|| Kind::of_name(output)) else {
            let message = "its name does not end in .npy, .npz, .safetensors or .csv: say with --to what \
                           it is to be";
            return Ok(Err(vec![Failure::usage(output, message)]));
        };
        let compression = match self.args.packing.compression(output) {
            Ok(None) => None,
            Ok(_) if kind != Kind::Npz => {
                let message = "only the members of an npz are compressed";
                return Ok(Err(vec![Failure::usage(output, message)]));
            }
            Ok(compression) => compression,
            Err(failure) => return Ok(Err(vec![failure])),
        };
        let to = Output::new(output, self.args.force, self.bar).compressed(compression);
        if let Err(failure) = to.check(console, kind == Kind::Csv) {
            return Ok(Err(vec![failure]));
        }
        if let Some(message) = self.unfit(kind) {
            return Ok(Err(vec![Failure::usage(output, message)]));
        }
        if self.is_csv() {
            return self.read_table(kind, &to, console);
        }
        let path = &self.place.path;
        let store = match Store::open(path, self.options) {
            Ok(store) => store,
            Err(failure) => {
                let failure = failure.or_else_perhaps("A table of text is read with --from csv.");
                return Ok(Err(vec![failure]));
            }
        };
        if let Some(said) = self.args.from.filter(|said| Some(*said) != store.kind()) {
            let message = format!("this is no {} file", said.name());
            return Ok(Err(vec![Failure::unfit(path, None, message)]));
        }
        let items = match store.items(path, self.place.key.as_deref()) {
            Ok(items) => items,
            Err(failure) => return Ok(Err(vec![failure])),
        };
        if let (Store::Safetensors(file), true) = (&store, kind != Kind::Safetensors) {
            let names: Vec<_> = file
                .metadata()
                .keys()
                .map(|name| escape::name(name))
                .collect();
            if !names.is_empty() {
                let (file, names) = (escape::path(path), names.join(", "));
                let text = format!("{file}: its __metadata__ has no place in the output: {names}");
                console.say(&text)?;
            }
        }
        match kind {
            Kind::Npz => self.to_npz(&store, items, compression.is_some(), &to, console),
            Kind::Safetensors => self.to_safetensors(&store, items, &to, console),
            Kind::Npy | Kind::Csv => {
                let item = match self.only(items) {
                    Ok(item) => item,
                    Err(failure) => return Ok(Err(vec![failure])),
                };
                match kind {
                    Kind::Npy => self.to_npy(&store, item, &to, console),
                    _ => self.to_csv(item, &to, console),
                }
            }
        }
    }

    /// What is wrong with options that say nothing of these files.
    fn unfit(&self, kind: Kind) -> Option<&'static str> {
        let reads_csv = self.is_csv();
        if self.args.dtype.is_some() && !reads_csv {
            Some("--dtype says what the cells of a csv file are, and nothing else is converted")
        } else if self.args.delimiter.is_some() && !reads_csv && kind != Kind::Csv {
            Some("--delimiter is of csv files")
        } else if !self.args.metadata.is_empty() && kind != Kind::Safetensors {
            Some("--metadata is of safetensors files")
        } else if self.args.key.is_some() && !matches!(kind, Kind::Npz | Kind::Safetensors) {
            Some("--key names an array in an archive, and this file holds one array without a name")
        } else {
            None
        }
    }

    /// Whether the input is text: nothing in it says so.
    fn is_csv(&self) -> bool {
        let said = self.args.from == Some(Kind::Csv);
        said || self.place.key.is_none() && Kind::of_name(&self.place.path) == Some(Kind::Csv)
    }

    fn format(&self, path: &Path) -> Format {
        let delimiter = self.args.delimiter.unwrap_or(match is_tsv(path) {
            true => b'\t',
            false => b',',
        });
        Format {
            delimiter,
            header: self.args.header,
            dtype: self.args.dtype.clone(),
        }
    }

    /// The only array that there is.
    fn only<'s>(&self, mut items: Vec<Item<'s>>) -> Result<Item<'s>, Failure> {
        let path = &self.place.path;
        if items.len() > 1 {
            let keys: Vec<&str> = items.iter().map(|item| item.key_or("")).collect();
            let near = Failure::near(keys.iter().copied(), "");
            let message = format!("say which of its arrays, FILE:KEY; there are: {near}");
            return Err(Failure::usage(path, message));
        }
        match items.pop() {
            Some(Item {
                what: What::Failure(failure),
                ..
            }) => Err(failure),
            Some(item) => match &item.what {
                What::Bytes(size) => {
                    let message = format!("it is no array but {} bytes; extract writes it", size);
                    let name = item.member.as_ref().map(|member| member.name.as_str());
                    Err(Failure::unfit(path, name, message))
                }
                What::Pickle(_) => Err(members::is_pickle(path)),
                _ => Ok(item),
            },
            None => Err(Failure::of(path, "there is no array in it")),
        }
    }

    /// An npy file, or a member that is one, as it is; a tensor behind a header.
    fn to_npy(
        &self,
        store: &Store,
        item: Item<'_>,
        to: &Output<'_>,
        console: &mut Console<'_>,
    ) -> Done {
        let written = Written::new("npy", vec![Array::of(&item, None)]);
        let counter = Counter::new(self.bar, 0);
        let done = match (store, &item.what, &item.member) {
            (Store::Npy(npy), _, _) => {
                let (mut from, counter) = (npy.stream(), counter.of(npy.size()));
                to.write(console, |out| counter.copy(&mut from, out))?
            }
            (Store::Npz(npz), _, Some(member)) => {
                let stream = Decompressed {
                    npz,
                    index: member.index,
                };
                let counter = counter.of(member.size);
                to.write(console, |out| counter.copy(&mut *stream.open()?, out))?
            }
            (_, What::Array(part), _) => to.npy(part, console)?,
            _ => Ok(()),
        };
        Ok(written.once(done))
    }

    fn to_npz(
        &self,
        store: &Store,
        items: Vec<Item<'_>>,
        anew: bool,
        to: &Output<'_>,
        console: &mut Console<'_>,
    ) -> Done {
        let path = &self.place.path;
        let name = match (&self.args.key, items.len()) {
            (Some(_), 2..) => return Ok(Err(vec![self.key_of_many()])),
            (name, _) => name.as_deref(),
        };
        let planned = match members::plan(store, items, path, name, anew) {
            Ok(planned) => planned,
            Err(failures) => return Ok(Err(failures)),
        };
        Written::archive(&planned, to, |err| Failure::new(path, err), console)
    }

    fn key_of_many(&self) -> Failure {
        let message = "--key names one array, and there are several: say which, FILE:KEY";
        Failure::usage(&self.place.path, message)
    }

    fn to_safetensors(
        &self,
        store: &Store,
        items: Vec<Item<'_>>,
        to: &Output<'_>,
        console: &mut Console<'_>,
    ) -> Done {
        let path = &self.place.path;
        if self.args.key.is_some() && items.len() > 1 {
            return Ok(Err(vec![self.key_of_many()]));
        }
        let (mut tensors, mut failures) = (Vec::new(), Vec::new());
        for item in items {
            match self.tensor(item) {
                Ok(tensor) => tensors.push(tensor),
                Err(failure) => failures.push(failure),
            }
        }
        let mut names = HashSet::new();
        for (name, _) in &tensors {
            if !names.insert(name.as_str()) {
                let message = "two arrays have this key, and a file has it once";
                failures.push(Failure::unfit(path, Some(name), message));
            }
        }
        if !failures.is_empty() {
            return Ok(Err(failures));
        }
        let metadata = match store {
            Store::Safetensors(file) => file.metadata().clone(),
            _ => BTreeMap::new(),
        };
        let entries = tensors.iter().map(|(name, part)| safetensors::Entry {
            name,
            dtype: part.dtype(),
            shape: part.shape(),
            open: Box::new(|| Ok(Box::new(part.reader(Order::C)?) as Box<dyn Read>)),
        });
        self.write_tensors(&entries.collect::<Vec<_>>(), metadata, to, console)
    }

    fn write_tensors(
        &self,
        entries: &[safetensors::Entry<'_>],
        mut metadata: BTreeMap<String, String>,
        to: &Output<'_>,
        console: &mut Console<'_>,
    ) -> Done {
        metadata.extend(self.args.metadata.iter().cloned());
        let total = entries
            .iter()
            .fold(0_u64, |sum, entry| sum.saturating_add(entry.nbytes()));
        let counter = Counter::new(self.bar, total);
        let done = to.write(console, |out| {
            safetensors::write(entries, &metadata, out, &|bytes| counter.told(bytes))
        })?;
        let arrays = entries.iter().map(|entry| Array {
            key: Some(entry.name.to_owned()),
            dtype: Some(entry.dtype.to_string()),
            shape: Some(entry.shape.to_vec()),
        });
        let written = Written::new("safetensors", arrays.collect());
        Ok(written.once(done))
    }

    /// An item as a tensor, under its name.
    fn tensor<'s>(&self, item: Item<'s>) -> Result<(String, Part<'s>), Failure> {
        let path = &self.place.path;
        let name = match (&self.args.key, &item.key) {
            (Some(name), _) | (None, Some(name)) => name.clone(),
            (None, None) => members::stem(path)?,
        };
        check_name(path, &name)?;
        let unfit = |what: &str| {
            let message = format!("{what} have no counterpart in safetensors");
            Failure::unfit(path, item.key.as_deref(), message)
        };
        match item.what {
            What::Array(part) => match name_of(part.dtype()) {
                Some(_) => Ok((name, part)),
                None => Err(unfit(&format!("elements of {}", part.dtype()))),
            },
            What::Failure(failure) => Err(failure),
            What::Objects(_) | What::Pickle(_) => Err(unfit("Python objects")),
            What::Bytes(_) => Err(unfit("members that are no arrays")),
        }
    }

    fn to_csv(&self, item: Item<'_>, to: &Output<'_>, console: &mut Console<'_>) -> Done {
        let path = &self.place.path;
        let name = item.member.as_ref().map(|member| member.name.as_str());
        let name = name.or(item.key.as_deref());
        let What::Array(part) = &item.what else {
            let message = "Python objects have no counterpart in csv";
            return Ok(Err(vec![Failure::unfit(path, name, message)]));
        };
        let format = self.format(&self.args.output);
        let plan = csv::Plan::of(part, format.delimiter, format.header != Header::No);
        let plan = match plan {
            Ok(plan) => plan,
            Err(message) => return Ok(Err(vec![Failure::unfit(path, name, message)])),
        };
        let counter = Counter::new(self.bar, part.nbytes() as u64);
        let done = to.write(console, |out| {
            csv::write(part, &plan, out, &|bytes| counter.told(bytes))
        })?;
        let written = Written::new("csv", vec![Array::of(&item, None)]);
        Ok(written.once(done))
    }

    fn read_table(&self, kind: Kind, to: &Output<'_>, console: &mut Console<'_>) -> Done {
        let path = &self.place.path;
        let fail = |failure| Ok(Err(vec![failure]));
        if let Some(key) = &self.place.key {
            let message = format!("this is one array and has no keys: leave out :{key}");
            return fail(Failure::usage(path, message));
        }
        let len = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        let counter = Counter::new(self.bar, len);
        let table = match Table::open(path, &self.format(path), &|bytes| counter.told(bytes)) {
            Ok(table) => table,
            Err(failure) => return fail(failure),
        };
        let name = match (&self.args.key, kind) {
            (Some(name), _) => name.clone(),
            (None, Kind::Npz | Kind::Safetensors) => match members::stem(path) {
                Ok(name) => name,
                Err(failure) => return fail(failure),
            },
            (None, _) => String::new(),
        };
        let saved = Saved::streamed(table.dtype().clone(), table.shape(), Order::C, &table);
        let saved = match saved {
            Ok(saved) => saved,
            Err(err) => return fail(Failure::new(path, &err)),
        };
        let array = Array {
            key: (!name.is_empty()).then(|| name.clone()),
            dtype: Some(table.dtype().to_string()),
            shape: Some(table.shape().to_vec()),
        };
        let (format, done) = match kind {
            Kind::Npy => ("npy", to.npy(&saved, console)?),
            Kind::Npz => {
                let member = npload::NewMember::array(&name, saved);
                ("npz", to.archive(vec![member], console)?)
            }
            Kind::Safetensors => {
                let fits = check_name(path, &name).and_then(|()| match name_of(table.dtype()) {
                    Some(_) => Ok(()),
                    None => {
                        let dtype = table.dtype();
                        let message =
                            format!("elements of {dtype} have no counterpart in safetensors");
                        Err(Failure::unfit(path, None, message))
                    }
                });
                if let Err(failure) = fits {
                    return fail(failure);
                }
                let entry = safetensors::Entry {
                    name: &name,
                    dtype: table.dtype(),
                    shape: table.shape(),
                    open: Box::new(|| Ok(Stream::open(&table)? as Box<dyn Read>)),
                };
                return self.write_tensors(&[entry], BTreeMap::new(), to, console);
            }
            Kind::Csv => {
                let message = "this is csv already";
                return fail(Failure::usage(path, message));
            }
        };
        let done = done.map(|()| Written::new(format, vec![array]));
        Ok(done.map_err(|failure| vec![failure]))
    }
}

/// Refuses the one name that no tensor may have.
fn check_name(path: &Path, name: &str) -> Result<(), Failure> {
    match name {
        "__metadata__" => {
            let message = "no tensor may have this name: it is that of a file's metadata";
            Err(Failure::unfit(path, Some(name), message))
        }
        _ => Ok(()),
    }
}
