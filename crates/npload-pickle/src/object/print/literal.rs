//! Numbers and times as Python's `repr` writes them.

use crate::data::{Date, Time, TimeDelta};

/// A float as Python's `repr` writes it: the shortest digits, an exponent below -4 and from 16 on.
pub(crate) fn float(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let short = format!("{value:e}");
    let (digits, exponent) = short.split_once('e').unwrap_or((&short, "0"));
    match exponent.parse::<i32>().unwrap_or_default() {
        -4..16 => format!("{value:?}").replace("e-", "e-0"),
        exponent => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
        }
    }
}

/// A complex number as Python's `repr` writes it.
pub(super) fn complex(real: f64, imaginary: f64) -> String {
    let part = |value: f64| {
        let text = float(value);
        text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
    };
    let (re, im) = (part(real), part(imaginary));
    if real == 0.0 && real.is_sign_positive() {
        return format!("{im}j");
    }
    let sign = if im.starts_with('-') { "" } else { "+" };
    format!("({re}{sign}{im}j)")
}

/// The arguments of a date.
pub(super) fn day(date: Date) -> String {
    format!("{}, {}, {}", date.year, date.month, date.day)
}

/// The arguments of a time, as few as say it.
pub(super) fn time(time: Time) -> String {
    let mut text = format!("{}, {}", time.hour, time.minute);
    if time.second > 0 || time.microsecond > 0 {
        text.push_str(&format!(", {}", time.second));
    }
    if time.microsecond > 0 {
        text.push_str(&format!(", {}", time.microsecond));
    }
    text
}

/// A timedelta as Python's `repr` writes it.
pub(super) fn timedelta(delta: TimeDelta) -> String {
    let mut parts = Vec::new();
    if delta.days != 0 {
        parts.push(format!("days={}", delta.days));
    }
    if delta.seconds != 0 {
        parts.push(format!("seconds={}", delta.seconds));
    }
    if delta.microseconds != 0 {
        parts.push(format!("microseconds={}", delta.microseconds));
    }
    if parts.is_empty() {
        parts.push("0".to_owned());
    }
    format!("datetime.timedelta({})", parts.join(", "))
}

/// A UUID as it is always written.
pub(crate) fn uuid(int: u128) -> String {
    let mut text = format!("{int:032x}");
    for at in [20, 16, 12, 8] {
        text.insert(at, '-');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_print_as_python_s() {
        let cases = [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1e16, "1e+16"),
            (123456789012345680.0, "1.2345678901234568e+17"),
            (1e15, "1000000000000000.0"),
            (9999999999999998.0, "9999999999999998.0"),
            (1e-4, "0.0001"),
            (1e-5, "1e-05"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (0.1, "0.1"),
        ];
        for (value, text) in cases {
            assert_eq!(float(value), text);
        }
    }
}
