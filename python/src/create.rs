//! `open_memmap`: files mapped, and new ones created.

use npload::{DType, Order, open_memmap_as};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::error::IntoPython;
use crate::load::path_of;

/// Creates a file of zeros. `descr` is the dtype as a header writes it.
pub(crate) fn create(
    filename: &Bound<'_, PyAny>,
    descr: &str,
    shape: &Bound<'_, PyTuple>,
    fortran_order: bool,
    version: Option<(u8, u8)>,
) -> PyResult<()> {
    let py = filename.py();
    let path = path_of(filename)?;
    let dtype = DType::parse_descr(descr).into_python(py)?;
    let shape = shape.extract::<Vec<usize>>();
    let shape = shape.map_err(|_| PyValueError::new_err("negative dimensions are not allowed"))?;
    let order = if fortran_order { Order::F } else { Order::C };
    // SAFETY: the mapping is dropped at once, and nothing is read through it.
    let made = py.detach(|| unsafe { open_memmap_as(&path, &dtype, &shape, order, version) });
    made.map(drop).into_python(py)
}
