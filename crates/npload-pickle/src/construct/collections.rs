//! Handlers of `collections`.

use super::look::Look;
use super::{Checked, Mismatch, count};
use crate::builder::{Builder, View};
use crate::data::Data;
use crate::options::Work;

/// `OrderedDict()`, and Python 2's `OrderedDict([[key, value], …])`.
pub(super) fn ordered_dict<B: Builder>(
    builder: &mut B,
    work: &mut Work,
    args: &B::Value,
) -> Checked<B::Value> {
    const SCHEMA: Mismatch = Mismatch::Schema("nothing, or a list of pairs");
    let pairs = match count(builder, args) {
        0 => Vec::new(),
        1 => builder
            .item(args, 0)
            .and_then(|list| pairs(builder, &list))
            .ok_or(SCHEMA)?,
        _ => return Err(SCHEMA),
    };
    for (key, _) in &pairs {
        work.charge_hashing(builder.hashing(key))?;
    }
    Ok(builder.construct(Data::OrderedDict(pairs))?)
}

fn pairs<B: Builder>(builder: &B, list: &B::Value) -> Option<Vec<(B::Value, B::Value)>> {
    let len = builder.sequence(list)?;
    (0..len)
        .map(|at| {
            let pair = builder.item(list, at)?;
            builder.sequence(&pair).filter(|&len| len == 2)?;
            Some((builder.item(&pair, 0)?, builder.item(&pair, 1)?))
        })
        .collect()
}

/// `defaultdict()` and `defaultdict(factory)`: a type of `builtins` or `None`.
pub(super) fn default_dict<B: Builder>(builder: &mut B, args: &B::Value) -> Checked<B::Value> {
    const SCHEMA: Mismatch = Mismatch::Schema("None or a builtin type");
    let factory = match count(builder, args) {
        0 => builder.none()?,
        1 => builder.item(args, 0).ok_or(SCHEMA)?,
        _ => return Err(SCHEMA),
    };
    match builder.view(&factory) {
        View::None => {}
        View::Global(Some(known)) if known.is_factory() => {}
        _ => return Err(SCHEMA),
    }
    Ok(builder.construct(Data::DefaultDict(factory))?)
}

/// `Counter(dict)`.
pub(super) fn counter<B: Builder>(builder: &mut B, args: &B::Value) -> Checked<B::Value> {
    const SCHEMA: Mismatch = Mismatch::Schema("a dict");
    let dict = match count(builder, args) {
        0 => builder.dict()?,
        1 => builder.item(args, 0).ok_or(SCHEMA)?,
        _ => return Err(SCHEMA),
    };
    match builder.view(&dict) {
        View::Dict(_) => Ok(builder.construct(Data::Counter(dict))?),
        _ => Err(SCHEMA),
    }
}

/// `deque()`, `deque(list)` and `deque(list, maxlen)`.
pub(super) fn deque<B: Builder>(builder: &mut B, args: &B::Value) -> Checked<B::Value> {
    const SCHEMA: Mismatch = Mismatch::Schema("a list or a tuple, and a length or None");
    let length = count(builder, args);
    let items = builder.item(args, 0);
    let fine = items
        .as_ref()
        .is_none_or(|items| builder.sequence(items).is_some());
    if length > 2 || !fine {
        return Err(SCHEMA);
    }
    let max = match builder.item(args, 1) {
        None => None,
        Some(max) if builder.is_none(&max) => None,
        Some(max) => {
            let max = builder.as_int(&max).ok_or(SCHEMA)?;
            Some(u64::try_from(max).map_err(|_| SCHEMA)?)
        }
    };
    Ok(builder.construct(Data::Deque(items, max))?)
}
