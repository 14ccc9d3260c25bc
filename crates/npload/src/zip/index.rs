//! From names to members: a hash table of indices, made when a name is first looked up.

use std::hash::{BuildHasher, RandomState};

/// Indices of names, in a table with open addressing. Randomly seeded: hostile names cannot pile up.
///
/// A name and the same name with the suffix have one hash, so that one look finds either.
pub(super) struct Index {
    /// A power of two of them, at most half of them taken.
    slots: Vec<Slot>,
    seed: RandomState,
    suffix: &'static str,
}

#[derive(Clone, Copy, Default)]
struct Slot {
    /// 1 + index, or 0 where nothing is.
    taken: u32,
    /// The half of the hash that did not choose the slot: other names are seldom looked at.
    tag: u32,
}

impl Index {
    /// Of the names 0 to `len`; of equal ones the last counts.
    pub(super) fn new<'a>(len: u32, suffix: &'static str, name: impl Fn(u32) -> &'a str) -> Self {
        let size = (len as usize).saturating_mul(2).next_power_of_two();
        let mut index = Index {
            slots: vec![Slot::default(); size],
            seed: RandomState::new(),
            suffix,
        };
        for i in 0..len {
            let new = name(i);
            let (first, tag) = index.hash(index.stem(new));
            let place = index.chain(first).find(|(_, slot)| {
                let other = slot.taken.checked_sub(1);
                other.is_none_or(|other| slot.tag == tag && name(other) == new)
            });
            if let Some((place, _)) = place
                && let Some(slot) = index.slots.get_mut(place)
            {
                let taken = i.saturating_add(1);
                *slot = Slot { taken, tag };
            }
        }
        index
    }

    /// The index of that name, else of that name and the suffix.
    #[inline]
    pub(super) fn find<'a>(&self, wanted: &str, name: impl Fn(u32) -> &'a str) -> Option<u32> {
        let stem = self.stem(wanted);
        let mut with_suffix = None;
        for other in self.taken(stem) {
            let found = name(other);
            if found == wanted {
                return Some(other);
            }
            if found.strip_suffix(self.suffix) == Some(wanted) {
                with_suffix = Some(other);
            }
        }
        if stem.len() == wanted.len() {
            return with_suffix;
        }
        // It ends in the suffix itself, and with another stands elsewhere.
        let mut taken = self.taken(wanted);
        taken.find(|&other| name(other).strip_suffix(self.suffix) == Some(wanted))
    }

    /// A name without the suffix.
    fn stem<'n>(&self, name: &'n str) -> &'n str {
        name.strip_suffix(self.suffix).unwrap_or(name)
    }

    /// Where the names of a stem begin, and their tag.
    #[expect(clippy::cast_possible_truncation, reason = "halves of the hash")]
    fn hash(&self, stem: &str) -> (usize, u32) {
        let hash = self.seed.hash_one(stem);
        (hash as usize, (hash >> 32) as u32)
    }

    /// The indices of the names that may have that stem.
    fn taken(&self, stem: &str) -> impl Iterator<Item = u32> {
        let (first, tag) = self.hash(stem);
        let taken = self
            .chain(first)
            .map_while(|(_, slot)| Some((slot.taken.checked_sub(1)?, slot.tag)));
        taken.filter_map(move |(other, its)| (its == tag).then_some(other))
    }

    /// The slots from there on, with their places.
    fn chain(&self, first: usize) -> impl Iterator<Item = (usize, Slot)> {
        let mask = self.slots.len().wrapping_sub(1);
        let places = (0..self.slots.len()).map(move |step| first.wrapping_add(step) & mask);
        places.map_while(|place| Some((place, *self.slots.get(place)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_and_the_last_of_equal_ones_counts() {
        let names: Vec<String> = (0..1000).map(|i| format!("n{}", i % 700)).collect();
        let name = |i: u32| names[i as usize].as_str();
        let index = Index::new(1000, ".npy", name);
        for i in 0..700_u32 {
            let last = if i < 300 { i + 700 } else { i };
            assert_eq!(index.find(&format!("n{i}"), name), Some(last));
        }
        assert_eq!(index.find("n700", name), None);
        assert_eq!(Index::new(0, ".npy", name).find("", name), None);
    }

    #[test]
    fn a_whole_name_is_found_before_one_that_has_the_suffix_as_well() {
        let names = [
            "a.npy",
            "b",
            "b.npy",
            "c.npy.npy",
            "c.npy",
            "d.npy.npy",
            ".npy",
            "a.npy",
        ];
        let name = |i: u32| names[i as usize];
        let index = Index::new(8, ".npy", name);
        let find = |wanted| index.find(wanted, name);
        assert_eq!((find("a"), find("a.npy")), (Some(7), Some(7)));
        assert_eq!((find("b"), find("b.npy")), (Some(1), Some(2)));
        assert_eq!(
            (find("c"), find("c.npy"), find("c.npy.npy")),
            (Some(4), Some(4), Some(3))
        );
        assert_eq!((find("d"), find("d.npy")), (None, Some(5)));
        assert_eq!((find(""), find(".npy")), (Some(6), Some(6)));
    }
}
