//! `npload extract`: members of an archive as files.

use std::fs;
use std::io;
use std::path::PathBuf;

use npload::{LoadOptions, SaveOptions, Stream};
use serde::Serialize;

use crate::args::Extract;
use crate::counter::Counter;
use crate::failure::Failure;
use crate::members::Decompressed;
use crate::progress::Bar;
use crate::run::Console;
use crate::store::{Item, Store, What};
use crate::{escape, sizes};

/// What becomes of a member.
#[derive(Serialize)]
struct Extracted {
    key: String,
    /// The file that was written.
    path: Option<String>,
    error: Option<Failure>,
}

#[derive(Serialize)]
struct Document {
    file: String,
    members: Vec<Extracted>,
    /// Why there is none of them.
    error: Option<Failure>,
}

pub(crate) fn run(
    args: &Extract,
    options: &LoadOptions,
    console: &mut Console<'_>,
) -> io::Result<()> {
    let path = &args.file;
    let (members, error) = match extract(args, options, console)? {
        Ok(members) => (members, None),
        Err(failure) => {
            console.fail(&failure)?;
            (Vec::new(), Some(failure))
        }
    };
    if console.json {
        let file = escape::as_text(path);
        return console.document(&Document {
            file,
            members,
            error,
        });
    }
    Ok(())
}

fn extract(
    args: &Extract,
    options: &LoadOptions,
    console: &mut Console<'_>,
) -> io::Result<Result<Vec<Extracted>, Failure>> {
    let path = &args.file;
    let store = match Store::open(path, options) {
        Ok(store @ (Store::Npz(_) | Store::Safetensors(_))) => store,
        Ok(_) => {
            let message = "this is no archive: there is nothing in it to extract";
            return Ok(Err(Failure::usage(path, message)));
        }
        Err(failure) => return Ok(Err(failure)),
    };
    let items = match items(&store, args) {
        Ok(items) => items,
        Err(failure) => return Ok(Err(failure)),
    };
    if let Err(err) = fs::create_dir_all(&args.directory) {
        return Ok(Err(Failure::unread(&args.directory, &err)));
    }
    let bar = Bar::of(path, console.json);
    let total = items.iter().map(size).fold(0, u64::saturating_add);
    let work = Work {
        args,
        store: &store,
        counter: Counter::new(&bar, total),
    };
    let mut all = Vec::new();
    for item in &items {
        let key = item.key_or("").to_owned();
        let (written, error) = match work.item(item) {
            Ok(written) => (Some(written), None),
            Err(failure) => {
                console.fail(&failure)?;
                (None, Some(failure))
            }
        };
        if let (Some(written), false) = (&written, console.json) {
            let size = sizes::rough(size(item));
            writeln!(console.out, "{}: {size}", escape::path(written))?;
        }
        let path = written.map(|path| escape::as_text(&path));
        all.push(Extracted { key, path, error });
    }
    Ok(Ok(all))
}

/// All members, or those that are named, each once.
fn items<'s>(store: &'s Store, args: &Extract) -> Result<Vec<Item<'s>>, Failure> {
    if args.keys.is_empty() {
        return store.items(&args.file, None);
    }
    let mut items = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for key in &args.keys {
        for item in store.items(&args.file, Some(key))? {
            let name = name(&item);
            if seen.insert(name) {
                items.push(item);
            }
        }
    }
    Ok(items)
}

fn size(item: &Item<'_>) -> u64 {
    match (&item.member, &item.what) {
        (Some(member), _) => member.size,
        (None, What::Array(part)) => part.nbytes() as u64,
        _ => 0,
    }
}

/// The name of the file that an item becomes, as the archive has it.
fn name(item: &Item<'_>) -> String {
    match &item.member {
        Some(member) => member.name.clone(),
        None => format!("{}.npy", item.key_or("")),
    }
}

struct Work<'w> {
    args: &'w Extract,
    store: &'w Store,
    counter: Counter<'w>,
}

impl Work<'_> {
    /// Writes one member, byte for byte; returns where.
    fn item(&self, item: &Item<'_>) -> Result<PathBuf, Failure> {
        let name = name(item);
        let refuse = |why: &str| Failure::damaged(&self.args.file, Some(&name), None, why);
        let parts = parts(&name).map_err(refuse)?;
        let path = self.place(&parts).map_err(|why| refuse(&why))?;
        if name.ends_with('/') {
            return Ok(path);
        }
        let options = SaveOptions::new().create_new(!self.args.force);
        let done = match (self.store, &item.what, &item.member) {
            // Whatever a member holds, its bytes can be had.
            (Store::Npz(npz), _, Some(member)) => {
                let stream = Decompressed {
                    npz,
                    index: member.index,
                };
                options.write(&path, |out| self.counter.copy(&mut *stream.open()?, out))
            }
            (_, What::Array(part), _) => {
                let done = options.save(&path, part);
                self.counter.told(part.nbytes() as u64);
                done
            }
            (_, What::Failure(failure), _) => return Err(failure.clone()),
            _ => return Err(refuse("this version cannot extract it")),
        };
        done.map_err(|err| Failure::writing(&path, &err))?;
        Ok(path)
    }

    /// Where a file of these names goes, below the folder that was given, whose folders are made. A link
    /// would lead out of it, and is not followed.
    fn place(&self, parts: &[&str]) -> Result<PathBuf, String> {
        let mut path = self.args.directory.clone();
        let Some((file, folders)) = parts.split_last() else {
            return Ok(path);
        };
        for folder in folders {
            path.push(folder);
            match fs::symlink_metadata(&path) {
                Ok(found) if found.is_dir() => {}
                Ok(_) => {
                    let path = escape::path(&path);
                    return Err(format!(
                        "{path} is in its way: it is there, and is no folder"
                    ));
                }
                Err(_) => fs::create_dir(&path).map_err(|err| {
                    let path = escape::path(&path);
                    format!("the folder {path} cannot be made: {err}")
                })?,
            }
        }
        path.push(file);
        let odd = fs::symlink_metadata(&path).ok().and_then(|found| {
            if found.is_symlink() {
                Some("it is a link, which is not followed")
            } else if found.is_file() {
                None
            } else {
                Some("it is there, and is no file")
            }
        });
        match odd {
            Some(why) => Err(format!("{} is in its way: {why}", escape::path(&path))),
            None => Ok(path),
        }
    }
}

/// The names of folders and of the file in them; or why a member may have no such name.
fn parts(name: &str) -> Result<Vec<&str>, &'static str> {
    const OUTSIDE: &str = "its name leads out of the folder that it is to be extracted to";
    if name.is_empty() {
        return Err("it has no name");
    }
    if name.contains('\0') {
        return Err("its name has a NUL in it, which no file's has");
    }
    if name.starts_with('/') {
        return Err(OUTSIDE);
    }
    if cfg!(windows) && name.contains(['\\', ':']) {
        return Err("its name has a \\ or a : in it, which no file's has");
    }
    let mut parts: Vec<&str> = name.split('/').collect();
    // A folder's own member.
    if parts.last() == Some(&"") {
        parts.pop();
        parts.push(".");
    }
    let (last, folders) = parts.split_last().ok_or("it has no name")?;
    let all = folders.iter().chain((*last != ".").then_some(last));
    for part in all {
        match *part {
            ".." => return Err(OUTSIDE),
            "" | "." => return Err("its name has a part without a name"),
            _ => {}
        }
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_the_folder() {
        assert_eq!(parts("a.npy"), Ok(vec!["a.npy"]));
        assert_eq!(parts("a/..b/c.npy"), Ok(vec!["a", "..b", "c.npy"]));
        for name in [
            "",
            "/a",
            "..",
            "../a",
            "a/../../b",
            "a/..",
            "./a",
            "a//b",
            "a/\0",
            "//a",
            "../",
            "/",
        ] {
            assert!(parts(name).is_err(), "{name:?}");
        }
    }
}
