//! Counts of NumPy's `datetime64` and `timedelta64` as what they mean.

/// The count that stands for no time.
const NAT: i64 = i64::MIN;

/// So many of a unit in a day, or parts of a second by their digits.
enum Unit {
    Years,
    Months,
    Days(i128),
    Seconds(i128),
    Digits(u32),
}

fn unit(name: &str) -> Option<Unit> {
    Some(match name {
        "Y" => Unit::Years,
        "M" => Unit::Months,
        "W" => Unit::Days(7),
        "D" => Unit::Days(1),
        "h" => Unit::Seconds(3600),
        "m" => Unit::Seconds(60),
        "s" => Unit::Seconds(1),
        "ms" => Unit::Digits(3),
        "us" => Unit::Digits(6),
        "ns" => Unit::Digits(9),
        "ps" => Unit::Digits(12),
        "fs" => Unit::Digits(15),
        "as" => Unit::Digits(18),
        _ => return None,
    })
}

/// A date as NumPy writes it: `2020-01-02T03:04`, `NaT`. None without a unit.
pub(crate) fn iso(count: i64, (name, times): (&str, i32)) -> Option<String> {
    let unit = unit(name)?;
    if count == NAT {
        return Some("NaT".to_owned());
    }
    let all = i128::from(count).checked_mul(i128::from(times))?;
    let (days, rest) = match unit {
        Unit::Years => return Some(year(all.checked_add(1970)?)),
        Unit::Months => {
            let (years, month) = (all.div_euclid(12), all.rem_euclid(12));
            let year = year(years.checked_add(1970)?);
            return Some(format!("{year}-{:02}", month.checked_add(1)?));
        }
        Unit::Days(days) => return Some(day(all.checked_mul(days)?)),
        Unit::Seconds(seconds) => (all.checked_mul(seconds)?, String::new()),
        Unit::Digits(digits) => {
            let second = 10_i128.checked_pow(digits)?;
            let fraction = format!(
                ".{:01$}",
                all.checked_rem_euclid(second)?,
                usize::try_from(digits).ok()?
            );
            (all.checked_div_euclid(second)?, fraction)
        }
    };
    let (date, second) = (day(days.div_euclid(86_400)), days.rem_euclid(86_400));
    let (hour, minute) = (second / 3600, second / 60 % 60);
    let mut text = format!("{date}T{hour:02}");
    if name != "h" {
        text.push_str(&format!(":{minute:02}"));
    }
    if !matches!(name, "h" | "m") {
        text.push_str(&format!(":{:02}", second % 60));
    }
    text.push_str(&rest);
    Some(text)
}

fn year(year: i128) -> String {
    match year < 0 {
        true => format!("-{:04}", year.unsigned_abs()),
        false => format!("{year:04}"),
    }
}

/// The day that is so many after 1970-01-01, by the Gregorian calendar.
#[expect(
    clippy::arithmetic_side_effects,
    reason = "of 2⁶⁴ × 2³¹ weeks at most, in 128 bits"
)]
fn day(days: i128) -> String {
    // Years begin in March, so that the odd day is a year's last.
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let of_years = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * of_years + of_years / 4 - of_years / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let years = of_years + era * 400 + i128::from(month <= 2);
    format!("{}-{month:02}-{day:02}", year(years))
}

/// How many seconds a span of time has, NaN for none; no number of them without a unit, or where it
/// is of months.
pub(crate) fn seconds(count: i64, (name, times): (&str, i32)) -> Option<f64> {
    if count == NAT {
        return Some(f64::NAN);
    }
    #[expect(clippy::cast_precision_loss, reason = "documented")]
    let all = i128::from(count).checked_mul(i128::from(times))? as f64;
    Some(match unit(name)? {
        Unit::Years | Unit::Months => return None,
        Unit::Days(1) => all * 86_400.0,
        Unit::Days(_) => all * 604_800.0,
        Unit::Seconds(3600) => all * 3600.0,
        Unit::Seconds(60) => all * 60.0,
        Unit::Seconds(_) => all,
        Unit::Digits(digits) => all / 10_f64.powi(i32::try_from(digits).ok()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_as_numpy_writes_them() {
        for (count, unit, text) in [
            (50, ("Y", 1), "2020"),
            (-1, ("M", 1), "1969-12"),
            (1, ("W", 1), "1970-01-08"),
            (18_321, ("D", 1), "2020-02-29"),
            (-1, ("D", 1), "1969-12-31"),
            (-719_529, ("D", 1), "-0001-12-31"),
            (2, ("h", 6), "1970-01-01T12"),
            (26_298_904, ("m", 1), "2020-01-02T03:04"),
            (-1, ("s", 1), "1969-12-31T23:59:59"),
            (-1, ("ms", 1), "1969-12-31T23:59:59.999"),
            (5, ("ns", 1), "1970-01-01T00:00:00.000000005"),
            (i64::MIN, ("s", 1), "NaT"),
        ] {
            assert_eq!(iso(count, unit).as_deref(), Some(text));
        }
        assert_eq!(iso(1, ("", 1)), None);
        assert_eq!(seconds(3, ("h", 2)), Some(21_600.0));
        assert_eq!(seconds(1500, ("ms", 1)), Some(1.5));
        assert_eq!(seconds(1, ("M", 1)), None);
    }
}
