//! Boxes of a lazy array, read side by side: what the devices of a mesh get.

use std::ops::Range;

use npload::{AlignedBuf, Array, Buffer, ByteOrder, Order};
use pyo3::exceptions::{PyMemoryError, PyValueError};
use pyo3::prelude::*;

use super::Data;
use crate::array::to_numpy_array;
use crate::dtype::{MlDtypes, to_numpy};
use crate::error::IntoPython;

/// New arrays, each in aligned memory of its own, in C order and this machine's byte order: those boxes,
/// of which each has the start and the end on each axis.
pub(super) fn read<'py>(
    py: Python<'py>,
    data: &Data,
    boxes: Vec<Vec<(usize, usize)>>,
    ml: MlDtypes,
) -> PyResult<Vec<Bound<'py, PyAny>>> {
    // Refuses an array that is not there before memory for it is taken.
    let part = py.detach(|| data.part()).into_python(py)?;
    let boxes = boxes.into_iter().map(|ranges| {
        let ranges = ranges.into_iter().map(|(start, end)| start..end);
        ranges.collect::<Vec<Range<usize>>>()
    });
    let boxes: Vec<_> = boxes.collect();
    let itemsize = part.dtype().itemsize();
    let lens = part.shape().iter();
    let nbytes = lens.fold(itemsize, |size, &len| size.saturating_mul(len));
    let size = |ranges: &Vec<Range<usize>>| match ranges.iter().any(Range::is_empty) {
        true => Some(0),
        false => ranges
            .iter()
            .try_fold(itemsize, |size, range| size.checked_mul(range.len())),
    };
    let memory = |ranges| {
        let size = size(ranges).filter(|&size| size <= nbytes);
        let size = size.ok_or_else(|| PyValueError::new_err("a box larger than the array"))?;
        AlignedBuf::zeroed(size)
            .map_err(|_| PyMemoryError::new_err(format!("no memory for an array of {size} bytes")))
    };
    let mut memories = boxes.iter().map(memory).collect::<PyResult<Vec<_>>>()?;
    let wanted = boxes.iter().cloned().zip(memories.iter_mut());
    let wanted: Vec<_> = wanted
        .map(|(ranges, memory)| (ranges, &mut **memory))
        .collect();
    py.detach(|| match data {
        Data::Npy(npy) => npy.read_boxes(wanted),
        Data::Member(npz, key) => npz.read_boxes(key, wanted),
    })
    .into_python(py)?;
    let native = part.dtype().with_byteorder(ByteOrder::NATIVE);
    let dtype = to_numpy(py, &native, ml)?;
    let arrays = memories.into_iter().zip(boxes).map(|(memory, ranges)| {
        let shape: Vec<usize> = ranges.iter().map(Range::len).collect();
        let array = Array::from_bytes(native.clone(), &shape, Order::C, Buffer::from(memory));
        to_numpy_array(array.into_python(py)?, &dtype)
    });
    arrays.collect()
}
