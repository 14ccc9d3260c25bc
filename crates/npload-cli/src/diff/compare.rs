//! Two arrays, gone through side by side in bounded memory.

use std::io::{self, Read};
use std::path::Path;

use npload::{Array, DType, Objects, Order, Part, Value};

use super::amounts::{Amount, Difference, Tolerance, compare};
use super::leaves::{Leaf, Leaves};
use crate::failure::Failure;
use crate::store::{Item, Objects as ObjectsOf, Store, What};

/// What is compared of members that are no arrays at a time.
const BLOCK: usize = 256 << 10;

/// Elements whose values are compared at a time: they take more memory than their bytes.
const CHUNK: usize = 1 << 14;

/// What is read at a time where one array is to be turned round.
const TURNED: usize = 16 << 20;

/// Two things of one key.
pub(super) struct Pair<'p> {
    pub(super) files: [(&'p Store, &'p Path); 2],
    pub(super) a: &'p Item<'p>,
    pub(super) b: &'p Item<'p>,
    /// Whether dtypes may differ.
    pub(super) values_alone: bool,
    pub(super) tolerance: Tolerance,
    /// Hears of the bytes of the first that were compared.
    pub(super) told: &'p dyn Fn(u64),
}

/// What came of it.
#[derive(Default)]
pub(super) struct Found {
    /// What differs beside values.
    pub(super) notes: Vec<String>,
    /// The same of fields.
    pub(super) apart: Vec<(String, String)>,
    /// For each field that has no others; a single one without a name for most arrays.
    pub(super) fields: Vec<(String, Tally)>,
}

/// What is known of the values of two arrays.
#[derive(Clone, Default)]
pub(super) struct Tally {
    pub(super) count: u64,
    /// How many differ, and of how many of those one is NaN.
    pub(super) differ: u64,
    pub(super) missing: u64,
    /// The largest differences, those within the tolerance too.
    pub(super) absolute: Option<Amount>,
    pub(super) relative: Option<f64>,
    /// The largest of those that count, and where it is.
    beyond: Option<Amount>,
    largest: Option<Spot>,
    first: Option<Spot>,
}

/// Where two values are, and what they are.
#[derive(Clone, Debug)]
pub(super) struct Spot {
    pub(super) at: Vec<usize>,
    pub(super) values: [String; 2],
}

impl Found {
    pub(super) fn is_equal(&self) -> bool {
        let differs = |(_, tally): &(String, Tally)| tally.differ > 0;
        self.notes.is_empty() && self.apart.is_empty() && !self.fields.iter().any(differs)
    }

    fn note(text: impl Into<String>) -> Self {
        Found {
            notes: vec![text.into()],
            ..Found::default()
        }
    }
}

/// Which of the two could not be read, and why.
type Unread = (usize, npload::Error);

impl Pair<'_> {
    pub(super) fn compare(&self) -> Result<Found, Failure> {
        let unread = |(which, err): Unread| {
            let path = self
                .files
                .get(which)
                .map_or(Path::new(""), |(_, path)| path);
            Failure::new(path, &err)
        };
        match (&self.a.what, &self.b.what) {
            (What::Failure(failure), _) | (_, What::Failure(failure)) => Err(failure.clone()),
            (What::Array(a), What::Array(b)) => self.arrays(a, b).map_err(unread),
            (What::Objects(a), What::Objects(b)) => self.objects(a, b).map_err(unread),
            (What::Pickle(a), What::Pickle(b)) => {
                let a: Objects = a.load().map_err(|err| unread((0, err)))?;
                let b: Objects = b.load().map_err(|err| unread((1, err)))?;
                Ok(match a.root_object() == b.root_object() {
                    true => Found::default(),
                    false => Found::note("the objects differ"),
                })
            }
            (What::Bytes(_), What::Bytes(_)) => self.bytes(),
            (a, b) => Ok(Found::note(format!("{} and {}", kind(a), kind(b)))),
        }
    }

    /// What is to be said of their dtypes.
    fn dtypes(&self, a: &DType, b: &DType) -> Found {
        match a == b || self.values_alone {
            true => Found::default(),
            false => Found::note(format!("dtype {a} and {b}")),
        }
    }

    fn objects(&self, a: &ObjectsOf<'_>, b: &ObjectsOf<'_>) -> Result<Found, Unread> {
        let mut found = match (a.header(), b.header()) {
            (Some(a), Some(b)) => self.dtypes(a.dtype(), b.dtype()),
            _ => Found::default(),
        };
        let a = a.load().map_err(|err| (0, err))?;
        let b = b.load().map_err(|err| (1, err))?;
        if a.shape() != b.shape() {
            found.notes.push(shapes(a.shape(), b.shape()));
            return Ok(found);
        }
        let mut tally = Tally::default();
        for (place, (of_a, of_b)) in a.iter().zip(b.iter()).enumerate() {
            tally.count = tally.count.saturating_add(1);
            if of_a != of_b {
                tally.unlike(Spot {
                    at: unravel(place, a.shape().to_vec()),
                    values: [of_a.to_string(), of_b.to_string()],
                });
            }
        }
        found.fields.push((String::new(), tally));
        Ok(found)
    }

    fn arrays(&self, a: &Part<'_>, b: &Part<'_>) -> Result<Found, Unread> {
        let mut found = self.dtypes(a.dtype(), b.dtype());
        if a.shape() != b.shape() {
            found.notes.push(shapes(a.shape(), b.shape()));
            return Ok(found);
        }
        let leaves = Leaves::of(a.dtype(), b.dtype());
        found.apart = leaves.apart;
        let mut tallies = Vec::new();
        for leaf in leaves.leaves {
            match leaf.how {
                Some(_) => tallies.push((leaf, Tally::default())),
                None if leaf.name.is_empty() => {
                    found
                        .notes
                        .push("their values cannot be compared".to_owned());
                }
                None => found
                    .apart
                    .push((leaf.name, "values that cannot be compared".to_owned())),
            }
        }
        if a.nbytes() > 0 || b.nbytes() > 0 {
            self.blocks(a, b, &mut tallies)?;
        }
        found.fields = tallies
            .into_iter()
            .map(|(leaf, tally)| (leaf.name, tally))
            .collect();
        Ok(found)
    }

    fn blocks(
        &self,
        a: &Part<'_>,
        b: &Part<'_>,
        tallies: &mut [(Leaf, Tally)],
    ) -> Result<(), Unread> {
        let both_in_f = a.lies_in(Order::F) && b.lies_in(Order::F);
        let order = match both_in_f && !a.lies_in(Order::C) {
            true => Order::F,
            false => Order::C,
        };
        let bytes = a.block_bytes(order).max(b.block_bytes(order)).min(TURNED);
        let larger = match a.dtype().itemsize() < b.dtype().itemsize() {
            true => b,
            false => a,
        };
        let shape = larger.block_shape_in(order, bytes);
        let blocks_a = a.blocks_in(order, &shape).map_err(|err| (0, err))?;
        let blocks_b = b.blocks_in(order, &shape).map_err(|err| (1, err))?;
        for (block_a, block_b) in blocks_a.zip(blocks_b) {
            let block_a = block_a.map_err(|err| (0, err))?;
            let block_b = block_b.map_err(|err| (1, err))?;
            let (array_a, array_b) = (&block_a.array, &block_b.array);
            (self.told)(array_a.nbytes() as u64);
            let is_same = same_bytes(array_a, array_b);
            for (leaf, tally) in &mut *tallies {
                let of_a = leaf.of(array_a).map_err(|err| (0, err))?;
                tally.count = tally.count.saturating_add(of_a.size() as u64);
                if !is_same {
                    let of_b = leaf.of(array_b).map_err(|err| (1, err))?;
                    self.block(leaf, [&of_a, &of_b], &block_a.start, tally)?;
                }
            }
        }
        Ok(())
    }

    fn block(
        &self,
        leaf: &Leaf,
        [a, b]: [&Array; 2],
        start: &[usize],
        tally: &mut Tally,
    ) -> Result<(), Unread> {
        let (Some(how), true) = (leaf.how, a.nbytes() > 0 || b.nbytes() > 0) else {
            return Ok(());
        };
        let bytes_a = a.to_bytes().map_err(|err| (0, err))?;
        let bytes_b = b.to_bytes().map_err(|err| (1, err))?;
        if a.dtype() == b.dtype() && bytes_a == bytes_b {
            return Ok(());
        }
        let spot = |place: usize| {
            let mut at = unravel(place, a.shape().to_vec());
            for (at, start) in at.iter_mut().zip(start) {
                *at = at.saturating_add(*start);
            }
            Spot {
                at,
                values: [value(a, &bytes_a, place), value(b, &bytes_b, place)],
            }
        };
        let sizes = [a.dtype().itemsize(), b.dtype().itemsize()];
        if sizes.contains(&0) {
            // Elements of no bytes are texts, or bytes, in which there is nothing; zeros are that, too.
            let (bytes, size) = match sizes {
                [0, size] => (&bytes_b, size),
                [size, _] => (&bytes_a, size),
            };
            for (place, item) in bytes.chunks_exact(size.max(1)).enumerate() {
                if item.iter().any(|&byte| byte != 0) {
                    tally.unlike(spot(place));
                }
            }
            return Ok(());
        }
        let [chunks_a, chunks_b] = sizes.map(|size| size.saturating_mul(CHUNK).max(1));
        let chunks = bytes_a.chunks(chunks_a).zip(bytes_b.chunks(chunks_b));
        for ((of_a, of_b), first) in chunks.zip((0_usize..).step_by(CHUNK)) {
            let (of_a, of_b) = ((a.dtype(), of_a), (b.dtype(), of_b));
            // Looked at once the chunk is done: each difference may be larger than the one before.
            let mut largest = None;
            compare(how, of_a, of_b, self.tolerance, &mut |place, difference| {
                let place = first.saturating_add(place);
                if difference.counts && tally.first.is_none() {
                    tally.first = Some(spot(place));
                }
                if tally.add(difference) {
                    largest = Some(place);
                }
            });
            if let Some(place) = largest {
                tally.largest = Some(spot(place));
            }
        }
        Ok(())
    }

    /// Members that are no arrays, byte by byte.
    fn bytes(&self) -> Result<Found, Failure> {
        let reader = |which: usize, item: &Item<'_>| -> Result<Box<dyn Read + '_>, Failure> {
            let index = item.member.as_ref().map_or(0, |member| member.index);
            match self.files.get(which) {
                Some((Store::Npz(npz), path)) => {
                    let stream = npz.stream(index);
                    Ok(Box::new(stream.map_err(|err| Failure::new(path, &err))?))
                }
                _ => Ok(Box::new(io::empty())),
            }
        };
        let (mut a, mut b) = (reader(0, self.a)?, reader(1, self.b)?);
        let mut at = 0_u64;
        loop {
            let block_a = self.next(0, &mut *a)?;
            let block_b = self.next(1, &mut *b)?;
            (self.told)(block_a.len() as u64);
            if let Some(first) = block_a.iter().zip(&block_b).position(|(a, b)| a != b) {
                let first = at.saturating_add(first as u64);
                return Ok(Found::note(format!(
                    "the bytes differ from byte {first} on"
                )));
            }
            if block_a.len() != block_b.len() {
                let (shorter, longer) = match block_a.len() < block_b.len() {
                    true => ("first", "second"),
                    false => ("second", "first"),
                };
                let size = at.saturating_add(block_a.len().min(block_b.len()) as u64);
                return Ok(Found::note(format!(
                    "the {longer} has more than the {size} bytes of the {shorter}"
                )));
            }
            if block_a.is_empty() {
                return Ok(Found::default());
            }
            at = at.saturating_add(block_a.len() as u64);
        }
    }

    fn next(&self, which: usize, reader: &mut dyn Read) -> Result<Vec<u8>, Failure> {
        let mut block = Vec::new();
        let read = reader.take(BLOCK as u64).read_to_end(&mut block);
        let path = self
            .files
            .get(which)
            .map_or(Path::new(""), |(_, path)| path);
        match read.map_err(io::Error::downcast::<npload::Error>) {
            Ok(_) => Ok(block),
            Err(Ok(err)) => Err(Failure::new(path, &err)),
            Err(Err(err)) => Err(Failure::unread(path, &err)),
        }
    }
}

impl Tally {
    /// Counts a difference; whether it is the largest of those that count.
    fn add(&mut self, difference: Difference) -> bool {
        let Difference {
            counts,
            missing,
            absolute,
            relative,
        } = difference;
        if counts {
            self.differ = self.differ.saturating_add(1);
            self.missing = self.missing.saturating_add(u64::from(missing));
        }
        let larger =
            |old: Option<Amount>, new: &Amount| old.is_none_or(|old| new.compare(old).is_gt());
        if let Some(amount) = absolute.filter(|new| larger(self.absolute, new)) {
            self.absolute = Some(amount);
        }
        if let Some(amount) = relative.filter(|new| self.relative.is_none_or(|old| *new > old)) {
            self.relative = Some(amount);
        }
        let beyond = absolute.filter(|new| counts && larger(self.beyond, new));
        self.beyond = beyond.or(self.beyond);
        beyond.is_some()
    }

    /// Where the largest difference that counts is, or, where there is no size, the first.
    pub(super) fn spot(&self) -> Option<&Spot> {
        self.largest.as_ref().or(self.first.as_ref())
    }

    /// Counts a pair that has nothing but its being unlike.
    fn unlike(&mut self, spot: Spot) {
        self.differ = self.differ.saturating_add(1);
        self.first.get_or_insert(spot);
    }
}

/// Whether elements have the same dtype and bytes, however they lie.
fn same_bytes(a: &Array, b: &Array) -> bool {
    let equal_in = |order| match (a.contiguous_bytes(order), b.contiguous_bytes(order)) {
        (Some(a), Some(b)) => a == b,
        _ => false,
    };
    a.dtype() == b.dtype() && (equal_in(Order::C) || equal_in(Order::F))
}

/// The value of an element of so many.
fn value(array: &Array, bytes: &[u8], place: usize) -> String {
    let size = array.dtype().itemsize();
    let start = place.saturating_mul(size);
    let item = bytes.get(start..start.saturating_add(size));
    let value = item.and_then(|item| Value::decode(array.dtype(), item).ok());
    value.map_or_else(String::new, |value| value.to_string())
}

/// The index of an element, given by its place in C order.
fn unravel(place: usize, shape: Vec<usize>) -> Vec<usize> {
    let mut left = place;
    let mut index = shape;
    for axis in index.iter_mut().rev() {
        let len = (*axis).max(1);
        *axis = left.checked_rem(len).unwrap_or(0);
        left = left.checked_div(len).unwrap_or(0);
    }
    index
}

fn shapes(a: &[usize], b: &[usize]) -> String {
    use crate::info::tuple;
    format!("shape {} and {}", tuple(a), tuple(b))
}

fn kind(what: &What<'_>) -> &'static str {
    match what {
        What::Array(_) => "an array",
        What::Objects(_) => "an array of Python objects",
        What::Pickle(_) => "a pickle",
        What::Bytes(_) => "a member that is no array",
        What::Failure(_) => "what cannot be read",
    }
}
