//! A file as what it holds, by name: npy, npz and safetensors alike.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use npload::{Handle, Header, LoadOptions, Npy, Npz, ObjectArray, Part, Peeked, Pickle, ReadAt};

use crate::failure::{Failure, wrong};
use crate::kind::Kind;
use crate::place::is_stdin;
use crate::safetensors::{Safetensors, Tensor, Wrong, begins};

/// So many bytes tell that a file is of safetensors.
const HEAD: u64 = 9;

/// A file, opened and not loaded.
pub(crate) enum Store {
    Npy(Npy),
    Npz(Npz),
    Pickle(Pickle),
    Safetensors(Safetensors),
}

/// One of the things that a file holds.
pub(crate) struct Item<'s> {
    /// None where the file holds nothing else.
    pub(crate) key: Option<String>,
    pub(crate) member: Option<Member>,
    pub(crate) what: What<'s>,
}

/// An archive's member: its name, its place in the directory, and how many bytes it has uncompressed.
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) index: usize,
    pub(crate) size: u64,
}

/// What it is.
pub(crate) enum What<'s> {
    Array(Part<'s>),
    /// An array of Python objects.
    Objects(Objects<'s>),
    /// A pickle's file.
    Pickle(&'s Pickle),
    /// A member that is no npy file, of so many bytes.
    Bytes(u64),
    /// It cannot be read.
    Failure(Failure),
}

/// An array of Python objects, which is loaded when it is asked for.
pub(crate) enum Objects<'s> {
    Npy(&'s Npy),
    Member(&'s Npz, String),
}

impl Objects<'_> {
    /// What its header says.
    pub(crate) fn header(&self) -> Option<Header> {
        match self {
            Objects::Npy(npy) => Some(npy.header().clone()),
            Objects::Member(npz, name) => npz.header(name).ok().flatten(),
        }
    }

    pub(crate) fn load(&self) -> npload::Result<ObjectArray> {
        match self {
            Objects::Npy(npy) => npy.load_object_array(),
            Objects::Member(npz, name) => npz.get_object_array(name),
        }
    }
}

impl Store {
    /// What kind of file it is, of those that are written, too.
    pub(crate) fn kind(&self) -> Option<Kind> {
        match self {
            Store::Npy(_) => Some(Kind::Npy),
            Store::Npz(_) => Some(Kind::Npz),
            Store::Safetensors(_) => Some(Kind::Safetensors),
            Store::Pickle(_) => None,
        }
    }

    /// Opens a file, or for `-` standard input, which is kept in memory.
    pub(crate) fn open(path: &Path, options: &LoadOptions) -> Result<Self, Failure> {
        let unread = |err: io::Error| Failure::unread(path, &err);
        if is_stdin(path) {
            return Store::read(io::stdin().lock(), path, options);
        }
        let metadata = fs::metadata(path).map_err(unread)?;
        if metadata.is_dir() {
            return Err(unread(io::ErrorKind::IsADirectory.into()));
        }
        let file = File::open(path).map_err(unread)?;
        if !metadata.is_file() {
            return Store::read(file, path, options);
        }
        let mut head = Vec::new();
        (&file).take(HEAD).read_to_end(&mut head).map_err(unread)?;
        if begins(&head) {
            let len = metadata.len();
            return Store::safetensors(Arc::new(file), len, path);
        }
        Store::of(options.open(path), path)
    }

    /// What comes one byte after the other.
    fn read(mut input: impl Read, path: &Path, options: &LoadOptions) -> Result<Self, Failure> {
        let unread = |err: io::Error| Failure::unread(path, &err);
        let mut head = Vec::new();
        let read = input.by_ref().take(HEAD).read_to_end(&mut head);
        read.map_err(unread)?;
        if begins(&head) {
            input.read_to_end(&mut head).map_err(unread)?;
            let len = head.len() as u64;
            return Store::safetensors(Arc::new(head), len, path);
        }
        Store::of(options.open_reader(&mut head.chain(input)), path)
    }

    fn of(opened: npload::Result<Handle>, path: &Path) -> Result<Self, Failure> {
        match opened {
            Ok(Handle::Npy(npy)) => Ok(Store::Npy(npy)),
            Ok(Handle::Npz(npz)) => Ok(Store::Npz(npz)),
            Ok(Handle::Pickle(pickle)) => Ok(Store::Pickle(pickle)),
            Ok(_) => Err(Failure::of(path, "this version cannot read such a file")),
            Err(err) => Err(Failure::new(path, &err)),
        }
    }

    fn safetensors(source: Arc<dyn ReadAt>, len: u64, path: &Path) -> Result<Self, Failure> {
        let opened = Safetensors::open(source, len);
        opened.map(Store::Safetensors).map_err(|wrong| {
            let Wrong {
                tensor,
                offset,
                message,
            } = wrong;
            Failure::damaged(path, tensor.as_deref(), offset, message)
        })
    }

    /// All that it holds, or just what has that key. Of members with the same name the last counts.
    pub(crate) fn items(&self, path: &Path, key: Option<&str>) -> Result<Vec<Item<'_>>, Failure> {
        let no_keys = |what: &str, key: &str| {
            let message = format!("this is {what} and has no keys: leave out :{key}");
            Failure::usage(path, message)
        };
        match (self, key) {
            (Store::Npy(_), Some(key)) => Err(no_keys("one array", key)),
            (Store::Pickle(_), Some(key)) => Err(no_keys("a pickle", key)),
            (Store::Npy(npy), None) => Ok(vec![Item::alone(of_npy(npy, path))]),
            (Store::Pickle(pickle), None) => Ok(vec![Item::alone(What::Pickle(pickle))]),
            (Store::Npz(npz), Some(key)) if !npz.contains(key) => {
                Err(Failure::no_such_key(path, npz, key))
            }
            (Store::Npz(npz), Some(key)) => match npz.peek_member(key) {
                Ok(peeked) => {
                    let names: Vec<_> = npz.names().collect();
                    let name = peeked.member.as_deref();
                    let index = names.iter().rposition(|other| Some(*other) == name);
                    Ok(vec![member(npz, peeked, index.unwrap_or_default(), path)])
                }
                Err(err) => Err(Failure::new(path, &err)),
            },
            (Store::Npz(npz), None) => {
                let last: HashMap<&str, usize> = npz.names().zip(0..).collect();
                let peeked = npz.peek().into_iter().enumerate();
                let is_last = |(index, peeked): &(usize, Peeked)| {
                    let name = peeked.member.as_deref().unwrap_or_default();
                    last.get(name) == Some(index)
                };
                let items = peeked
                    .filter(is_last)
                    .map(|(index, peeked)| member(npz, peeked, index, path));
                Ok(items.collect())
            }
            (Store::Safetensors(file), Some(key)) => {
                let tensors = file.tensors();
                match tensors.iter().find(|tensor| tensor.name == key) {
                    Some(found) => Ok(vec![tensor(file, found, path)]),
                    None => {
                        let keys = tensors.iter().map(|tensor| tensor.name.as_str());
                        Err(Failure::not_among(path, keys, key))
                    }
                }
            }
            (Store::Safetensors(file), None) => {
                let tensors = file.tensors().iter();
                Ok(tensors.map(|found| tensor(file, found, path)).collect())
            }
        }
    }
}

impl<'s> Item<'s> {
    fn alone(what: What<'s>) -> Self {
        Item {
            key: None,
            member: None,
            what,
        }
    }

    /// Its key, or another name where it has none.
    pub(crate) fn key_or<'k>(&'k self, other: &'k str) -> &'k str {
        self.key.as_deref().unwrap_or(other)
    }
}

fn of_npy<'s>(npy: &'s Npy, path: &Path) -> What<'s> {
    match npy.header().dtype().has_object() {
        true => What::Objects(Objects::Npy(npy)),
        false => of_part(npy.part(), path),
    }
}

fn of_part<'s>(part: npload::Result<Part<'s>>, path: &Path) -> What<'s> {
    match part {
        Ok(part) => What::Array(part),
        Err(err) => What::Failure(Failure::new(path, &err)),
    }
}

fn member<'s>(npz: &'s Npz, peeked: Peeked, index: usize, path: &Path) -> Item<'s> {
    let name = peeked.member.clone().unwrap_or_default();
    let what = match (&peeked.header, wrong(&peeked)) {
        (_, Some(err)) => What::Failure(Failure::new(path, err)),
        (Ok(None), _) => What::Bytes(peeked.size),
        (Ok(Some(header)), _) if header.dtype().has_object() => {
            What::Objects(Objects::Member(npz, name.clone()))
        }
        _ => of_part(npz.part(&name), path),
    };
    Item {
        key: peeked.key,
        member: Some(Member {
            name,
            index,
            size: peeked.size,
        }),
        what,
    }
}

fn tensor<'s>(file: &'s Safetensors, tensor: &Tensor, path: &Path) -> Item<'s> {
    let what = match file.part(tensor) {
        Ok(part) => of_part(part, path),
        Err(why) => What::Failure(Failure::unfit(path, Some(&tensor.name), why)),
    };
    Item {
        key: Some(tensor.name.clone()),
        member: None,
        what,
    }
}
