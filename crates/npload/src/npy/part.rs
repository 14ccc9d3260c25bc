//! A part of an array in a file: which elements, before any of them is read.

use std::cmp::Reverse;
use std::fmt;
use std::sync::Arc;

use npload_buffer::Buffer;

use super::header::Header;
use crate::array::{Array, Order, Shown};
use crate::selection::Plan;
use crate::{DType, PrintOptions, Result, Selection};

/// Some elements of an array that lies in a file. Slices and fields choose them; nothing is read
/// until [`Part::read`] or [`Part::format`].
///
/// ```
/// use npload::{Npy, s};
/// let npy = Npy::open("../../testdata/npy/f8-le-2d-c.npy")?;
/// let part = npy.part()?.slice(s![0, ..])?;
/// assert_eq!(part.shape(), [npy.header().shape()[1]]);
/// println!("{}", part.format(&Default::default())?);      // as NumPy prints that row
/// let row = part.read()?;
/// # Ok::<(), npload::Error>(())
/// ```
#[derive(Clone)]
pub struct Part<'a> {
    /// The array without its bytes.
    layout: Array,
    data: Arc<dyn Data + 'a>,
}

/// The data of an array, wherever it lies.
pub(crate) trait Data: Send + Sync {
    /// Reads what a plan says.
    fn read(&self, plan: &Plan) -> Result<Buffer>;

    /// For plans that lie one behind the other.
    fn forward<'d>(self: Arc<Self>) -> Box<dyn Forward + 'd>
    where
        Self: 'd;
}

/// Data that is read from its beginning to its end.
pub(crate) trait Forward: Send {
    /// Reads what a plan says. It costs less if that lies behind the plan before it.
    fn read(&mut self, plan: &Plan) -> Result<Buffer>;
}

impl<'a> Part<'a> {
    /// All elements of the array with that header.
    pub(crate) fn whole(header: &Header, data: impl Data + 'a) -> Self {
        Part {
            layout: Array::layout(header.dtype().clone(), header.shape(), header.order()),
            data: Arc::new(data),
        }
    }

    /// What its elements are.
    #[must_use]
    pub fn dtype(&self) -> &DType {
        self.layout.dtype()
    }

    /// The length of each axis.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        self.layout.shape()
    }

    /// The order in which its elements lie in the file without gaps, C if both fit; C too where neither does.
    #[must_use]
    pub fn order(&self) -> Order {
        self.layout.order().unwrap_or(Order::C)
    }

    /// How many bytes its elements have.
    #[must_use]
    pub fn nbytes(&self) -> usize {
        self.layout.nbytes()
    }

    /// How many bytes lie between neighbours on each axis, in the array's data; negative where the
    /// axis is reversed.
    #[must_use]
    pub fn strides(&self) -> &[isize] {
        self.layout.strides()
    }

    /// The elements of it that a basic index picks, as [`Array::slice`].
    ///
    /// # Errors
    /// [`ErrorKind::Index`](crate::ErrorKind::Index) when the selection does not fit the shape.
    pub fn slice(self, selection: impl Into<Selection>) -> Result<Self> {
        let layout = self.layout.slice(selection)?;
        Ok(Part { layout, ..self })
    }

    /// One field of structured elements, as [`Array::field`].
    ///
    /// # Errors
    /// [`ErrorKind::Argument`](crate::ErrorKind::Argument) when the dtype has no such field.
    pub fn field(self, name: &str) -> Result<Self> {
        let layout = self.layout.field(name)?;
        Ok(Part { layout, ..self })
    }

    /// Reads it: only its bytes, and small gaps between them. A compressed member is inflated up to
    /// the last of them. All elements of a member are read and checked as [`Npz::get`] does.
    ///
    /// [`Npz::get`]: crate::Npz::get
    ///
    /// # Errors
    /// As [`load`](crate::load).
    pub fn read(&self) -> Result<Array> {
        self.read_shown(&[])
    }

    /// What [`Array::format`] says of it, reading only the elements that are shown: of a large
    /// array those at the edges.
    ///
    /// # Errors
    /// As [`Part::read`].
    pub fn format(&self, options: &PrintOptions) -> Result<String> {
        let edges = self.read_shown(&options.shown(self.shape()))?;
        edges.format_edges(self.shape(), options)
    }

    /// What [`Array::format_repr`] says of it, reading only the elements that are shown.
    ///
    /// # Errors
    /// As [`Part::read`].
    pub fn format_repr(&self, options: &PrintOptions) -> Result<String> {
        let edges = self.read_shown(&options.shown(self.shape()))?;
        edges.repr_edges(self.shape(), options)
    }

    /// Its data, for [`Part::read_forward`].
    pub(super) fn forward(&self) -> Box<dyn Forward + 'a> {
        self.data.clone().forward()
    }

    /// A part of it, read from data that is at the part before.
    pub(super) fn read_forward(
        &self,
        selection: Selection,
        data: &mut dyn Forward,
    ) -> Result<Array> {
        let layout = self.layout.slice(selection)?;
        let plan = layout.plan(&[]);
        let bytes = data.read(&plan)?;
        Ok(layout.filled(&[], plan, bytes))
    }

    /// Its axes, the one first along which elements lie furthest apart.
    pub(super) fn slowest_first(&self) -> Vec<usize> {
        let mut axes: Vec<_> = (0..self.shape().len()).collect();
        let distance = |&axis: &usize| self.layout.strides().get(axis).map(|s| s.unsigned_abs());
        axes.sort_by_key(|axis| Reverse(distance(axis)));
        axes
    }

    fn read_shown(&self, shown: &[Shown]) -> Result<Array> {
        let plan = self.layout.plan(shown);
        let data = self.data.read(&plan)?;
        Ok(self.layout.filled(shown, plan, data))
    }
}

impl fmt::Debug for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Part({}, shape {:?})", self.dtype(), self.shape())
    }
}
