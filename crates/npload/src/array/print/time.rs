//! Datetimes as ISO 8601, timedeltas in words.
#![allow(
    clippy::arithmetic_side_effects,
    reason = "128-bit arithmetic on 64-bit counts times at most 2^31"
)]

use crate::array::value::Value;
use crate::dtype::{TimeBase, TimeUnit};

const NAT: &str = "NaT";

/// `str` of a datetime: 2020-01-01T00:00, with as much as its unit counts.
///
/// NumPy counts in 64 bits, and wraps around with years and weeks; that is kept. Where it raises
/// (a multiple of a unit too large for 64 bits, a count without a unit), the true date or the
/// count comes.
pub(super) fn datetime(count: i64, unit: TimeUnit) -> String {
    if count == Value::NAT {
        return NAT.to_owned();
    }
    let units = i128::from(count) * i128::from(unit.count);
    let fits = i64::try_from(units);
    let (unit_seconds, digits) = match unit.base {
        TimeBase::Generic => return count.to_string(),
        TimeBase::Year => {
            let wrapped = fits.map(|n| n.wrapping_add(1970).into());
            return year_text(wrapped.unwrap_or(units + 1970));
        }
        TimeBase::Month => {
            let (year, month) = (units.div_euclid(12) + 1970, units.rem_euclid(12) + 1);
            return format!("{}-{month:02}", year_text(year));
        }
        TimeBase::Week => {
            let wrapped = fits.map(|n| n.wrapping_mul(7).into());
            return date(wrapped.unwrap_or(units * 7));
        }
        TimeBase::Day => return date(units),
        TimeBase::Hour => (3600, 0),
        TimeBase::Minute => (60, 0),
        TimeBase::Second => (1, 0),
        TimeBase::Millisecond => (1, 3),
        TimeBase::Microsecond => (1, 6),
        TimeBase::Nanosecond => (1, 9),
        TimeBase::Picosecond => (1, 12),
        TimeBase::Femtosecond => (1, 15),
        TimeBase::Attosecond => (1, 18),
    };
    let parts = 10_i128.pow(digits);
    let seconds = units.div_euclid(parts) * unit_seconds;
    let fraction = units.rem_euclid(parts);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let date = date(days);
    match unit.base {
        TimeBase::Hour => format!("{date}T{hour:02}"),
        TimeBase::Minute => format!("{date}T{hour:02}:{minute:02}"),
        TimeBase::Second => format!("{date}T{hour:02}:{minute:02}:{second:02}"),
        _ => {
            let digits = usize::try_from(digits).unwrap_or(0);
            format!("{date}T{hour:02}:{minute:02}:{second:02}.{fraction:0digits$}")
        }
    }
}

/// `str` of a timedelta: 5 seconds. A multiple of a unit is counted in single ones, and wraps
/// around as NumPy's does.
pub(super) fn timedelta(count: i64, unit: TimeUnit) -> String {
    if count == Value::NAT {
        return NAT.to_owned();
    }
    let name = match unit.base {
        TimeBase::Generic => "generic time units",
        TimeBase::Year => "years",
        TimeBase::Month => "months",
        TimeBase::Week => "weeks",
        TimeBase::Day => "days",
        TimeBase::Hour => "hours",
        TimeBase::Minute => "minutes",
        TimeBase::Second => "seconds",
        TimeBase::Millisecond => "milliseconds",
        TimeBase::Microsecond => "microseconds",
        TimeBase::Nanosecond => "nanoseconds",
        TimeBase::Picosecond => "picoseconds",
        TimeBase::Femtosecond => "femtoseconds",
        TimeBase::Attosecond => "attoseconds",
    };
    format!("{} {name}", count.wrapping_mul(unit.count.into()))
}

/// At least four places, the sign among them.
fn year_text(year: i128) -> String {
    format!("{year:04}")
}

/// The date so many days after 1970-01-01, in the Gregorian calendar reaching back before itself.
fn date(days: i128) -> String {
    // Years that begin in March end with the leap day, and months then follow one formula
    // (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day + 2) / 153;
    let day = day - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = era * 400 + year_of_era + i128::from(month <= 2);
    format!("{}-{month:02}-{day:02}", year_text(year))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(base: TimeBase) -> TimeUnit {
        TimeUnit { base, count: 1 }
    }

    #[test]
    fn dates_have_what_the_unit_counts() {
        let cases = [
            (TimeBase::Year, -12345, "-10375"),
            (TimeBase::Year, i64::MAX, "-9223372036854773839"),
            (TimeBase::Month, -12345, "0941-04"),
            (TimeBase::Week, i64::MAX, "25252734927768524-07-21"),
            (TimeBase::Day, -1, "1969-12-31"),
            (TimeBase::Day, i64::MAX, "25252734927768524-07-27"),
            (TimeBase::Hour, 12345, "1971-05-30T09"),
            (TimeBase::Minute, -12345, "1969-12-23T10:15"),
            (
                TimeBase::Millisecond,
                i64::MIN + 1,
                "-292275055-05-16T16:47:04.193",
            ),
            (
                TimeBase::Attosecond,
                -1,
                "1969-12-31T23:59:59.999999999999999999",
            ),
            (TimeBase::Second, i64::MIN, "NaT"),
        ];
        for (base, count, text) in cases {
            assert_eq!(datetime(count, unit(base)), text, "{base:?} {count}");
        }
    }

    #[test]
    fn multiples_count_single_units() {
        let unit = TimeUnit {
            base: TimeBase::Second,
            count: 25,
        };
        assert_eq!(datetime(-12345, unit), "1969-12-28T10:16:15");
        assert_eq!(timedelta(-12345, unit), "-308625 seconds");
        assert_eq!(timedelta(i64::MAX, unit), "9223372036854775783 seconds");
    }
}
