//! From names to members: a hash table of indices, made when a name is first looked up.

use std::hash::{BuildHasher, RandomState};

/// Indices of names, in a table with open addressing. Randomly seeded: hostile names cannot pile up.
pub(super) struct Index {
    /// 1 + index, or 0 where nothing is. A power of two of them, at most half of them taken.
    slots: Vec<u32>,
    seed: RandomState,
}

impl Index {
    /// Of the names 0 to `len`; of equal ones the last counts.
    pub(super) fn new<'a>(len: u32, name: impl Fn(u32) -> &'a str) -> Self {
        let size = (len as usize).saturating_mul(2).next_power_of_two();
        let mut index = Index {
            slots: vec![0; size],
            seed: RandomState::new(),
        };
        for i in 0..len {
            let slot = index.slot_of(name(i), &name);
            if let Some(slot) = index.slots.get_mut(slot) {
                *slot = i.saturating_add(1);
            }
        }
        index
    }

    /// The index of that name.
    pub(super) fn find<'a>(&self, wanted: &str, name: impl Fn(u32) -> &'a str) -> Option<u32> {
        self.slots.get(self.slot_of(wanted, &name))?.checked_sub(1)
    }

    /// Where the name is, or would be.
    fn slot_of<'a>(&self, wanted: &str, name: &impl Fn(u32) -> &'a str) -> usize {
        let mask = self.slots.len().wrapping_sub(1);
        let hash = self.seed.hash_one(wanted) & mask as u64;
        let mut slot = usize::try_from(hash).unwrap_or_default();
        loop {
            match self.slots.get(slot).and_then(|slot| slot.checked_sub(1)) {
                Some(other) if name(other) != wanted => slot = slot.wrapping_add(1) & mask,
                _ => return slot,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_and_the_last_of_equal_ones_counts() {
        let names: Vec<String> = (0..1000).map(|i| format!("n{}", i % 700)).collect();
        let name = |i: u32| names[i as usize].as_str();
        let index = Index::new(1000, name);
        for i in 0..700_u32 {
            let last = if i < 300 { i + 700 } else { i };
            assert_eq!(index.find(&format!("n{i}"), name), Some(last));
        }
        assert_eq!(index.find("n700", name), None);
        assert_eq!(Index::new(0, name).find("", name), None);
    }
}
