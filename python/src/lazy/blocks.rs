//! A lazy array read block by block.

use std::sync::{Arc, Mutex, TryLockError};

use npload::{Block, Blocks};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PySlice, PyTuple};
use self_cell::self_cell;

use super::{BLOCK, Data};
use crate::array::to_numpy_array;
use crate::dtype::{MlDtypes, to_numpy};
use crate::error::{IntoPython, to_python};
use crate::guard::guarded;

self_cell!(
    /// Blocks, and the data that they borrow.
    struct Reading {
        owner: Arc<Data>,
        #[covariant]
        dependent: Blocks,
    }
);

/// The blocks of a `LazyArray`, each read when it is asked for.
#[pyclass(frozen, module = "npload")]
pub(crate) struct LazyBlocks {
    /// Held while a block is read, without the GIL: whoever finds it held is told so.
    reading: Mutex<Reading>,
    ml: MlDtypes,
}

impl LazyBlocks {
    /// The blocks of that shape, or of one that suits the file.
    pub(super) fn new(
        py: Python<'_>,
        data: Arc<Data>,
        shape: Option<&[usize]>,
        ml: MlDtypes,
    ) -> PyResult<Self> {
        let reading = Reading::try_new(data, |data| {
            let part = data.part()?;
            match shape {
                Some(shape) => part.blocks(shape),
                None => part.blocks(&part.block_shape(BLOCK)),
            }
        });
        let reading = reading.map_err(|e| to_python(py, &e))?;
        Ok(LazyBlocks {
            reading: Mutex::new(reading),
            ml,
        })
    }
}

#[pymethods]
impl LazyBlocks {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        guarded(py, || {
            let next = py.detach(|| {
                let mut reading = match self.reading.try_lock() {
                    Ok(reading) => reading,
                    Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                    Err(TryLockError::WouldBlock) => return None,
                };
                Some(reading.with_dependent_mut(|_, blocks| blocks.next()))
            });
            let Some(next) = next else {
                return Err(PyValueError::new_err("blocks are already being read"));
            };
            let Some(Block { start, array, .. }) = next.transpose().into_python(py)? else {
                return Ok(None);
            };
            let slice = py.get_type::<PySlice>();
            let index = start.iter().zip(array.shape());
            let index = index.map(|(&start, &len)| slice.call1((start, start.saturating_add(len))));
            let index = PyTuple::new(py, index.collect::<PyResult<Vec<_>>>()?)?;
            let dtype = to_numpy(py, array.dtype(), self.ml)?;
            let block = to_numpy_array(array, &dtype)?;
            (index, block).into_pyobject(py).map(Some)
        })
    }
}
