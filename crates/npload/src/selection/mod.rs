//! Which elements: NumPy's basic index, and the byte runs that it means in a file.

mod parse;
mod resolve;
mod runs;
#[cfg(feature = "ndarray")]
mod slice_info;

pub(crate) use runs::{Gap, Plan, Runs, Steps};

/// A basic NumPy index: integers, slices, `...` and `newaxis`, one for each axis.
///
/// Made from Python's syntax, from `ndarray`'s `s![]`, or from its parts.
///
/// ```
/// use npload::{Index, Selection};
/// let selection: Selection = "0, ::-1, ...".parse()?;
/// assert_eq!(selection.indices().first(), Some(&Index::At(0)));
/// assert_eq!(selection.to_string(), "[0, ::-1, ...]");
/// # Ok::<(), npload::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    indices: Vec<Index>,
}

/// One part of a [`Selection`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Index {
    /// One position, counted from the end if negative; the axis goes away.
    At(isize),
    /// `start:stop:step` as in Python: cut at the ends, negative values count from the end.
    Slice {
        /// The first position; by default the first in the step's direction.
        start: Option<isize>,
        /// Where it stops, without that position; by default past the last.
        stop: Option<isize>,
        /// From one position to the next; not 0.
        step: isize,
    },
    /// `newaxis`: an axis of length 1.
    NewAxis,
    /// `...`: all axes that nothing else names.
    Ellipsis,
}

impl Selection {
    /// A selection of these parts.
    #[must_use]
    pub fn new(indices: Vec<Index>) -> Self {
        Selection { indices }
    }

    /// Everything.
    #[must_use]
    pub fn all() -> Self {
        Selection::default()
    }

    /// Its parts.
    #[must_use]
    pub fn indices(&self) -> &[Index] {
        &self.indices
    }
}
