//! Copies between arrays of different orders.

use bytemuck::Pod;
use ndarray::{ArrayView, ArrayViewMut, Axis, IxDyn};

/// Copies elements, of which `fast` is the axis that varies fastest in `from`. Where that is another than
/// in `to`, by tiles of a cache line each way.
pub(crate) fn copy<T: Pod>(
    mut to: ArrayViewMut<'_, T, IxDyn>,
    from: &ArrayView<'_, T, IxDyn>,
    fast: usize,
) {
    let last = to.ndim().saturating_sub(1);
    if fast == last {
        to.assign(from);
        return;
    }
    let tile = 64_usize.checked_div(size_of::<T>()).unwrap_or(8).max(8);
    let rows = to.axis_chunks_iter_mut(Axis(fast), tile);
    for (mut to, from) in rows.zip(from.axis_chunks_iter(Axis(fast), tile)) {
        let columns = to.axis_chunks_iter_mut(Axis(last), tile);
        for (mut to, from) in columns.zip(from.axis_chunks_iter(Axis(last), tile)) {
            to.assign(&from);
        }
    }
}
