//! Values that are no Python objects yet: what calls are made of, and bytes that an array may take
//! straight from the input. They become objects when something that is one holds them.

use std::sync::Arc;

use npload_pickle::{DType, Known};

use super::value::Value;

/// How deep tuples of such values nest; deeper ones become objects at once.
const MAX_DEPTH: u8 = 8;

pub(super) enum Special {
    /// A global on the list. A class becomes itself; a function is only ever called, by name.
    Global(Known),
    /// What a call began and a BUILD completes: an ndarray or a UUID. The object is there if
    /// something held it before that.
    Pending(Known, Option<Value>),
    /// What it was completed to, or what an object of this kind is.
    Made(Value),
    /// A dtype. NumPy's own is made when it is needed.
    DType {
        dtype: Arc<DType>,
        object: Option<Value>,
    },
    /// Bytes of the input.
    Bytes {
        range: Range,
        mutable: bool,
        object: Option<Value>,
    },
    /// A tuple that holds such values.
    Tuple {
        items: Box<[Value]>,
        depth: u8,
        object: Option<Value>,
    },
    /// In the place of what was refused: the load goes on to find what else there is, and fails.
    Refused,
}

/// Where bytes are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    pub(super) at: usize,
    pub(super) len: usize,
    /// Whether in memory, or only in the file.
    pub(super) is_here: bool,
}

/// All of them, by their numbers.
#[derive(Default)]
pub(super) struct Specials(Vec<Special>);

impl Specials {
    pub(super) fn add(&mut self, special: Special) -> Value {
        let number = self.0.len();
        self.0.push(special);
        Value::special(number)
    }

    #[inline]
    pub(super) fn get(&self, value: &Value) -> Option<&Special> {
        self.0.get(value.number()?)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, value: &Value) -> Option<&mut Special> {
        self.0.get_mut(value.number()?)
    }

    /// How deep a tuple of these would be, if any of them is special and it may wait.
    pub(super) fn depth_around<'a>(&self, items: impl Iterator<Item = &'a Value>) -> Option<u8> {
        let mut any = false;
        let mut depth = 1_u8;
        for item in items {
            let Some(special) = self.get(item) else {
                continue;
            };
            any = true;
            if let Special::Tuple { depth: inner, .. } = special {
                depth = depth.max(inner.saturating_add(1));
            }
        }
        (any && depth <= MAX_DEPTH).then_some(depth)
    }
}
