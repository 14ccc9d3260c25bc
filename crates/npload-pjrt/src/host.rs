//! Arrays in the host's memory as devices take them: in C order, in this machine's byte order.

use npload::{Array, Buffer, DType, Number, Order};

use crate::element::Element;
use crate::{Client, Error, ErrorKind, Result};

/// What XLA takes without a copy lies at multiples of this.
const ALIGNMENT: usize = 64;

/// Whether the device may use the host's memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Placement {
    /// The memory itself, where the device can use it; else a copy. [`DeviceArray::is_zero_copy`] tells
    /// which it was.
    ///
    /// [`DeviceArray::is_zero_copy`]: crate::DeviceArray::is_zero_copy
    #[default]
    Auto,
    /// The memory itself, or an error that says why not.
    RequireZeroCopy,
    /// A copy: what happens to the host's memory does not matter from then on.
    Copy,
}

/// An array as devices take it.
pub(crate) struct Host {
    /// Its bytes, and what keeps them alive.
    pub(crate) memory: Buffer,
    pub(crate) element: Element,
    pub(crate) shape: Vec<usize>,
    /// Whether the bytes are the caller's, and not a copy.
    pub(crate) is_lent: bool,
    /// Whether they may be read until the call returns, and no longer.
    pub(crate) only_during_call: bool,
}

impl Host {
    /// The array, or a copy of it where the placement and the device want one.
    ///
    /// # Errors
    /// [`ErrorKind::Type`], [`ErrorKind::Copy`], [`ErrorKind::OutOfMemory`].
    pub(crate) fn new(array: &Array, client: &Client, placement: Placement) -> Result<Host> {
        let element = Element::of(array.dtype(), client.api())?;
        let is_cpu = client.is_cpu();
        // What is packed is not used as it lies in any case.
        let why_copy = why_copy(array, is_cpu && !element.is_packed());
        let is_taken = why_copy.is_none();
        if placement == Placement::RequireZeroCopy && array.size() > 0 {
            let why = why_copy.or_else(|| why_never(element, is_cpu, client));
            if let Some(why) = why {
                return Err(must_copy(&why));
            }
        }
        // A device with memory of its own copies in any case.
        let lend = is_taken && (placement != Placement::Copy || !is_cpu || element.is_packed());
        let mut host = Host {
            memory: Buffer::empty(),
            element,
            shape: array.shape().to_vec(),
            is_lent: lend,
            only_during_call: lend && placement == Placement::Copy,
        };
        if array.size() == 0 {
            host.is_lent = true;
        } else if lend {
            let (buffer, offset) = array.buffer();
            host.memory = buffer.slice(offset..offset.saturating_add(array.nbytes()));
        } else {
            let copy = array.to_dense()?;
            host.memory = if element.number == Number::Bool {
                zeros_and_ones(copy)?
            } else {
                copy.into_buffer().0
            };
        }
        Ok(host)
    }
}

/// Why the array's bytes are not what a device takes, or uses where they lie; nothing if they are.
fn why_copy(array: &Array, is_used: bool) -> Option<String> {
    let dtype = array.dtype();
    if !dtype.is_native() {
        return Some(format!("{dtype} is not in this machine's byte order"));
    }
    let Some(bytes) = array.contiguous_bytes(Order::C) else {
        let (shape, strides) = (array.shape(), array.strides());
        return Some(format!(
            "the elements are not in C order without gaps (shape {shape:?}, strides {strides:?} bytes)"
        ));
    };
    if matches!(dtype, DType::Number(Number::Bool, _)) && !are_bools(bytes) {
        return Some("some bytes of the bool array are neither 0 nor 1".to_owned());
    }
    let off = bytes.as_ptr().addr().checked_rem(ALIGNMENT).unwrap_or(0);
    if is_used && off != 0 {
        return Some(format!(
            "the memory lies {off} bytes behind a {ALIGNMENT}-byte boundary"
        ));
    }
    None
}

/// Why a device does not use memory of the host at all; nothing if it does.
fn why_never(element: Element, is_cpu: bool, client: &Client) -> Option<String> {
    if element.is_packed() {
        let (name, bits) = (element.number.name(), element.bits);
        return Some(format!(
            "{name} has {bits} bits for each element on a device"
        ));
    }
    let platform = client.platform();
    (!is_cpu).then(|| format!("devices of {platform} have memory of their own"))
}

#[cold]
fn must_copy(why: &str) -> Error {
    let message = format!(
        "zero-copy was required, but the array must be copied: {why}; Placement::Auto copies it"
    );
    Error::new(ErrorKind::Copy, message)
}

/// Whether all bytes are 0 or 1. NumPy takes any other for true, XLA computes something with it.
fn are_bools(bytes: &[u8]) -> bool {
    bytes
        .chunks(4096)
        .all(|chunk| chunk.iter().fold(0, |all, byte| all | byte) <= 1)
}

/// The bytes of a bool array of its own, each made 0 or 1.
fn zeros_and_ones(mut copy: Array) -> Result<Buffer> {
    for byte in copy.bytes_mut()? {
        *byte = u8::from(*byte != 0);
    }
    Ok(copy.into_buffer().0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bools_are_zeros_and_ones() {
        let mut bytes = vec![1_u8; 10_000];
        bytes[5000] = 0;
        assert!(are_bools(&bytes) && are_bools(&[]));
        bytes[9999] = 2;
        assert!(!are_bools(&bytes));
        let bools = DType::parse("?").unwrap();
        let array = Array::from_bytes(bools, &[10_000], Order::C, bytes.into()).unwrap();
        assert!(why_copy(&array, false).unwrap().contains("neither 0 nor 1"));
        let made = zeros_and_ones(array.to_dense().unwrap()).unwrap();
        assert_eq!((made[9999], made[5000], made[0]), (1, 0, 1));
    }

    #[test]
    fn what_must_be_copied_says_why() {
        let ints = |dtype: &str, order, shape: &[usize]| {
            let mut bytes = npload::AlignedBuf::zeroed(256).unwrap();
            bytes[0] = 1;
            let dtype = DType::parse(dtype).unwrap();
            Array::from_bytes(dtype, shape, order, bytes.into()).unwrap()
        };
        assert_eq!(why_copy(&ints("<i4", Order::C, &[4, 4]), true), None);
        assert_eq!(why_copy(&ints("<i4", Order::F, &[16]), true), None);
        let other = |array: &Array| why_copy(array, true).unwrap();
        assert!(other(&ints(">i4", Order::C, &[4])).contains("byte order"));
        assert!(other(&ints("<i4", Order::F, &[4, 4])).contains("[4, 16] bytes"));
        let part = ints("<i4", Order::C, &[16]).slice(npload::s![3..]).unwrap();
        assert!(other(&part).contains("12 bytes behind a 64-byte boundary"));
        assert_eq!(why_copy(&part, false), None);
    }
}
