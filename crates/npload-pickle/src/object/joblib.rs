//! Pickles that joblib writes: the bytes of an array lie between the opcodes, behind the BUILD of
//! the wrapper that stands for it.
//!
//! Source: joblib's `numpy_pickle.NumpyArrayWrapper.read_array` (1.5).

use super::Id;
use super::build::ObjectBuilder;
use super::node::Node;
use super::store::Store;
use crate::construct::Known;
use crate::data::Data;
use crate::error::{Error, ErrorKind, Result};
use crate::options::Options;
use crate::scan::Scan;

/// The class of the wrappers.
pub(crate) const WRAPPER: &str = "joblib.numpy_pickle.NumpyArrayWrapper";

/// How arrays behind wrappers are passed over, and what pickles in them would do.
#[derive(Debug)]
pub(super) struct Follow {
    options: Options,
    inner: Vec<Scan>,
}

/// What follows a wrapper.
enum Behind {
    /// A pickle: the array holds objects.
    Pickle,
    /// The elements' bytes, with a byte that counts the padding before them, or without.
    Elements { nbytes: u64, padded: bool },
}

impl ObjectBuilder {
    /// Passes over the arrays that joblib writes between opcodes.
    pub(crate) fn follow_joblib(mut self, options: Options) -> Self {
        self.follow = Some(Box::new(Follow {
            options,
            inner: Vec::new(),
        }));
        self
    }

    /// What the pickles would do that lay in arrays.
    pub(crate) fn take_inner(&mut self) -> Vec<Scan> {
        self.follow.take().map_or_else(Vec::new, |f| f.inner)
    }

    /// How many bytes of the array behind a BUILD of `target` are no opcodes.
    pub(super) fn array_behind(&mut self, target: Id, rest: &[u8]) -> Result<usize> {
        let Some(follow) = &mut self.follow else {
            return Ok(0);
        };
        let start = self.store.input.len().saturating_sub(rest.len());
        match behind(&self.store, target)? {
            None => Ok(0),
            Some(Behind::Pickle) => {
                let mut scan = follow.options.scan_inner(&self.store.input, start);
                let error = scan.error.take();
                let end = scan.end;
                follow.inner.push(scan);
                match (error, end) {
                    (None, Some(end)) => Ok(end.saturating_sub(start)),
                    (Some(error), _) => Err(error),
                    (None, None) => Err(unclear("its objects have no end")),
                }
            }
            Some(Behind::Elements { nbytes, padded }) => {
                let padding = match (padded, rest.first()) {
                    (false, _) => 0,
                    (true, Some(&padding)) => usize::from(padding).saturating_add(1),
                    (true, None) => return Err(unclear("the file ends before it")),
                };
                let nbytes = usize::try_from(nbytes).unwrap_or(usize::MAX);
                let all = padding.saturating_add(nbytes);
                if all > rest.len() {
                    let left = rest.len();
                    return Err(unclear(&format!(
                        "it has {all} bytes with its padding, and {left} are left"
                    )));
                }
                Ok(all)
            }
        }
    }
}

/// What stands behind the wrapper, if the value is one.
fn behind(store: &Store, id: Id) -> Result<Option<Behind>> {
    let Node::Reduced(reduced) = store.node(id) else {
        return Ok(None);
    };
    let is_wrapper = |id| match store.node(id) {
        Node::Global(global) => {
            WRAPPER
                .strip_prefix(&*global.module)
                .and_then(|name| name.strip_prefix('.'))
                == Some(&*global.name)
        }
        _ => false,
    };
    // Protocols 0 and 1 make objects by `copyreg._reconstructor(class, object, None)`.
    let by_hand = match store.node(reduced.callable) {
        Node::Global(global) if global.known == Some(Known::Reconstructor) => {
            store.sequence(reduced.args).first().copied()
        }
        _ => None,
    };
    if !is_wrapper(reduced.callable) && !by_hand.is_some_and(is_wrapper) {
        return Ok(None);
    }
    let field = |name: &str| {
        let states = reduced.states.iter().rev();
        let mut pairs = states.flat_map(|&state| store.pairs(state).unwrap_or_default());
        let is_name = |id| matches!(store.node(id), Node::Text(piece) if store.bytes(piece) == name.as_bytes());
        pairs.rfind(|pair| is_name(pair.0)).map(|pair| pair.1)
    };
    let dtype = field("dtype").map(|id| store.node(id));
    let Some(Node::Data(data)) = dtype else {
        return Err(unclear("its dtype is none that is known"));
    };
    let Data::DType(dtype, _) = &**data else {
        return Err(unclear("its dtype is none that is known"));
    };
    if dtype.holds_objects() {
        return Ok(Some(Behind::Pickle));
    }
    let Some(Node::Tuple { items, .. }) = field("shape").map(|id| store.node(id)) else {
        return Err(unclear("its shape is no tuple"));
    };
    let mut nbytes = dtype.itemsize();
    for &len in items {
        let len = match store.node(len) {
            Node::Int(len) => u64::try_from(*len).ok(),
            _ => None,
        };
        let product = len.and_then(|len| nbytes.checked_mul(len));
        nbytes = product.ok_or_else(|| unclear("its shape is of no array that fits in a file"))?;
    }
    let padded = match field("numpy_array_alignment_bytes").map(|id| store.node(id)) {
        None | Some(Node::None) => false,
        Some(_) => true,
    };
    Ok(Some(Behind::Elements { nbytes, padded }))
}

#[cold]
fn unclear(why: &str) -> Error {
    let text = format!("an array of joblib's follows that cannot be passed over: {why}");
    Error::new(ErrorKind::Refused, text)
}
