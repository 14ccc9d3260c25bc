//! `npload show`: values as NumPy prints them.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use npload::{
    Handle, LoadOptions, Member, Npz, ObjectArray, Objects, Part, Peeked, PrintOptions,
    Shown as Axis, Value,
};
use npload_pickle::{End, Machine, ObjectBuilder, Options, find_end};

use crate::args::Show;
use crate::failure::Failure;
use crate::info::tuple;
use crate::json::{self, Data, FileValues, Shown};
use crate::place::{self, Place};
use crate::progress::Bar;
use crate::run::Console;
use crate::{escape, foreign, sizes};

/// Members that are no arrays are shown up to this size.
const MOST_BYTES: u64 = 1 << 10;

/// From so many elements on a list of them takes long to write and to read.
const MANY: usize = 10_000_000;

pub(crate) fn run(show: &Show, options: &LoadOptions, console: &mut Console<'_>) -> io::Result<()> {
    let place = Place::find(&show.place);
    let options = &options.clone().encoding(show.encoding);
    let bar = Bar::of(&place.path, console.json);
    let handle = match place::open(&place.path, &bar.watch(options)) {
        Ok(handle) => handle,
        Err(failure) => return Viewer::new(show, &place.path, console).refuse(failure),
    };
    let mut viewer = Viewer::new(show, &place.path, console);
    match (&handle, &place.key) {
        (Handle::Npy(npy), None) if npy.header().dtype().has_object() => {
            viewer.objects(None, npy.load_object_array(), None)?;
        }
        (Handle::Pickle(pickle), None) => match pickle.load() {
            Ok(objects) => viewer.pickle(None, objects)?,
            Err(e) => viewer.fail(Failure::new(&place.path, &e))?,
        },
        (Handle::Pickle(_), Some(key)) => {
            let message = format!("this is a pickle and has no keys: leave out :{key}");
            viewer.fail(Failure::usage(&place.path, message))?;
        }
        (Handle::Npy(npy), None) => match npy.part() {
            Ok(part) => viewer.array(None, part, None)?,
            Err(e) => viewer.fail(Failure::new(&place.path, &e))?,
        },
        (Handle::Npy(_), Some(key)) => {
            let message = format!("this is one array and has no keys: leave out :{key}");
            viewer.fail(Failure::usage(&place.path, message))?;
        }
        (Handle::Npz(npz), Some(key)) => viewer.member(npz, key)?,
        (Handle::Npz(npz), None) => viewer.archive(npz)?,
        _ => viewer.fail(Failure::of(
            &place.path,
            "this version cannot show such a file",
        ))?,
    }
    drop(bar);
    viewer.finish()
}

/// Shows one file.
struct Viewer<'a, 'c> {
    show: &'a Show,
    path: &'a Path,
    print: PrintOptions,
    console: &'a mut Console<'c>,
    /// What a JSON document will say.
    arrays: Vec<Shown>,
}

impl<'a, 'c> Viewer<'a, 'c> {
    fn new(show: &'a Show, path: &'a Path, console: &'a mut Console<'c>) -> Self {
        Viewer {
            show,
            path,
            print: show.print.options(),
            console,
            arrays: Vec::new(),
        }
    }

    fn refuse(mut self, failure: Failure) -> io::Result<()> {
        self.fail(failure)?;
        self.finish()
    }

    fn fail(&mut self, failure: Failure) -> io::Result<()> {
        self.console.fail(&failure)?;
        self.arrays.push(Shown::Error { error: failure });
        Ok(())
    }

    fn finish(self) -> io::Result<()> {
        if !self.console.json {
            return Ok(());
        }
        let document = FileValues::new(self.path, self.arrays);
        self.console.document(&document)
    }

    /// A line above values or in their place.
    fn title(&mut self, key: &str, text: &str) -> io::Result<()> {
        match self.console.json {
            true => Ok(()),
            false => writeln!(self.console.out, "{}: {text}", escape::name(key)),
        }
    }

    /// Every array under its key. A name that stands in the directory twice means the last.
    fn archive(&mut self, npz: &Npz) -> io::Result<()> {
        let members = npz.peek();
        if members.len() != 1 && self.show.steps.is_some() {
            let message = match Failure::keys(npz, "") {
                keys if keys.is_empty() => "the archive is empty".to_owned(),
                keys => format!("say of which array to show a part, FILE:KEY; there are: {keys}"),
            };
            return self.fail(Failure::usage(self.path, message));
        }
        let names = members.iter().map(|member| member.member.as_deref());
        let last: HashMap<_, _> = names.clone().zip(0..).collect();
        let mut counts: HashMap<_, usize> = HashMap::new();
        for name in names {
            let count = counts.entry(name).or_default();
            *count = count.saturating_add(1);
        }
        if members.is_empty() && !self.console.json {
            writeln!(self.console.out, "the archive is empty")?;
        }
        let mut begun = false;
        if let Some(hint) = foreign::hint(&members).filter(|_| !self.console.json) {
            writeln!(self.console.out, "{hint}")?;
            begun = true;
        }
        for (i, member) in members.iter().enumerate() {
            if last.get(&member.member.as_deref()) != Some(&i) {
                continue;
            }
            if std::mem::replace(&mut begun, true) && !self.console.json {
                writeln!(self.console.out)?;
            }
            let key = member.key.as_deref().unwrap_or_default();
            let name = member.member.as_deref().unwrap_or_default();
            let note = match counts.get(&member.member.as_deref()) {
                Some(&count @ 2..) => format!(" (the last of {count} of this name)"),
                _ => String::new(),
            };
            match &member.header {
                Ok(None) => self.bytes(npz, key, name, member.size, &note)?,
                Ok(Some(header)) if header.dtype().has_object() => {
                    self.objects(Some(key), npz.get_object_array(name), Some(&note))?;
                }
                Ok(Some(_)) | Err(_) => match npz.part(name) {
                    Ok(part) => self.array(Some(key), part, Some(&note))?,
                    Err(e) => {
                        self.title(key, "not shown")?;
                        self.fail(Failure::new(self.path, &e))?;
                    }
                },
            }
        }
        Ok(())
    }

    /// The member of that key alone.
    fn member(&mut self, npz: &Npz, key: &str) -> io::Result<()> {
        if !npz.contains(key) {
            return self.fail(Failure::no_such_key(self.path, npz, key));
        }
        match npz.peek_member(key) {
            Ok(Peeked {
                header: Ok(None),
                size,
                ..
            }) => match self.pickled(npz, key) {
                Some(Ok(objects)) => self.pickle(Some(key), objects),
                Some(Err(failure)) => self.fail(failure),
                None => self.bytes(npz, key, key, size, ""),
            },
            Ok(Peeked {
                header: Ok(Some(header)),
                ..
            }) if header.dtype().has_object() => {
                self.objects(Some(key), npz.get_object_array(key), None)
            }
            _ => match npz.part(key) {
                Ok(part) => self.array(Some(key), part, None),
                Err(e) => self.fail(Failure::new(self.path, &e)),
            },
        }
    }

    /// What the pickle holds that a member is, or why it cannot be read; none where it is no pickle.
    fn pickled(&self, npz: &Npz, key: &str) -> Option<Result<Objects, Failure>> {
        let Ok(Member::Bytes(bytes)) = npz.member(key) else {
            return None;
        };
        let says_so = matches!(*bytes, [0x80, 2..=5, ..]);
        let ends = find_end(&mut &*bytes, u64::MAX);
        if !says_so && ends != Ok(End::At(bytes.len() as u64)) {
            return None;
        }
        // What only the program that wrote it can find is shown as such.
        let mut builder = ObjectBuilder::new(bytes.clone()).keep_references(true);
        let options = Options::new().encoding(self.show.encoding);
        let done = Machine::new(&bytes, &options, &mut builder).run();
        match done {
            Ok(done) => Some(Ok(builder.finish(done.value))),
            Err(e) if says_so => Some(Err(Failure::pickle(self.path, Some(key), &e))),
            Err(_) => None,
        }
    }

    /// A member that is no array: its bytes, if they are few.
    fn bytes(&mut self, npz: &Npz, key: &str, name: &str, size: u64, note: &str) -> io::Result<()> {
        if self.show.steps.is_some() {
            let message = format!("{key} is no array but {}", sizes::exact_bytes(size));
            return self.fail(Failure::usage(self.path, message));
        }
        if self.console.json {
            let key = key.to_owned();
            self.arrays.push(Shown::Bytes { key, size });
            return Ok(());
        }
        let bytes = sizes::exact_bytes(size);
        if size > 0 && name.ends_with(".pkl") {
            let file = escape::path(self.path);
            let how = format!(
                "npload show {file}:{} shows what is in it",
                escape::name(key)
            );
            return self.title(key, &format!("{bytes}, no array{note}; as a pickle, {how}"));
        }
        self.title(key, &format!("{bytes}, no array{note}"))?;
        if size > MOST_BYTES {
            return Ok(());
        }
        match npz.member(name) {
            Ok(Member::Bytes(bytes)) => {
                writeln!(self.console.out, "{}", Value::Bytes(bytes.to_vec()))
            }
            Ok(_) => Ok(()),
            Err(e) => self.fail(Failure::new(self.path, &e)),
        }
    }

    /// Whether all is shown; else it is told that there are no parts.
    fn is_whole(&mut self, what: &str) -> io::Result<bool> {
        if self.show.steps.is_some() {
            let message = format!("{what} is shown whole: leave out the slice");
            self.fail(Failure::usage(self.path, message))?;
        }
        Ok(self.show.steps.is_none())
    }

    /// An array of Python objects; under a title, if there is a note to end that with.
    fn objects(
        &mut self,
        key: Option<&str>,
        loaded: npload::Result<ObjectArray>,
        note: Option<&str>,
    ) -> io::Result<()> {
        let array = match loaded {
            Ok(array) => array,
            Err(e) => {
                if note.is_some() {
                    self.title(key.unwrap_or_default(), "not shown")?;
                }
                return self.fail(Failure::new(self.path, &e));
            }
        };
        if !self.is_whole("an array of Python objects")? {
            return Ok(());
        }
        let dtype = array.dtype().to_string();
        if let Some(note) = note {
            let text = format!("{} {}{note}", escape::name(&dtype), tuple(array.shape()));
            self.title(key.unwrap_or_default(), &text)?;
        }
        if self.console.json {
            self.arrays.push(Shown::Objects {
                key: key.map(str::to_owned),
                dtype,
                shape: array.shape().to_vec(),
                data: json::Objects::Array(array),
            });
            return Ok(());
        }
        let text = match self.show.repr {
            true => array.format_repr(&self.print),
            false => array.format(&self.print),
        };
        writeln!(self.console.out, "{}", escape::values(&text))
    }

    /// What a pickle holds.
    fn pickle(&mut self, key: Option<&str>, objects: Objects) -> io::Result<()> {
        if !self.is_whole("a pickle")? {
            return Ok(());
        }
        if self.console.json {
            let data = json::Objects::One(objects);
            let key = key.map(str::to_owned);
            self.arrays.push(Shown::Pickle { key, data });
            return Ok(());
        }
        let limits = npload::pickle::PrintOptions::new().max_objects(self.print.threshold);
        let text = npload::object_repr(objects.root_object(), &limits, &self.print);
        writeln!(self.console.out, "{}", escape::values(&text))
    }

    /// An array; under a title, if there is a note to end that with.
    fn array(&mut self, key: Option<&str>, part: Part<'_>, note: Option<&str>) -> io::Result<()> {
        if let Some(note) = note {
            let dtype = part.dtype().to_string();
            let text = format!("{} {}{note}", escape::name(&dtype), tuple(part.shape()));
            self.title(key.unwrap_or_default(), &text)?;
        }
        let (part, element) = match &self.show.steps {
            None => (part, false),
            Some(steps) => match steps.apply(part) {
                Ok(picked) => picked,
                Err(e) => return self.fail(Failure::no_such_part(self.path, &e)),
            },
        };
        if self.console.json {
            let listed = part.dtype().check_listing(part.shape());
            let size = part
                .shape()
                .iter()
                .fold(1, |n: usize, &len| n.saturating_mul(len));
            if size > MANY && listed.is_ok() {
                let file = escape::path(self.path);
                let size = sizes::exact(size as u64);
                self.console.say(&format!(
                    "{file}: {size} elements are listed; a SLICE lists a part"
                ))?;
            }
            return match listed.and_then(|()| part.read()) {
                Ok(array) => {
                    let key = key.map(str::to_owned);
                    self.arrays.push(Shown::Array {
                        key,
                        dtype: array.dtype().to_string(),
                        descr: array.dtype().descr().ok(),
                        shape: array.shape().to_vec(),
                        data: Data(array),
                    });
                    Ok(())
                }
                Err(e) => self.fail(Failure::new(self.path, &e)),
            };
        }
        match self.text(&part, element) {
            Ok(text) => writeln!(self.console.out, "{}", escape::values(&text)),
            Err(e) => self.fail(Failure::new(self.path, &e)),
        }
    }

    fn text(&self, part: &Part<'_>, element: bool) -> npload::Result<String> {
        let shown = self.print.shown(part.shape());
        let counts: Vec<usize> = shown.iter().map(Axis::count).collect();
        if !counts.contains(&0) {
            // The library would write `[...]`, as of what is left out.
            part.dtype().check_listing(&counts)?;
        }
        match (self.show.repr, element) {
            (true, _) => part.format_repr(&self.print),
            (false, true) => {
                let array = part.read()?;
                match array.get(&[])? {
                    // An array of no axes prints them as np.bytes_(b'…').
                    Value::Bytes(bytes) => Ok(Value::Bytes(bytes).to_string()),
                    _ => Ok(array.format(&self.print)),
                }
            }
            (false, false) => part.format(&self.print),
        }
    }
}
