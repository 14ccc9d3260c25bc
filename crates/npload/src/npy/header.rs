//! The npy header: what an array is and where its data start.
//!
//! Made for hostile bytes: sizes are checked before anything is read or taken, all arithmetic is
//! exact, and the text is read by npload's own literal reader, which runs nothing.

use std::borrow::Cow;

use super::frame::{Frame, frame};
use super::literal::{self, Dialect, Literal, Malformed};
use super::{fast, note, shape};
use crate::array::Order;
use crate::dtype::DType;
use crate::python_repr;
use crate::{Error, ErrorKind, Result, Warning};

/// How much of a header an error message shows, in characters.
const SHOWN: usize = 400;

/// The header of an npy array: all that precedes the data.
///
/// ```
/// use npload::{DType, Npy, Order};
/// let npy = Npy::open("../../testdata/npy/f8-be-2d-f.npy")?;
/// let header = npy.header();
/// assert_eq!(*header.dtype(), DType::parse(">f8")?);
/// assert_eq!((header.shape(), header.order()), ([2, 3].as_slice(), Order::F));
/// assert_eq!((header.version(), header.data_offset()), ((3, 0), 128));
/// # Ok::<(), npload::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    version: (u8, u8),
    dtype: DType,
    shape: Vec<usize>,
    order: Order,
    data_offset: usize,
    size: usize,
    nbytes: usize,
    warnings: Vec<Warning>,
    /// The descr, where the dtype has ml_dtypes' types in it.
    ml_descr: Option<Box<str>>,
}

impl Header {
    /// The version of the format: (1, 0), (2, 0) or (3, 0).
    #[must_use]
    pub fn version(&self) -> (u8, u8) {
        self.version
    }

    /// What the elements are; never a subarray.
    #[must_use]
    pub fn dtype(&self) -> &DType {
        &self.dtype
    }

    /// The length of each axis.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The order of the elements in the file.
    #[must_use]
    pub fn order(&self) -> Order {
        self.order
    }

    /// Where the data start, in bytes from the magic.
    #[must_use]
    pub fn data_offset(&self) -> usize {
        self.data_offset
    }

    /// How many elements the array has. Always within `isize`.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// How many bytes the elements take, unless they are objects, which are pickled. Always within
    /// `isize`.
    #[must_use]
    pub fn nbytes(&self) -> usize {
        self.nbytes
    }

    /// The descr as the file has it, a Python literal, where [`Header::dtype`] has one of ml_dtypes'
    /// types in it: what NumPy makes of it depends on what has been imported. Else none.
    ///
    /// ```
    /// let npy = npload::Npy::open("../../testdata/npy/ml-bfloat16-note.npy")?;
    /// assert_eq!(npy.header().ml_descr(), Some("'<V2'"));
    /// # Ok::<(), npload::Error>(())
    /// ```
    #[must_use]
    pub fn ml_descr(&self) -> Option<&str> {
        self.ml_descr.as_deref()
    }

    /// Of elements that no header stands before.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`].
    pub(super) fn of_raw(dtype: DType, shape: &[usize], order: Order) -> Result<Self> {
        finish((1, 0), dtype, shape.to_vec(), order, 0, Vec::new())
    }

    /// Its dtype, shape and order, without a copy.
    pub(crate) fn into_parts(self) -> (DType, Vec<usize>, Order) {
        (self.dtype, self.shape, self.order)
    }

    /// What is odd about the header.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

/// What the first bytes of an array tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Parsed {
    /// The header.
    Header(Header),
    /// Nothing yet: so many bytes from the magic on are needed.
    NeedMore(usize),
}

/// Reads the header at the start of `bytes`, which may be more than the header and may be less.
///
/// `max_header_size` counts characters, as in NumPy. It is checked before more bytes are asked
/// for: of a header that claims 4 GiB, none is read.
///
/// # Errors
/// [`ErrorKind::NotArray`], [`ErrorKind::Version`], [`ErrorKind::Limit`], [`ErrorKind::Encoding`],
/// [`ErrorKind::Header`], [`ErrorKind::DType`], [`ErrorKind::Shape`].
pub(crate) fn parse_header(bytes: &[u8], max_header_size: usize) -> Result<Parsed> {
    let (version, start, len) = match frame(bytes)? {
        Frame::Short { needed } => return Ok(Parsed::NeedMore(needed)),
        Frame::Text {
            version,
            start,
            len,
        } => (version, start, len),
    };
    // A character of UTF-8 takes up to 4 bytes.
    let fewest = if version == (3, 0) {
        len.div_ceil(4)
    } else {
        len
    };
    if fewest > max_header_size {
        return Err(too_large(fewest, version == (3, 0), max_header_size));
    }
    let end = start.saturating_add(len);
    let Some(text) = bytes.get(start..end) else {
        return Ok(Parsed::NeedMore(end));
    };
    if text.len() <= max_header_size
        && let Some((dtype, order, shape)) = fast::parse(text)
    {
        return finish(version, dtype, shape, order, end, Vec::new()).map(Parsed::Header);
    }
    let mut header = parse_text(text, version, start, max_header_size)?;
    if text.ends_with(b"\r") && bytes.get(end) == Some(&b'\n') {
        header.warnings.push(Warning::LineEndsChanged);
    }
    Ok(Parsed::Header(header))
}

#[cold]
fn too_large(chars: usize, at_least: bool, max_header_size: usize) -> Error {
    let at_least = if at_least { "at least " } else { "" };
    Error::new(
        ErrorKind::Limit,
        format!(
            "Header info length ({at_least}{chars}) is large and may not be safe to load securely: \
             max_header_size is {max_header_size}. Raise `max_header_size` if you trust the file."
        ),
    )
}

/// Reads the text of a header the general way.
fn parse_text(
    bytes: &[u8],
    version: (u8, u8),
    start: usize,
    max_header_size: usize,
) -> Result<Header> {
    let text = decode(bytes, version, start)?;
    if version == (3, 0) {
        let chars = text.chars().count();
        if chars > max_header_size {
            return Err(too_large(chars, false, max_header_size));
        }
    }
    let mut warnings = Vec::new();
    let parsed = match literal::parse(&text, Dialect::Python3) {
        Ok(parsed) => parsed,
        // NumPy tries Python 2 only after plain Python failed, and never in version 3.
        Err(why) => match literal::parse(&text, Dialect::Python2) {
            Ok(parsed) if version != (3, 0) => {
                warnings.push(Warning::Python2Header);
                parsed
            }
            _ => return Err(unreadable(&text, &why, version, start)),
        },
    };
    let (descr, fortran_order, shape) = entries(&parsed.value)?;
    let shape = shape::from_literal(shape, &mut warnings)?;
    let order = match fortran_order {
        Literal::Bool(false) => Order::C,
        Literal::Bool(true) => Order::F,
        other => {
            let message = format!("fortran_order is not a valid bool: {other}");
            return Err(Error::new(ErrorKind::Header, message));
        }
    };
    let mut dtype = DType::from_descr(descr, &mut warnings).map_err(|why| {
        Error::new(
            ErrorKind::DType,
            format!(
                "descr is not a valid dtype descriptor: {}: {}",
                shortened(&descr.to_string()),
                why.message()
            ),
        )
    })?;
    if let Some(noted) = note::apply(&parsed.comments, &dtype) {
        dtype = noted;
    }
    let has_ml = dtype.has_ml_dtype();
    let header = finish(
        version,
        dtype,
        shape,
        order,
        start.saturating_add(bytes.len()),
        warnings,
    )?;
    Ok(Header {
        ml_descr: has_ml.then(|| descr.to_string().into()),
        ..header
    })
}

/// What is left to check once the parts are known.
///
/// A subarray as the dtype of the whole counts for NumPy only if it has one element: the array is
/// then one of those elements, and its shape is the header's. It refuses others (unless there is
/// nothing to read), since it finds more elements than the shape says.
fn finish(
    version: (u8, u8),
    mut dtype: DType,
    shape: Vec<usize>,
    order: Order,
    data_offset: usize,
    warnings: Vec<Warning>,
) -> Result<Header> {
    while let DType::Subarray(inner) = &dtype {
        let one = inner.shape().iter().all(|&n| n == 1);
        if !one && !shape.contains(&0) && !inner.base().has_object() {
            return Err(Error::new(
                ErrorKind::Shape,
                format!(
                    "an array of {dtype} has more elements than its shape {} says; NumPy does not \
                     read it either",
                    shape::tuple_repr(&shape)
                ),
            ));
        }
        dtype = inner.base().clone();
    }
    shape::check_ndim(shape.len())?;
    let (size, nbytes) = shape::sizes(&shape, dtype.itemsize())?;
    Ok(Header {
        version,
        dtype,
        shape,
        order,
        data_offset,
        size,
        nbytes,
        warnings,
        ml_descr: None,
    })
}

/// The values of `descr`, `fortran_order` and `shape`, where these are all keys that there are.
fn entries(value: &Literal) -> Result<(&Literal, &Literal, &Literal)> {
    let Literal::Dict(pairs) = value else {
        let message = format!(
            "Header is not a dictionary: {}",
            shortened(&value.to_string())
        );
        return Err(Error::new(ErrorKind::Header, message));
    };
    let (mut descr, mut fortran_order, mut shape) = (None, None, None);
    let mut others = false;
    for (key, value) in pairs {
        // The last of equal keys counts.
        match key {
            Literal::Str(key) if key == "descr" => descr = Some(value),
            Literal::Str(key) if key == "fortran_order" => fortran_order = Some(value),
            Literal::Str(key) if key == "shape" => shape = Some(value),
            _ => others = true,
        }
    }
    if let (Some(descr), Some(fortran_order), Some(shape), false) =
        (descr, fortran_order, shape, others)
    {
        return Ok((descr, fortran_order, shape));
    }
    let mut keys: Vec<_> = pairs.iter().map(|(key, _)| key.to_string()).collect();
    keys.sort_unstable();
    keys.dedup();
    let message = format!(
        "Header does not contain the correct keys: [{}] (descr, fortran_order and shape are)",
        shortened(&keys.join(", "))
    );
    Err(Error::new(ErrorKind::Header, message))
}

/// The text: latin1, or in version 3 UTF-8.
fn decode(bytes: &[u8], version: (u8, u8), start: usize) -> Result<Cow<'_, str>> {
    if version != (3, 0) && !bytes.is_ascii() {
        return Ok(bytes
            .iter()
            .map(|&byte| char::from(byte))
            .collect::<String>()
            .into());
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Cow::Borrowed(text)),
        Err(error) => {
            let at = error.valid_up_to();
            let byte = bytes.get(at).copied().unwrap_or_default();
            let message = format!(
                "'utf-8' codec can't decode byte 0x{byte:02x} in position {at} of the header"
            );
            let at = start.saturating_add(at);
            Err(Error::new(ErrorKind::Encoding, message)
                .at(u64::try_from(at).unwrap_or(u64::MAX))
                .with_source(error))
        }
    }
}

#[cold]
fn unreadable(text: &str, why: &Malformed, version: (u8, u8), start: usize) -> Error {
    let before = text.get(..why.at).unwrap_or_default();
    // In latin1 every character is a byte.
    let at = if version == (3, 0) {
        before.len()
    } else {
        before.chars().count()
    };
    let message = format!(
        "Cannot parse header: {}: {}",
        shortened(&python_repr::text(text)),
        why.message
    );
    let at = start.saturating_add(at);
    Error::new(ErrorKind::Header, message).at(u64::try_from(at).unwrap_or(u64::MAX))
}

/// A text for a message, cut where it is long.
fn shortened(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()).into(),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests;
