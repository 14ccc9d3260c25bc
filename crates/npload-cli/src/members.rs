//! What files hold as members of a new archive.

use std::io::Read;
use std::path::Path;

use npload::{NewMember, Npy, Npz, Part, Savable, Stream};

use crate::failure::Failure;
use crate::place::is_stdin;
use crate::store::{Item, Store, What};

/// What the only array of standard input is called: as `numpy.savez` calls it.
const UNNAMED: &str = "arr_0";

/// A member to be.
pub(crate) struct Planned<'s> {
    /// Its whole name.
    pub(crate) name: String,
    /// Its dtype and shape, if it is an array.
    pub(crate) array: Option<(String, Vec<usize>)>,
    from: Origin<'s>,
}

/// Where its bytes come from.
enum Origin<'s> {
    /// A file as it is.
    Npy(&'s Npy),
    /// Another archive, as they are compressed there.
    Copy(&'s Npz, usize),
    /// Another archive, to be compressed anew.
    Stream(Decompressed<'s>, u64),
    Part(Part<'s>),
}

/// A member of another archive.
pub(crate) struct Decompressed<'s> {
    pub(crate) npz: &'s Npz,
    pub(crate) index: usize,
}

impl Stream for Decompressed<'_> {
    fn open(&self) -> npload::Result<Box<dyn Read + Send + '_>> {
        Ok(Box::new(self.npz.stream(self.index)?))
    }
}

impl Planned<'_> {
    pub(crate) fn member(&self) -> npload::Result<NewMember<'_>> {
        let name = &self.name;
        match &self.from {
            Origin::Npy(npy) => Ok(NewMember::stream(name, npy.size(), *npy)),
            Origin::Copy(npz, index) => Ok(NewMember::copy(npz, *index)?.named(name)),
            Origin::Stream(stream, size) => Ok(NewMember::stream(name, *size, stream)),
            Origin::Part(part) => {
                let key = name.strip_suffix(".npy").unwrap_or(name);
                Ok(NewMember::array(key, part.saved()?))
            }
        }
    }
}

/// The members that a file's items become; with `anew`, compressed ones of archives are not copied as they
/// are. `name` is the key of the only one. Or all that keeps them from that.
pub(crate) fn plan<'s>(
    store: &'s Store,
    items: Vec<Item<'s>>,
    path: &Path,
    name: Option<&str>,
    anew: bool,
) -> Result<Vec<Planned<'s>>, Vec<Failure>> {
    let (mut planned, mut failures) = (Vec::new(), Vec::new());
    for item in items {
        match planned_item(store, item, path, name, anew) {
            Ok(member) => planned.push(member),
            Err(failure) => failures.push(failure),
        }
    }
    match failures.is_empty() {
        true => Ok(planned),
        false => Err(failures),
    }
}

fn planned_item<'s>(
    store: &'s Store,
    item: Item<'s>,
    path: &Path,
    name: Option<&str>,
    anew: bool,
) -> Result<Planned<'s>, Failure> {
    let array = described(&item);
    let is_array = array.is_some();
    let from = match (store, item.what) {
        (_, What::Failure(failure)) => return Err(failure),
        (_, What::Pickle(_)) => return Err(is_pickle(path)),
        (Store::Npy(npy), _) => Origin::Npy(npy),
        (Store::Npz(npz), _) => {
            let index = item.member.as_ref().map_or(0, |member| member.index);
            let size = item.member.as_ref().map_or(0, |member| member.size);
            match anew {
                true => Origin::Stream(Decompressed { npz, index }, size),
                false => Origin::Copy(npz, index),
            }
        }
        (_, What::Array(part)) => Origin::Part(part),
        (_, _) => return Err(Failure::of(path, "this version cannot pack such a file")),
    };
    let name = match (name, item.member, item.key) {
        (Some(name), _, _) if is_array => format!("{name}.npy"),
        (Some(name), _, _) => name.to_owned(),
        (None, Some(member), _) => member.name,
        (None, None, Some(key)) => format!("{key}.npy"),
        (None, None, None) => format!("{}.npy", stem(path)?),
    };
    Ok(Planned { name, array, from })
}

/// The dtype and the shape of an item, if it is an array that can be read.
pub(crate) fn described(item: &Item<'_>) -> Option<(String, Vec<usize>)> {
    match &item.what {
        What::Array(part) => Some((part.dtype().to_string(), part.shape().to_vec())),
        What::Objects(objects) => objects
            .header()
            .map(|header| (header.dtype().to_string(), header.shape().to_vec())),
        _ => None,
    }
}

/// A pickle is no array, whatever is in it.
pub(crate) fn is_pickle(path: &Path) -> Failure {
    let message = "this is a pickle: only Python can say which array is in it";
    Failure::unfit(path, None, message)
}

/// What a file that has one array calls it: its own name without `.npy`.
pub(crate) fn stem(path: &Path) -> Result<String, Failure> {
    if is_stdin(path) {
        return Ok(UNNAMED.to_owned());
    }
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    let no_text = "its name is no Unicode, and so no key: give one";
    stem.map(str::to_owned)
        .ok_or_else(|| Failure::usage(path, no_text))
}
