//! Arrays as text, letter for letter as NumPy prints them.
//!
//! A column's widths and its use of exponents depend on all elements that are shown, so printing
//! goes in two passes: [`format::Format`] looks at the elements, then writes each; [`layout`] puts
//! them into lines. Only elements at the edges are ever looked at in an array of more than
//! [`PrintOptions::threshold`], so a large file prints from a few reads
//! ([`PrintOptions::shown`], [`Array::format_edges`]).
//!
//! The rules are NumPy's (`numpy/_core/arrayprint.py`, `dragon4.c`), checked against NumPy 2.5.

mod big;
#[cfg(test)]
mod corpus;
mod digits;
mod dragon4;
mod edges;
mod float;
mod format;
mod layout;
mod parts;
mod real;
mod scalar;
pub(crate) mod suffix;
#[cfg(test)]
mod tests;
mod time;

use std::fmt;

pub use edges::Shown;

use self::format::{Context, Format};
use self::layout::Layout;
use super::{Array, Axes, value::Value};
use crate::dtype::MAX_NDIM;
use crate::error::{Error, ErrorKind, Result};
use crate::npy::tuple_repr;
use crate::python_repr;

/// How arrays print: NumPy's `printoptions` of the same names, and their defaults.
///
/// ```
/// use npload::PrintOptions;
/// let short = PrintOptions { precision: 3, ..PrintOptions::default() };
/// assert_eq!(short.linewidth, 75);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PrintOptions {
    /// Digits behind the point at most (8).
    pub precision: usize,
    /// Elements from which on only the edges print: more than this many (1000).
    pub threshold: usize,
    /// Elements at each end of an axis where only the edges print (3). With 0 the last alone prints,
    /// as wide as it is: NumPy looks at those that it leaves out, too.
    pub edgeitems: usize,
    /// Columns of a line (75).
    pub linewidth: usize,
    /// Whether small numbers print as 0 rather than with exponents (false).
    pub suppress: bool,
}

impl Default for PrintOptions {
    fn default() -> Self {
        PrintOptions {
            precision: 8,
            threshold: 1000,
            edgeitems: 3,
            linewidth: 75,
            suppress: false,
        }
    }
}

impl Array {
    /// The array as NumPy's `str` shows it, with options.
    ///
    /// What NumPy cannot show (a datetime without a unit, a code point over 0x10FFFF) is shown all
    /// the same. Python objects are not, nor is what [`DType::check_listing`](crate::DType::check_listing) refuses: `[...]`.
    #[must_use]
    pub fn format(&self, options: &PrintOptions) -> String {
        self.printer(options).str()
    }

    /// The array as NumPy's `repr` shows it.
    ///
    /// ```
    /// use npload::{Array, Buffer, DType, Order};
    /// let bytes: Vec<u8> = [0.0, 1.5].iter().flat_map(|v: &f64| v.to_le_bytes()).collect();
    /// let array = Array::from_bytes(DType::parse("<f8")?, &[2], Order::C, Buffer::from(bytes))?;
    /// assert_eq!(array.repr(), "array([0. , 1.5])");
    /// assert_eq!(array.to_string(), "[0.  1.5]");
    /// # Ok::<(), npload::Error>(())
    /// ```
    #[must_use]
    pub fn repr(&self) -> String {
        self.format_repr(&PrintOptions::default())
    }

    /// The array as NumPy's `repr` shows it, with options.
    #[must_use]
    pub fn format_repr(&self, options: &PrintOptions) -> String {
        self.printer(options).repr()
    }

    /// What [`Array::format`] would say of an array of this shape, when this array holds only the
    /// elements that [`PrintOptions::shown`] names.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] when this array's shape is not that of those elements.
    pub fn format_edges(&self, shape: &[usize], options: &PrintOptions) -> Result<String> {
        Ok(self.edge_printer(shape, options)?.str())
    }

    /// What [`Array::format_repr`] would say, as [`Array::format_edges`] does.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] when this array's shape is not that of those elements.
    pub fn repr_edges(&self, shape: &[usize], options: &PrintOptions) -> Result<String> {
        Ok(self.edge_printer(shape, options)?.repr())
    }

    fn printer<'a>(&'a self, options: &'a PrintOptions) -> Printer<'a> {
        let shown = options.shown(&self.layout.shape);
        Printer {
            values: self.values(&shown),
            array: self,
            shape: &self.layout.shape,
            shown,
            options,
        }
    }

    fn edge_printer<'a>(
        &'a self,
        shape: &'a [usize],
        options: &'a PrintOptions,
    ) -> Result<Printer<'a>> {
        let shown = options.shown(shape);
        let counts: Vec<usize> = shown.iter().map(Shown::count).collect();
        if *self.layout.shape != *counts {
            let message = format!(
                "the edges of an array of shape {} have shape {}, got {}",
                tuple_repr(shape),
                tuple_repr(&counts),
                tuple_repr(&self.layout.shape)
            );
            return Err(Error::new(ErrorKind::Shape, message));
        }
        let all: Vec<Shown> = counts.iter().map(|&len| Shown::all(len)).collect();
        Ok(Printer {
            values: self.values(&all),
            array: self,
            shape,
            shown,
            options,
        })
    }

    /// The shown elements in C order, if they can be shown.
    fn values(&self, shown: &[Shown]) -> Option<Vec<Value>> {
        let counts = shown.iter().map(Shown::count);
        let count = counts.fold(1, |n: usize, m| n.saturating_mul(m));
        if count == 0 {
            // The other axes may be of any length: (2**32, 2**32, 0) is an array.
            return Some(Vec::new());
        }
        let counts: Axes<usize> = shown.iter().map(Shown::count).collect();
        if self.layout.dtype.check_listing(&counts).is_err() || shown.len() > MAX_NDIM {
            return None;
        }
        let offsets = edges::offsets(self.offset, &self.layout.strides, shown);
        let values = offsets
            .iter()
            .map(|&at| Value::decode(&self.layout.dtype, self.item(at)));
        values.collect::<Result<_>>().ok()
    }
}

/// An array about to be printed.
struct Printer<'a> {
    array: &'a Array,
    /// The whole array's.
    shape: &'a [usize],
    shown: Vec<Shown>,
    /// The elements that are shown, if they can be.
    values: Option<Vec<Value>>,
    options: &'a PrintOptions,
}

impl Printer<'_> {
    fn str(&self) -> String {
        match (self.shape, self.values.as_deref()) {
            // Here NumPy prints the scalar's repr, lest bytes look like text.
            ([], Some([Value::Bytes(bytes)])) => {
                format!("np.bytes_({})", python_repr::bytes(bytes))
            }
            ([], Some([value])) => scalar::text(value, self.options),
            _ => self.body(" ", 0, 0),
        }
    }

    fn repr(&self) -> String {
        let start = "array(";
        let body = self.body(", ", start.len(), ")".len());
        suffix::complete(
            format!("{start}{body}"),
            self.shape,
            &self.array.layout.dtype,
            self.options,
        )
    }

    /// The brackets and what they hold; `before` and `after` columns belong to what stands around.
    fn body(&self, separator: &str, before: usize, after: usize) -> String {
        if self.shape.contains(&0) {
            return "[]".to_owned();
        }
        let Some(values) = &self.values else {
            return "[...]".to_owned();
        };
        let context = Context {
            options: self.options,
            has_axes: !self.shape.is_empty(),
            scalar: false,
        };
        let column: Vec<&Value> = values.iter().collect();
        let format = Format::new(&self.array.layout.dtype, &column, context);
        let mut words = values.iter().map(|value| format.write(value));
        lay_out(
            &mut words,
            &self.shown,
            separator,
            before,
            after,
            self.options,
        )
    }
}

/// The brackets around words that somebody else made, one for each element that is shown.
pub(crate) fn lay_out(
    words: &mut dyn Iterator<Item = String>,
    shown: &[Shown],
    separator: &str,
    before: usize,
    after: usize,
    options: &PrintOptions,
) -> String {
    let layout = Layout {
        separator,
        width: options.linewidth.saturating_sub(after),
        indent: before,
        shape: &shown.iter().map(Shown::count).collect::<Vec<_>>(),
        gaps: &shown.iter().map(Shown::gap).collect::<Vec<_>>(),
    };
    layout.write(words)
}

/// What NumPy's `str` says, with the default [`PrintOptions`].
impl fmt::Display for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.format(&PrintOptions::default()))
    }
}

/// Short: what it is, not what it holds.
impl fmt::Debug for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Array({}, shape {})",
            self.layout.dtype,
            tuple_repr(&self.layout.shape)
        )
    }
}
