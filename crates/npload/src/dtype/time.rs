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

/// Each unit, its spelling, and the finer units that a divisor may turn it into, with how many of
/// them it is. NumPy has years of 12 months, 52 weeks or 365 days here, and months of 4 weeks.
const UNITS: &[(TimeBase, &str, &[(TimeBase, i32)])] = {
    use TimeBase::{
        Attosecond, Day, Femtosecond, Generic, Hour, Microsecond, Millisecond, Minute, Month,
        Nanosecond, Picosecond, Second, Week, Year,
    };
    &[
        (Generic, "generic", &[]),
        (Year, "Y", &[(Month, 12), (Week, 52), (Day, 365)]),
        (Month, "M", &[(Week, 4), (Day, 30), (Hour, 720)]),
        (Week, "W", &[(Day, 7), (Hour, 168), (Minute, 10_080)]),
        (Day, "D", &[(Hour, 24), (Minute, 1_440), (Second, 86_400)]),
        (Hour, "h", &[(Minute, 60), (Second, 3_600)]),
        (Minute, "m", &[(Second, 60), (Millisecond, 60_000)]),
        (
            Second,
            "s",
            &[(Millisecond, 1_000), (Microsecond, 1_000_000)],
        ),
        (
            Millisecond,
            "ms",
            &[(Microsecond, 1_000), (Nanosecond, 1_000_000)],
        ),
        (
            Microsecond,
            "us",
            &[(Nanosecond, 1_000), (Picosecond, 1_000_000)],
        ),
        (
            Nanosecond,
            "ns",
            &[(Picosecond, 1_000), (Femtosecond, 1_000_000)],
        ),
        (
            Picosecond,
            "ps",
            &[(Femtosecond, 1_000), (Attosecond, 1_000_000)],
        ),
        (Femtosecond, "fs", &[(Attosecond, 1_000)]),
        (Attosecond, "as", &[]),
    ]
};

impl TimeBase {
    /// As NumPy spells it: `Y`, `ms`, `generic`.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        UNITS.get(self as usize).map_or("", |row| row.1)
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
        let Some(&(base, _, finer)) = UNITS.iter().find(|row| row.1 == symbol) else {
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
        let parts = finer.iter().find_map(|&(base, parts)| {
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
