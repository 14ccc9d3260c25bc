//! `ndarray`'s `s![]` as a selection.

use ndarray::{Dimension, SliceInfo, SliceInfoElem};

use super::{Index, Selection};

impl<T, Din, Dout> From<SliceInfo<T, Din, Dout>> for Selection
where
    T: AsRef<[SliceInfoElem]>,
    Din: Dimension,
    Dout: Dimension,
{
    /// `s![a..b;-1]` takes the positions of `a..b` backwards, which is another slice in Python's words.
    fn from(info: SliceInfo<T, Din, Dout>) -> Self {
        let elements: &[SliceInfoElem] = info.as_ref();
        Selection::new(elements.iter().map(|element| (*element).into()).collect())
    }
}

impl From<SliceInfoElem> for Index {
    fn from(element: SliceInfoElem) -> Self {
        match element {
            SliceInfoElem::Index(at) => Index::At(at),
            SliceInfoElem::NewAxis => Index::NewAxis,
            SliceInfoElem::Slice { start, end, step } if step < 0 => {
                // The last position of start..end comes first, and start itself is the last.
                let before = |at: isize| match at {
                    0 => None,
                    at => Some(at.saturating_sub(1)),
                };
                match end {
                    Some(0) => Index::Slice {
                        start: Some(0),
                        stop: Some(0),
                        step: 1,
                    },
                    end => Index::Slice {
                        start: end.and_then(before),
                        stop: before(start),
                        step,
                    },
                }
            }
            SliceInfoElem::Slice { start, end, step } => Index::Slice {
                start: Some(start),
                stop: end,
                step,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array1, s};

    #[test]
    fn it_picks_what_ndarray_picks() {
        let array = Array1::from_iter(0..10_usize);
        let infos = [
            s![..],
            s![2..5],
            s![-3..],
            s![..;-1],
            s![2..8;-2],
            s![2..9;-3],
            s![-4..;-1],
            s![..-8;-1],
            s![..0;-1],
        ];
        for info in infos {
            let picked = Selection::from(info).resolve(&[10]).unwrap();
            let axis = picked.axes[0];
            let ours: Vec<usize> = (0..axis.count)
                .map(|i| (axis.start as isize + i as isize * axis.step) as usize)
                .collect();
            assert_eq!(ours, array.slice(info).to_vec(), "{info:?}");
        }
    }
}
