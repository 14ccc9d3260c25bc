//! A selection against a shape: which positions of each axis, and the shape of the result.

use super::{Index, Selection};
use crate::array::Axes;
use crate::dtype::MAX_NDIM;
use crate::{Error, ErrorKind, Result};

/// The positions of one axis of the array that are wanted: `start`, `start + step`, … `count` of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Axis {
    pub(crate) start: usize,
    pub(crate) count: usize,
    /// Not 0; may be negative.
    pub(crate) step: isize,
}

/// A selection that fits a shape. Every position in it exists.
#[derive(Clone, Debug)]
pub(crate) struct Picked {
    /// One for each axis of the array.
    pub(crate) axes: Axes<Axis>,
    /// One for each axis of the result: which of the array's it is, or none for a new one.
    pub(crate) result: Axes<Option<usize>>,
}

impl Selection {
    /// Fits it to a shape.
    ///
    /// # Errors
    /// [`ErrorKind::Index`]: more indices than axes, more than one `...`, or a position outside.
    pub(crate) fn resolve(&self, shape: &[usize]) -> Result<Picked> {
        let named = |index: &&Index| matches!(index, Index::At(_) | Index::Slice { .. });
        let used = self.indices().iter().filter(named).count();
        let Some(free) = shape.len().checked_sub(used) else {
            let message = format!(
                "too many indices for array: array is {}-dimensional, but {used} were indexed",
                shape.len()
            );
            return Err(Error::new(ErrorKind::Index, message));
        };
        let ellipses = self
            .indices()
            .iter()
            .filter(|index| **index == Index::Ellipsis)
            .count();
        if ellipses > 1 {
            let message = "an index can only have a single ellipsis ('...')";
            return Err(Error::new(ErrorKind::Index, message));
        }
        let kept = |index: &&Index| matches!(index, Index::NewAxis | Index::Slice { .. });
        let dims = self.indices().iter().filter(kept).count();
        let dims = dims.saturating_add(free);
        if dims > MAX_NDIM {
            let message = format!(
                "number of dimensions must be within [0, {MAX_NDIM}], indexing result would have \
                 {dims}"
            );
            return Err(Error::new(ErrorKind::Index, message));
        }
        let mut picked = Picked {
            axes: Axes::new(),
            result: Axes::new(),
        };
        let mut lengths = shape.iter().copied();
        let trailing = (ellipses == 0).then_some(Index::Ellipsis);
        for index in self.indices().iter().copied().chain(trailing) {
            match index {
                Index::NewAxis => picked.result.push(None),
                Index::Ellipsis => {
                    for len in lengths.by_ref().take(free) {
                        picked.keep(Axis {
                            start: 0,
                            count: len,
                            step: 1,
                        });
                    }
                }
                Index::At(at) => {
                    let len = lengths.next().unwrap_or(0);
                    let start = position(at, len, picked.axes.len())?;
                    picked.axes.push(Axis {
                        start,
                        count: 1,
                        step: 1,
                    });
                }
                Index::Slice { start, stop, step } => {
                    picked.keep(slice(start, stop, step, lengths.next().unwrap_or(0))?);
                }
            }
        }
        Ok(picked)
    }
}

impl Picked {
    fn keep(&mut self, axis: Axis) {
        self.result.push(Some(self.axes.len()));
        self.axes.push(axis);
    }

    /// The shape of the result.
    pub(crate) fn shape(&self) -> Axes<usize> {
        let len = |axis: &Option<usize>| axis.and_then(|i| self.axes.get(i)).map_or(1, |a| a.count);
        self.result.iter().map(len).collect()
    }

    /// How many elements it has.
    pub(crate) fn size(&self) -> usize {
        self.axes
            .iter()
            .fold(1, |size, axis| size.saturating_mul(axis.count))
    }
}

fn position(at: isize, len: usize, axis: usize) -> Result<usize> {
    let from_end = || len.checked_sub(at.unsigned_abs());
    let found = usize::try_from(at)
        .ok()
        .or_else(from_end)
        .filter(|&at| at < len);
    found.ok_or_else(|| {
        let message = format!("index {at} is out of bounds for axis {axis} with size {len}");
        Error::new(ErrorKind::Index, message)
    })
}

/// Python's rule for slices: ends outside are cut, negative ones count from the end.
fn slice(start: Option<isize>, stop: Option<isize>, step: isize, len: usize) -> Result<Axis> {
    if step == 0 {
        return Err(Error::new(ErrorKind::Argument, "slice step cannot be zero"));
    }
    // Ends of a backward slice are taken one to the right, so that "before the first" is 0.
    let backward = usize::from(step < 0);
    let clamp = |at: isize| -> usize {
        match usize::try_from(at) {
            Ok(at) => at.saturating_add(backward).min(len),
            Err(_) => match len.checked_sub(at.unsigned_abs()) {
                Some(at) => at.saturating_add(backward).min(len),
                None => 0,
            },
        }
    };
    let (low, high) = if step > 0 {
        (start.map_or(0, clamp), stop.map_or(len, clamp))
    } else {
        (stop.map_or(0, clamp), start.map_or(len, clamp))
    };
    let count = high.saturating_sub(low).div_ceil(step.unsigned_abs());
    let start = if step > 0 {
        low
    } else {
        high.saturating_sub(1)
    };
    Ok(Axis {
        start: if count == 0 { 0 } else { start },
        count,
        step,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Python's own definition of `range(*slice(...).indices(len))`.
    fn positions(start: Option<isize>, stop: Option<isize>, step: isize, len: isize) -> Vec<isize> {
        let (lower, upper) = if step > 0 { (0, len) } else { (-1, len - 1) };
        let bound = |v: isize| {
            if v < 0 {
                (v + len).max(lower)
            } else {
                v.min(upper)
            }
        };
        let start = start.map_or(if step > 0 { lower } else { upper }, bound);
        let stop = stop.map_or(if step > 0 { upper } else { lower }, bound);
        let mut at = start;
        std::iter::from_fn(|| {
            let more = if step > 0 { at < stop } else { at > stop };
            let this = at;
            at = at.saturating_add(step);
            more.then_some(this)
        })
        .collect()
    }

    proptest! {
        #[test]
        fn slices_pick_what_python_picks(
            start in proptest::option::of(-12_isize..12),
            stop in proptest::option::of(-12_isize..12),
            step in (-5_isize..5).prop_filter("not 0", |s| *s != 0),
            len in 0_usize..9,
        ) {
            let axis = slice(start, stop, step, len).unwrap();
            let picked: Vec<isize> =
                (0..axis.count).map(|i| axis.start as isize + i as isize * axis.step).collect();
            prop_assert_eq!(picked, positions(start, stop, step, len as isize));
        }

        #[test]
        fn extreme_slices_do_not_overflow(start: isize, stop: isize, step: isize, len: usize) {
            let _ = slice(Some(start), Some(stop), step, len);
        }
    }

    fn resolve(text: &str, shape: &[usize]) -> Result<Vec<usize>> {
        Ok(text.parse::<Selection>()?.resolve(shape)?.shape().to_vec())
    }

    #[test]
    fn shapes_follow_numpys_rules() {
        for (text, shape) in [
            ("", &[4, 3, 2][..]),
            ("0", &[3, 2]),
            ("..., 0", &[4, 3]),
            ("None, -1, None", &[1, 1, 3, 2]),
            ("1:3, ..., None", &[2, 3, 2, 1]),
            ("0, 0, 0", &[]),
            ("0, 0, 0, ...", &[]),
            ("9:, ::2", &[0, 2, 2]),
        ] {
            assert_eq!(resolve(text, &[4, 3, 2]).unwrap(), shape, "{text}");
        }
    }

    #[test]
    fn a_result_has_no_more_axes_than_an_array_may_have() {
        let new = |count| vec!["None"; count].join(",");
        assert_eq!(resolve(&new(61), &[4, 3, 2]).unwrap().len(), 64);
        assert_eq!(resolve(&(new(64) + ", 0"), &[4]).unwrap().len(), 64);
        let err = resolve(&(new(62) + ", ..."), &[4, 3, 2]).unwrap_err();
        let message = "number of dimensions must be within [0, 64], indexing result would have 65";
        assert_eq!((err.kind(), err.message()), (ErrorKind::Index, message));
    }

    #[test]
    fn impossible_indices_are_named() {
        for (text, message) in [
            ("4", "index 4 is out of bounds for axis 0 with size 4"),
            (":, -4", "index -4 is out of bounds for axis 1 with size 3"),
            (
                "0,0,0,0",
                "too many indices for array: array is 3-dimensional, but 4 were indexed",
            ),
            (
                "..., ...",
                "an index can only have a single ellipsis ('...')",
            ),
        ] {
            let err = resolve(text, &[4, 3, 2]).unwrap_err();
            assert_eq!((err.kind(), err.message()), (ErrorKind::Index, message));
        }
    }
}
