//! Elements without a header: arrays of other formats, which say elsewhere what they are.

use std::sync::Arc;

use npload_buffer::{Buffer, ReadAt};

use super::handle::Npy;
use super::header::Header;
use super::part::{Data, Forward, Part};
use super::read::{Located, refuse_objects_as_bytes};
use crate::array::Order;
use crate::selection::Plan;
use crate::source::Source;
use crate::{DType, LoadOptions, Result};

impl LoadOptions {
    /// An array whose elements lie in a source from `offset` on, without a header: what
    /// `numpy.memmap` and `numpy.fromfile` are told. Nothing is read.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use npload::{DType, LoadOptions, Order};
    /// let bytes: Vec<u8> = [9_u8, 1, 0, 2, 0].to_vec();
    /// let npy = LoadOptions::new().open_raw(Arc::new(bytes), 1, DType::parse("<u2")?, &[2], Order::C)?;
    /// assert_eq!(npy.load()?.to_string(), "[1 2]");
    /// # Ok::<(), npload::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Io`](crate::ErrorKind::Io); [`ErrorKind::Shape`](crate::ErrorKind::Shape) for an
    /// array that cannot exist. What lies behind the source's end is found when it is read.
    pub fn open_raw(
        &self,
        source: Arc<dyn ReadAt>,
        offset: u64,
        dtype: DType,
        shape: &[usize],
        order: Order,
    ) -> Result<Npy> {
        let header = Header::of_raw(dtype, shape, order)?;
        let source = Source::Other(source);
        let len = source.len()?;
        let located = Located::raw(header, offset);
        Ok(Npy::located(source, len, located, self.clone()))
    }
}

impl Npy {
    /// As [`Npy::part`], of a handle that the part then owns.
    ///
    /// # Errors
    /// As there.
    pub fn into_part(self) -> Result<Part<'static>> {
        let (source, len, located, options) = self.parts();
        let check = || {
            refuse_objects_as_bytes(self.header().dtype(), options)?;
            located.checked_nbytes(source, len)
        };
        check().map_err(|e| source.explain(e))?;
        let header = self.header().clone();
        Ok(Part::whole(&header, self))
    }
}

impl Data for Npy {
    fn read(&self, plan: &Plan) -> Result<Buffer> {
        Data::read(&self, plan)
    }

    fn forward<'d>(self: Arc<Self>) -> Box<dyn Forward + 'd>
    where
        Self: 'd,
    {
        Box::new(self)
    }
}

impl Forward for Arc<Npy> {
    fn read(&mut self, plan: &Plan) -> Result<Buffer> {
        Data::read(&&**self, plan)
    }
}
