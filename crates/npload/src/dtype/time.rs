//! The units of datetimes and timedeltas: `M8[25s]`.

use std::fmt;

use super::parse::strtol;
use crate::{Error, ErrorKind, Result};

/// What a datetime or timedelta counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimeUnit {
    /// The unit.
    pub base: TimeBase,
    /// How many of them one count is (25 in `M8[25s]`).
    pub count: i32,
}

/// The units of [`TimeUnit`], as NumPy spells them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum TimeBase {
    Generic,
    Year,
    Month,
    Week,
    Day,
    Hour,
    Minute,
    Second,
    Millisecond,
    Microsecond,
    Nanosecond,
    Picosecond,
    Femtosecond,
    Attosecond,
}

/// A unit with its spelling and the finer units that a divisor may turn it into.
struct Unit {
    base: TimeBase,
    symbol: &'static str,
    /// How many of which unit it is.
    finer: &'static [(i32, TimeBase)],
}

const fn unit(base: TimeBase, symbol: &'static str, finer: &'static [(i32, TimeBase)]) -> Unit {
    Unit {
        base,
        symbol,
        finer,
    }
}

/// In the order of the enum. NumPy has years of 12 months, 52 weeks or 365 days here, and months
/// of 4 weeks.
const UNITS: &[Unit] = {
    use TimeBase::{
        Attosecond, Day, Femtosecond, Generic, Hour, Microsecond, Millisecond, Minute, Month,
        Nanosecond, Picosecond, Second, Week, Year,
    };
    &[
        unit(Generic, "generic", &[]),
        unit(Year, "Y", &[(12, Month), (52, Week), (365, Day)]),
        unit(Month, "M", &[(4, Week), (30, Day), (720, Hour)]),
        unit(Week, "W", &[(7, Day), (168, Hour), (10_080, Minute)]),
        unit(Day, "D", &[(24, Hour), (1_440, Minute), (86_400, Second)]),
        unit(Hour, "h", &[(60, Minute), (3_600, Second)]),
        unit(Minute, "m", &[(60, Second), (60_000, Millisecond)]),
        unit(
            Second,
            "s",
            &[(1_000, Millisecond), (1_000_000, Microsecond)],
        ),
        unit(
            Millisecond,
            "ms",
            &[(1_000, Microsecond), (1_000_000, Nanosecond)],
        ),
        unit(
            Microsecond,
            "us",
            &[(1_000, Nanosecond), (1_000_000, Picosecond)],
        ),
        unit(
            Nanosecond,
            "ns",
            &[(1_000, Picosecond), (1_000_000, Femtosecond)],
        ),
        unit(
            Picosecond,
            "ps",
            &[(1_000, Femtosecond), (1_000_000, Attosecond)],
        ),
        unit(Femtosecond, "fs", &[(1_000, Attosecond)]),
        unit(Attosecond, "as", &[]),
    ]
};

impl TimeBase {
    /// As NumPy spells it: `Y`, `ms`, `generic`.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        UNITS.get(self as usize).map_or("", |unit| unit.symbol)
    }
}

impl TimeUnit {
    /// No unit: what `'M8'` has.
    pub(crate) const GENERIC: TimeUnit = TimeUnit {
        base: TimeBase::Generic,
        count: 1,
    };

    /// Reads what follows `M8`: nothing, `[s]`, `[25s]`, `[s/4]`.
    ///
    /// A count has to be from 1 to `i32::MAX`. NumPy takes 0 and, by negative divisors, negative
    /// counts, and can do nothing with the dtypes that it gets; a divisor of 0 kills its process.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let invalid = |why: String| {
            Err(Error::new(
                ErrorKind::DType,
                format!("Invalid datetime metadata string \"{text}\": {why}"),
            ))
        };
        if text.is_empty() {
            return Ok(TimeUnit::GENERIC);
        }
        let Some(inside) = text
            .strip_prefix('[')
            .and_then(|text| text.strip_suffix(']'))
        else {
            return invalid("it is no unit in square brackets".into());
        };
        let (count, rest) = match strtol(inside) {
            Some((count, rest)) => (count, rest),
            None => (1, inside),
        };
        let (symbol, divisor) = match rest.split_once('/') {
            Some((symbol, divisor)) => match strtol(divisor) {
                Some((divisor, "")) => (symbol, divisor),
                _ => return invalid("the divisor is no integer".into()),
            },
            None => (rest, 1),
        };
        // Greek mu, and not the micro sign, is what NumPy takes.
        let symbol = if symbol == "\u{3bc}s" { "us" } else { symbol };
        let Some(&Unit { base, finer, .. }) = UNITS.iter().find(|unit| unit.symbol == symbol)
        else {
            return invalid(format!("there is no unit {symbol:?}"));
        };
        let positive = |n: i64| i32::try_from(n).ok().filter(|&n| n > 0);
        let (Some(count), Some(divisor)) = (positive(count), positive(divisor)) else {
            return invalid("counts and divisors are from 1 to 2147483647".into());
        };
        if divisor == 1 {
            return Ok(if base == TimeBase::Generic {
                TimeUnit::GENERIC
            } else {
                TimeUnit { base, count }
            });
        }
        let parts = finer.iter().find_map(|&(parts, base)| {
            Some((base, parts.checked_div(divisor)?))
                .filter(|_| parts.checked_rem(divisor) == Some(0))
        });
        let Some((base, parts)) = parts else {
            return invalid(format!(
                "divisor ({divisor}) is not a multiple of a lower-unit"
            ));
        };
        match count.checked_mul(parts) {
            Some(count) => Ok(TimeUnit { base, count }),
            None => invalid("the count is over 2147483647".into()),
        }
    }
}

/// As it stands in a typestr: `[25s]`, or nothing.
impl fmt::Display for TimeUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.base, self.count) {
            (TimeBase::Generic, _) => Ok(()),
            (base, 1) => write!(f, "[{}]", base.symbol()),
            (base, count) => write!(f, "[{count}{}]", base.symbol()),
        }
    }
}
