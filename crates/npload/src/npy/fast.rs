//! A short cut for the header that `numpy.save` writes for plain dtypes.
//!
//! It takes nothing but NumPy's exact spelling, so that it cannot disagree with the general way: a
//! test compares the two. On the 118 bytes that NumPy writes, it takes a fraction of the time of
//! the general way (see `benches`).

use crate::DType;
use crate::array::Order;

/// What the header says, if it is spelt as NumPy spells it.
pub(super) fn parse(header: &[u8]) -> Option<(DType, Order, Vec<usize>)> {
    let rest = header.strip_prefix(b"{'descr': '")?;
    // A plain typestr: an order, a kind, a short size.
    let len = rest.iter().take(6).position(|&byte| byte == b'\'')?;
    let (typestr, rest) = rest.split_at_checked(len)?;
    if !typestr.iter().all(u8::is_ascii_graphic) || typestr.contains(&b'\\') {
        return None;
    }
    let dtype = DType::parse(std::str::from_utf8(typestr).ok()?).ok()?;
    // The general way keeps the descr of ml_dtypes' types.
    if matches!(dtype, DType::Subarray(_)) || dtype.has_ml_dtype() {
        return None;
    }
    let rest = rest.strip_prefix(b"', 'fortran_order': ")?;
    let (order, rest) = match rest.strip_prefix(b"False") {
        Some(rest) => (Order::C, rest),
        None => (Order::F, rest.strip_prefix(b"True")?),
    };
    let (shape, rest) = shape(rest.strip_prefix(b", 'shape': (")?)?;
    let rest = rest.strip_prefix(b", }")?;
    let blanks = rest.strip_suffix(b"\n").unwrap_or(rest);
    blanks
        .iter()
        .all(|&byte| byte == b' ')
        .then_some((dtype, order, shape))
}

/// What stands before and after `)`: dimensions of at most 18 digits, so that nothing overflows.
fn shape(text: &[u8]) -> Option<(Vec<usize>, &[u8])> {
    if let Some(rest) = text.strip_prefix(b")") {
        return Some((Vec::new(), rest));
    }
    let mut shape = Vec::with_capacity(4);
    let mut rest = text;
    loop {
        let len = rest
            .iter()
            .take(19)
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let (digits, after) = rest.split_at_checked(len)?;
        if len == 0 || len > 18 || (len > 1 && digits.first() == Some(&b'0')) {
            return None;
        }
        let n = digits.iter().fold(0_u64, |n, &digit| {
            n.wrapping_mul(10).wrapping_add(u64::from(digit & 0xF))
        });
        shape.push(usize::try_from(n).ok()?);
        rest = match after {
            [b',', b')', rest @ ..] if shape.len() == 1 => return Some((shape, rest)),
            [b')', rest @ ..] if shape.len() > 1 => return Some((shape, rest)),
            [b',', b' ', rest @ ..] => rest,
            _ => return None,
        };
    }
}
