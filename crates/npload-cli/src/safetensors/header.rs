//! The header: what it says, held against itself.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use super::METADATA;
use super::dtype::Name;
use super::read::{Tensor, Wrong};
use crate::sizes;

/// What stands before the header: its length.
pub(super) const LENGTH: u64 = 8;

/// The most axes that an array has.
const MAX_NDIM: usize = 64;

/// What a header says.
pub(super) struct Header {
    pub(super) tensors: Vec<Tensor>,
    pub(super) metadata: BTreeMap<String, String>,
}

/// What a header says, as it says it.
#[derive(Default)]
struct Said {
    tensors: Vec<(String, Info)>,
    metadata: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object of dtype, shape and data_offsets")]
struct Info {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: [u64; 2],
}

impl<'de> Deserialize<'de> for Said {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries)
    }
}

struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Said;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tensors by their names")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Said, A::Error> {
        let mut said = Said::default();
        while let Some(name) = map.next_key::<String>()? {
            match name == METADATA {
                true => said.metadata = map.next_value::<Option<_>>()?.unwrap_or_default(),
                false => {
                    let info = map.next_value()?;
                    said.tensors.push((name, info));
                }
            }
        }
        Ok(said)
    }
}

/// Reads a header that `room` bytes of tensors follow.
pub(super) fn parse(bytes: &[u8], room: u64) -> Result<Header, Wrong> {
    if !bytes.starts_with(b"{") {
        return Err(Wrong::at(LENGTH, "the header does not begin with a {"));
    }
    let said: Said = serde_json::from_slice(bytes).map_err(|err| malformed(bytes, &err))?;
    let mut names = HashSet::with_capacity(said.tensors.len());
    for (name, _) in &said.tensors {
        if !names.insert(name.as_str()) {
            return Err(Wrong::of(name, "two tensors have this name"));
        }
    }
    let mut tensors = Vec::with_capacity(said.tensors.len());
    for (name, info) in said.tensors {
        tensors.push(tensor(name, info)?);
    }
    check_places(&tensors, room)?;
    Ok(Header {
        tensors,
        metadata: said.metadata,
    })
}

/// One tensor, whose shape must fill its span.
fn tensor(name: String, info: Info) -> Result<Tensor, Wrong> {
    let [begin, end] = info.data_offsets;
    let Some(span) = end.checked_sub(begin) else {
        let message = format!("its bytes end at {end}, before they begin at {begin}");
        return Err(Wrong::of(&name, message));
    };
    if info.shape.len() > MAX_NDIM {
        let message = format!(
            "{} axes are more than the {MAX_NDIM} of an array",
            info.shape.len()
        );
        return Err(Wrong::of(&name, message));
    }
    let dtype = Name::parse(&info.dtype);
    if let Some(bits) = dtype.bits() {
        let bits = match info.shape.contains(&0) {
            true => Some(0),
            false => info
                .shape
                .iter()
                .try_fold(bits, |n: u64, &len| n.checked_mul(len)),
        };
        if bits.is_none_or(|bits| bits % 8 != 0 || bits / 8 != span) {
            let message = format!(
                "{} elements of shape {:?} do not fill the {span} bytes that it has",
                info.dtype, info.shape
            );
            return Err(Wrong::of(&name, message));
        }
    }
    // Beside an axis of length 0, too: no array could have such a shape, in NumPy neither.
    let bytes = dtype.bits().map_or(1, |bits| bits.div_ceil(8).max(1));
    let mut lengths = info.shape.iter().map(|&len| len.max(1));
    let fits = lengths
        .try_fold(bytes, |n: u64, len| n.checked_mul(len))
        .is_some_and(|n| isize::try_from(n).is_ok());
    let shape = info.shape.iter().map(|&len| usize::try_from(len));
    match shape.collect::<Result<_, _>>() {
        Ok(shape) if fits => Ok(Tensor {
            name,
            dtype,
            shape,
            begin,
            end,
        }),
        _ => {
            let message = format!("no memory could hold an array of shape {:?}", info.shape);
            Err(Wrong::of(&name, message))
        }
    }
}

/// Tensors must follow each other and fill the file: nothing lies between them, in two of them, or
/// behind them.
fn check_places(tensors: &[Tensor], room: u64) -> Result<(), Wrong> {
    let mut by_place: Vec<&Tensor> = tensors.iter().collect();
    by_place.sort_by_key(|tensor| (tensor.begin, tensor.end));
    let mut filled = 0;
    for tensor in by_place {
        if tensor.begin != filled {
            let what = match tensor.begin > filled {
                true => "nothing says what the bytes before are",
                false => "they are another tensor's too",
            };
            let message = format!(
                "its bytes begin at {} of the data and not at {filled}: {what}",
                tensor.begin
            );
            return Err(Wrong::of(&tensor.name, message));
        }
        if tensor.end > room {
            let message = format!(
                "its bytes end at {} of the data, and the file has {room}; it was probably not \
                 written to its end",
                tensor.end
            );
            return Err(Wrong::of(&tensor.name, message));
        }
        filled = tensor.end;
    }
    if filled < room {
        let left = room.saturating_sub(filled);
        return Err(Wrong::new(format!(
            "{} behind the last tensor: the header says nothing of that",
            sizes::exact_bytes(left)
        )));
    }
    Ok(())
}

fn malformed(bytes: &[u8], err: &serde_json::Error) -> Wrong {
    // Lines and columns count from 1; a header is one line unless somebody wrote it by hand.
    let lines = bytes.split_inclusive(|&byte| byte == b'\n');
    let before = lines.take(err.line().saturating_sub(1)).map(<[u8]>::len);
    let at = before
        .fold(err.column().saturating_sub(1), usize::saturating_add)
        .min(bytes.len());
    let text = err.to_string();
    let text = text.split(" at line ").next().unwrap_or(&text);
    Wrong::at(
        LENGTH.saturating_add(at as u64),
        format!("the header is no description of tensors: {text}"),
    )
}
