//! Handlers of `datetime`. States are bytes, as `date.__reduce__` and its kin write them.

use super::look::Look;
use super::{Checked, Mismatch, count};
use crate::builder::{Builder, View};
use crate::data::{Data, Date, Time, TimeDelta};

/// `date(4 bytes)`.
pub(super) fn date<B: Builder>(builder: &mut B, args: &B::Value) -> Checked<B::Value> {
    let state = builder
        .item(args, 0)
        .and_then(|v| builder.as_state::<4>(&v));
    match (count(builder, args), state.and_then(parse_date)) {
        (1, Some(date)) => Ok(builder.construct(Data::Date(date))?),
        _ => Err(Mismatch::Schema("four bytes that are a day")),
    }
}

/// `time(6 bytes[, zone])`; the first bit is the fold.
pub(super) fn time<B: Builder>(builder: &mut B, args: &B::Value) -> Checked<B::Value> {
    const SCHEMA: Mismatch = Mismatch::Schema("six bytes that are a time, and a timezone");
    let state = builder
        .item(args, 0)
        .and_then(|v| builder.as_state::<6>(&v));
    let [hour, minute, second, u1, u2, u3] = state.ok_or(SCHEMA)?;
    let time = parse_time([hour & 0x7f, minute, second, u1, u2, u3], hour & 0x80 != 0);
    let time = time.ok_or(SCHEMA)?;
    let zone = zone(builder, args).ok_or(SCHEMA)?;
    Ok(builder.construct(Data::Time(time, zone))?)
}

/// `datetime(10 bytes[, zone])`; the month's first bit is the fold.
pub(super) fn datetime<B: Builder>(builder: &mut B, args: &B::Value) -> Checked<B::Value> {
    const SCHEMA: Mismatch =
        Mismatch::Schema("ten bytes that are a day and a time, and a timezone");
    let state = builder
        .item(args, 0)
        .and_then(|v| builder.as_state::<10>(&v));
    let [y1, y2, month, day, hour, minute, second, u1, u2, u3] = state.ok_or(SCHEMA)?;
    let date = parse_date([y1, y2, month & 0x7f, day]).ok_or(SCHEMA)?;
    let time = parse_time([hour, minute, second, u1, u2, u3], month & 0x80 != 0).ok_or(SCHEMA)?;
    let zone = zone(builder, args).ok_or(SCHEMA)?;
    Ok(builder.construct(Data::DateTime(date, time, zone))?)
}

/// The second argument: `Some(None)` if there is none.
fn zone<B: Builder>(builder: &B, args: &B::Value) -> Option<Option<B::Value>> {
    match count(builder, args) {
        1 => Some(None),
        2 => {
            let zone = builder.item(args, 1)?;
            match builder.view(&zone) {
                View::None => Some(None),
                View::TimeZone => Some(Some(zone)),
                _ => None,
            }
        }
        _ => None,
    }
}

fn parse_date([y1, y2, month, day]: [u8; 4]) -> Option<Date> {
    let year = u16::from_be_bytes([y1, y2]);
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    let fine = (1..=9999).contains(&year) && (1..=days).contains(&day);
    fine.then_some(Date { year, month, day })
}

fn parse_time([hour, minute, second, u1, u2, u3]: [u8; 6], fold: bool) -> Option<Time> {
    let microsecond = u32::from_be_bytes([0, u1, u2, u3]);
    let fine = hour < 24 && minute < 60 && second < 60 && microsecond < 1_000_000;
    fine.then_some(Time {
        hour,
        minute,
        second,
        microsecond,
        fold,
    })
}

/// `timedelta(days, seconds, microseconds)`, normalised.
pub(super) fn timedelta<B: Builder>(builder: &mut B, args: &B::Value) -> Checked<B::Value> {
    const SCHEMA: Mismatch = Mismatch::Schema("normalised days, seconds and microseconds");
    let part = |at| builder.as_int(&builder.item(args, at)?);
    let (3, Some(days), Some(seconds), Some(microseconds)) =
        (count(builder, args), part(0), part(1), part(2))
    else {
        return Err(SCHEMA);
    };
    let fine = (-999_999_999..=999_999_999).contains(&days)
        && (0..86_400).contains(&seconds)
        && (0..1_000_000).contains(&microseconds);
    let parts = (
        i32::try_from(days),
        u32::try_from(seconds),
        u32::try_from(microseconds),
    );
    match parts {
        (Ok(days), Ok(seconds), Ok(microseconds)) if fine => {
            Ok(builder.construct(Data::TimeDelta(TimeDelta {
                days,
                seconds,
                microseconds,
            }))?)
        }
        _ => Err(SCHEMA),
    }
}

/// `timezone(timedelta[, name])`, less than a day from UTC.
pub(super) fn timezone<B: Builder>(builder: &mut B, args: &B::Value) -> Checked<B::Value> {
    const SCHEMA: Mismatch = Mismatch::Schema("a timedelta of less than a day, and a name");
    let length = count(builder, args);
    let offset = builder.item(args, 0).ok_or(SCHEMA)?;
    let View::TimeDelta(offset) = builder.view(&offset) else {
        return Err(SCHEMA);
    };
    let nonzero = offset.seconds > 0 || offset.microseconds > 0;
    let less_than_a_day = offset.days == 0 || (offset.days == -1 && nonzero);
    let name = builder.item(args, 1);
    let named = name
        .as_ref()
        .is_none_or(|name| matches!(builder.view(name), View::Text(_) | View::LongText(_)));
    if !(1..=2).contains(&length) || !less_than_a_day || !named {
        return Err(SCHEMA);
    }
    Ok(builder.construct(Data::TimeZone(offset, name))?)
}
