//! Lists, tuples, dicts and sets, and what is put into them.

use npload_pickle::{Builder, Items, Result, TakenItems};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::build::PythonBuilder;
use super::error::or_keep;
use super::pace::{FEW, Watch};
use super::special::Special;
use super::value::{self, Kind, Value};

/// What a dict's or a set's key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    /// A text, whose hash nobody knows.
    Safe,
    /// A number or the like.
    Plain,
    /// Made of others, or of a class.
    Deep,
}

impl PythonBuilder<'_, '_> {
    #[inline]
    pub(super) fn new_tuple(&mut self, items: Items<'_, Value>) -> Result<Value> {
        let py = self.py;
        if items.iter().all(|item| item.number().is_none()) {
            let made = value::tuple(py, items.into_iter().map(Ok));
            return self.keep(made);
        }
        if !items.iter().all(|item| self.is_made(item))
            && let Some(depth) = self.specials.depth_around(items.iter())
        {
            let items = items.into_iter().collect();
            return Ok(self.specials.add(Special::Tuple {
                items,
                depth,
                object: None,
            }));
        }
        let made = value::tuple(py, items.into_iter().map(|item| self.object(item)));
        self.keep(made)
    }

    #[inline]
    pub(super) fn extend(&mut self, target: &Value, items: Items<'_, Value>) -> PyResult<()> {
        self.count(items.len())?;
        let py = self.py;
        if target.is(Kind::List) {
            for item in items {
                let item = self.object(item)?;
                value::append(py, target, &item)?;
            }
            return Ok(());
        }
        self.extend_other(target, items)
    }

    #[cold]
    fn extend_other(&mut self, target: &Value, items: Items<'_, Value>) -> PyResult<()> {
        let target = match self.is_refused(target) {
            true => return Ok(()),
            false => self.object(target.clone())?,
        };
        let py = self.py;
        let list = value::list(py, items.into_iter().map(|item| self.object(item)))?;
        if let (Some(deque), Some(list)) = (target.bound(py), list.bound(py)) {
            deque.call_method1("extend", (list,))?;
        }
        Ok(())
    }

    #[inline]
    pub(super) fn put_all(&mut self, target: &Value, items: Items<'_, Value>) -> PyResult<()> {
        self.count(items.len())?;
        if !target.is(Kind::Dict) {
            return self.put_elsewhere(target, items);
        }
        let py = self.py;
        let mut items = items.into_iter();
        while let (Some(key), Some(item)) = (items.next(), items.next()) {
            let is_safe = self.kind_of(&key) == Key::Safe;
            if !is_safe || item.number().is_some() {
                return self.put_watched(target, key, item, items);
            }
            value::set_item(py, target, &key, &item)?;
        }
        Ok(())
    }

    /// Puts a key and an item into a dict, and the rest; what takes long is watched.
    fn put_watched(
        &mut self,
        target: &Value,
        key: Value,
        item: Value,
        mut rest: TakenItems<'_, Value>,
    ) -> PyResult<()> {
        let py = self.py;
        let mut watch = None;
        let mut next = Some((key, item));
        while let Some((key, item)) = next {
            let (key, item) = self.pair(key, item, &mut watch)?;
            let kind = self.kind_of(&key);
            if kind == Key::Safe || kind == Key::Plain && value::len(target) <= FEW {
                value::set_item(py, target, &key, &item)?;
            } else {
                let watch = self.watching(&mut watch)?;
                value::set_item(py, target, &key, &item)?;
                self.step(watch, kind)?;
            }
            next = rest.next().zip(rest.next());
        }
        self.stop_watching(watch)
    }

    /// Puts into a dict of another class.
    #[cold]
    fn put_elsewhere(&mut self, target: &Value, items: Items<'_, Value>) -> PyResult<()> {
        if self.is_refused(target) {
            return Ok(());
        }
        let target = self.object(target.clone())?;
        let mut watch = None;
        let mut items = items.into_iter();
        while let (Some(key), Some(item)) = (items.next(), items.next()) {
            self.put(&target, key, item, &mut watch)?;
        }
        self.stop_watching(watch)
    }

    /// The objects of a key and its item. What making them takes is not watched.
    #[inline]
    fn pair(
        &mut self,
        key: Value,
        item: Value,
        watch: &mut Option<Watch>,
    ) -> PyResult<(Value, Value)> {
        if key.number().or(item.number()).is_none() {
            return Ok((key, item));
        }
        self.stop_watching(watch.take())?;
        Ok((self.object(key)?, self.object(item)?))
    }

    #[inline]
    fn watching<'w>(&self, watch: &'w mut Option<Watch>) -> PyResult<&'w mut Watch> {
        Ok(match watch {
            Some(watch) => watch,
            None => watch.insert(self.pace.watch(self.py)?),
        })
    }

    /// Counts so many keys that were put at once.
    pub(super) fn step_all(&mut self, mut watch: Watch, keys: usize) -> PyResult<()> {
        watch.keys = u32::try_from(keys).unwrap_or(u32::MAX);
        self.stop_watching(Some(watch))
    }

    /// Sets an item as Python's `[]` does.
    pub(super) fn put(
        &mut self,
        target: &Value,
        key: Value,
        item: Value,
        watch: &mut Option<Watch>,
    ) -> PyResult<()> {
        let (key, item) = self.pair(key, item, watch)?;
        let kind = self.kind_of(&key);
        let watch = self.watching(watch)?;
        let py = self.py;
        if let (Some(dict), Some(key), Some(item)) =
            (target.bound(py), key.bound(py), item.bound(py))
        {
            dict.set_item(key, item)?;
        }
        self.step(watch, kind)
    }

    pub(super) fn add_all(
        &mut self,
        set: &Value,
        items: impl IntoIterator<Item = Value>,
    ) -> PyResult<()> {
        let mut watch = None;
        for item in items {
            let item = match item.number() {
                None => item,
                Some(_) => {
                    self.stop_watching(watch.take())?;
                    self.object(item)?
                }
            };
            let kind = self.kind_of(&item);
            let watch = self.watching(&mut watch)?;
            value::add(self.py, set, &item)?;
            self.step(watch, kind)?;
        }
        self.stop_watching(watch)
    }

    pub(super) fn new_frozenset(&mut self, items: Vec<Value>) -> PyResult<Value> {
        if items.is_empty() {
            return value::new_frozenset(self.py);
        }
        // What comparing it with an equal one takes; nothing stops that.
        let steps = items
            .iter()
            .fold(1_u64, |all, item| all.saturating_add(self.steps(item)));
        if steps > self.most_steps {
            return Err(PyValueError::new_err(
                "frozensets in frozensets share items too often: comparing them would take time \
                 without end",
            ));
        }
        let set = value::new_set(self.py)?;
        self.add_all(&set, items)?;
        let frozen = value::frozenset_of(self.py, &set)?;
        self.hashes.remember(&frozen, steps);
        Ok(frozen)
    }

    #[inline]
    fn kind_of(&self, key: &Value) -> Key {
        if key.is(Kind::Str) || key.is(Kind::Bytes) {
            return match self.pace.is_random {
                true => Key::Safe,
                false => Key::Plain,
            };
        }
        match key.is(Kind::Int) || key.is(Kind::Float) || key.is(Kind::Bool) {
            true => Key::Plain,
            false => Key::Deep,
        }
    }

    fn step(&mut self, watch: &mut Watch, kind: Key) -> PyResult<()> {
        match self.pace.step(self.py, watch, kind != Key::Deep)? {
            true => Ok(()),
            false => Err(collide()),
        }
    }

    fn stop_watching(&mut self, watch: Option<Watch>) -> PyResult<()> {
        match watch {
            None => Ok(()),
            Some(mut watch) => match self.pace.stop(self.py, &mut watch)? {
                true => Ok(()),
                false => Err(collide()),
            },
        }
    }

    /// The items of a list or a tuple.
    pub(super) fn items_of(&self, sequence: &Value) -> Vec<Value> {
        let len = match self.specials.get(sequence) {
            Some(Special::Tuple { items, .. }) => items.len(),
            _ => value::len(sequence),
        };
        (0..len).filter_map(|at| self.item(sequence, at)).collect()
    }

    /// The keys and values of a dict, in their order.
    pub(super) fn dict_pairs(&self, dict: &Value) -> Option<Vec<(Value, Value)>> {
        let dict = match self.specials.get(dict) {
            Some(Special::Made(object)) => object.bound(self.py)?,
            _ => dict.bound(self.py)?,
        };
        let pair = |pair: PyResult<Bound<'_, PyAny>>| -> PyResult<(Value, Value)> {
            let pair = pair?;
            Ok((Value::of(pair.get_item(0)?), Value::of(pair.get_item(1)?)))
        };
        let items = dict
            .call_method0("items")
            .and_then(|items| items.try_iter());
        or_keep(self.py, items.and_then(|items| items.map(pair).collect()))
    }
}

#[cold]
fn collide() -> PyErr {
    PyValueError::new_err(
        "keys of a dict or set collide: their hashes are the same, and it would take time without \
         end; only allow_pickle=True reads it, if the file is trusted",
    )
}
