//! The memo: dense where pickles are honest, a hash map for indices far ahead of what is there.

use std::collections::HashMap;

use crate::builder::Slot;
use crate::error::{Error, ErrorKind, Result};

/// How far ahead of twice the entries an index may be and still grow the dense part. Entries, and
/// not places: each place that a put leaves empty would let the next one leave as many again.
const AHEAD: usize = 1024;

pub(super) struct Memo<V> {
    dense: Vec<Option<Slot<V>>>,
    sparse: HashMap<u64, Slot<V>>,
    len: u64,
}

impl<V: Clone> Memo<V> {
    pub(super) fn new() -> Self {
        Memo {
            dense: Vec::new(),
            sparse: HashMap::new(),
            len: 0,
        }
    }

    /// How many entries there are; MEMOIZE puts at this index.
    #[inline]
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    #[inline]
    pub(super) fn get_mut(&mut self, index: u64) -> Option<&mut Slot<V>> {
        let dense = usize::try_from(index)
            .ok()
            .and_then(|at| self.dense.get_mut(at));
        match dense {
            Some(Some(slot)) => Some(slot),
            _ => self.sparse.get_mut(&index),
        }
    }

    #[inline]
    pub(super) fn put(&mut self, index: u64, slot: Slot<V>) -> Result<()> {
        if index == self.dense.len() as u64 && self.sparse.is_empty() {
            if self.dense.len() == self.dense.capacity() {
                self.reserve(1)?;
            }
            self.dense.push(Some(slot));
            self.len = self.len.saturating_add(1);
            Ok(())
        } else {
            self.put_elsewhere(index, slot)
        }
    }

    #[cold]
    fn put_elsewhere(&mut self, index: u64, slot: Slot<V>) -> Result<()> {
        let entries = usize::try_from(self.len).unwrap_or(usize::MAX);
        let reach = entries.saturating_mul(2).saturating_add(AHEAD);
        let at = usize::try_from(index).ok();
        let at = at.filter(|&at| at < reach || at < self.dense.len());
        let before = match at {
            // A slot that was put when the dense part was shorter stays where it is.
            Some(at) if !self.sparse.contains_key(&index) => {
                if at >= self.dense.len() {
                    let len = at.saturating_add(1);
                    self.reserve(len.saturating_sub(self.dense.len()))?;
                    self.dense.resize(len, None);
                }
                self.dense.get_mut(at).and_then(|entry| entry.replace(slot))
            }
            _ => {
                self.sparse.try_reserve(1).map_err(|_| no_memory())?;
                self.sparse.insert(index, slot)
            }
        };
        match before {
            None => self.len = self.len.saturating_add(1),
            // The value that was there knows of this entry, and of no other.
            Some(_) => {
                if let Some(slot) = self.get_mut(index) {
                    slot.place = slot.place.shared();
                }
            }
        }
        Ok(())
    }

    #[cold]
    fn reserve(&mut self, more: usize) -> Result<()> {
        self.dense.try_reserve(more).map_err(|_| no_memory())
    }
}

#[cold]
fn no_memory() -> Error {
    Error::new(ErrorKind::Limit, "no memory for so many memo entries")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_and_far_indices_cost_nothing() {
        let mut memo = Memo::new();
        let slot = |value| Slot::new(value, 0);
        for index in [u64::MAX, 5, 1 << 31, 0, 5, 2000, 1500, 1000, 2000] {
            memo.put(index, slot(index)).unwrap();
        }
        assert_eq!(memo.len(), 7);
        assert!(memo.dense.len() < 5000);
        for index in [u64::MAX, 5, 1 << 31, 0, 2000, 1500, 1000] {
            assert_eq!(memo.get_mut(index).map(|slot| slot.value), Some(index));
        }
        assert!(memo.get_mut(1).is_none());
        assert!(memo.get_mut(1 << 32).is_none());
    }

    #[test]
    fn indices_just_within_reach_do_not_double_it() {
        let mut memo = Memo::new();
        let mut places = 0;
        for _ in 0..40 {
            // The last place within reach, as it was when it was twice the dense part.
            let at = 2 * places + 1023;
            memo.put(at, Slot::new(at, 0)).unwrap();
            places = at + 1;
            assert!(memo.dense.len() <= 2048);
            assert_eq!(memo.get_mut(at).map(|slot| slot.value), Some(at));
        }
    }
}
