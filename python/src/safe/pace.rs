//! What hashing may take.
//!
//! Python's hash of ints is known to everybody: those that are multiples of 2⁶¹ − 1 all collide, and
//! a dict or set of them takes quadratic time; so do numbers, tuples, fractions, UUIDs that are made
//! of such, and there is no end of them. Their tables are Python's, and differ between its
//! versions. So what counts is what it took: an honest key takes less than a microsecond.

use std::time::{Duration, Instant};

use pyo3::prelude::*;
use pyo3::types::PyAnyMethods;

/// What hashing takes in all at most: this much,
const ALWAYS: Duration = Duration::from_secs(1);
/// and this for each key.
const PER_KEY: Duration = Duration::from_micros(10);

/// Up to this many keys a table of plain ones is not watched: it cannot take long.
pub(super) const FEW: usize = 256;
/// Plain keys between two looks at the clock.
const STEP: u32 = 64;

pub(super) struct Pace {
    spent: Duration,
    keys: u64,
    /// The thread's own time when keys were first counted; it stands still while the process does.
    began: Option<Duration>,
    /// Whether texts have hashes that nobody knows.
    pub(super) is_random: bool,
}

/// The time of some keys.
pub(super) struct Watch {
    since: Instant,
    keys: u32,
}

impl Pace {
    pub(super) fn new(py: Python<'_>) -> PyResult<Self> {
        let flags = py.import("sys")?.getattr("flags")?;
        Ok(Pace {
            spent: Duration::ZERO,
            keys: 0,
            began: None,
            is_random: flags.getattr("hash_randomization")?.is_truthy()?,
        })
    }

    pub(super) fn watch() -> Watch {
        Watch {
            since: Instant::now(),
            keys: 0,
        }
    }

    /// After a key. What is made of other keys is looked at each time.
    #[inline]
    pub(super) fn step(
        &mut self,
        py: Python<'_>,
        watch: &mut Watch,
        plain: bool,
    ) -> PyResult<bool> {
        watch.keys = watch.keys.saturating_add(1);
        match plain && watch.keys < STEP {
            true => Ok(true),
            false => self.stop(py, watch),
        }
    }

    /// Counts what was watched. False: it took too long.
    pub(super) fn stop(&mut self, py: Python<'_>, watch: &mut Watch) -> PyResult<bool> {
        let now = Instant::now();
        self.spent = self
            .spent
            .saturating_add(now.saturating_duration_since(watch.since));
        self.keys = self.keys.saturating_add(watch.keys.into());
        *watch = Watch {
            since: now,
            keys: 0,
        };
        let keys = u32::try_from(self.keys).unwrap_or(u32::MAX);
        let began = match self.began {
            Some(began) => began,
            None => *self.began.insert(thread_time(py)?),
        };
        let allowed = ALWAYS.saturating_add(PER_KEY.saturating_mul(keys));
        if self.spent <= allowed {
            return Ok(true);
        }
        // Time in which the thread was stopped does not count.
        let ran = thread_time(py)?.saturating_sub(began);
        if ran > allowed {
            return Ok(false);
        }
        self.spent = Duration::ZERO;
        Ok(true)
    }
}

fn thread_time(py: Python<'_>) -> PyResult<Duration> {
    let time = py.import("time")?.call_method0("thread_time_ns")?;
    Ok(Duration::from_nanos(time.extract()?))
}
