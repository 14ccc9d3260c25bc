//! What hashing may take.
//!
//! Python's hash of ints is known to everybody: those that are multiples of 2⁶¹ − 1 all collide, and
//! a dict or set of them takes quadratic time; so do numbers, tuples, fractions, UUIDs that are made
//! of such, and there is no end of them. Their tables are Python's, and differ between its
//! versions. So what counts is what it took: an honest key takes less than a microsecond.

use std::time::{Duration, Instant};

use pyo3::prelude::*;
use pyo3::types::PyAnyMethods;

/// What hashing takes in all at most, by the clock and then again by the thread's time: this much,
const ALWAYS: Duration = Duration::from_secs(1);
/// and this for each key.
const PER_KEY: Duration = Duration::from_micros(10);
/// and this for each step of hashing tuples, which takes a quarter of it.
const PER_STEP: Duration = Duration::from_nanos(20);

/// Up to this many keys a table of plain ones is not watched: it cannot take long.
pub(super) const FEW: usize = 256;
/// Plain keys between two looks at the clock.
const STEP: u32 = 64;

/// From this time on for one key, or a few, Ctrl-C is looked for behind it.
const LONG: Duration = Duration::from_millis(50);

pub(super) struct Pace {
    spent: Duration,
    keys: u64,
    steps: u64,
    /// Whether the thread's own time counts: it stands still while the process does. Asking for it
    /// takes longer than a key, so that it begins when the clock's time was too long.
    is_strict: bool,
    /// Whether texts have hashes that nobody knows.
    pub(super) is_random: bool,
}

/// The time of some keys.
pub(super) struct Watch {
    since: Instant,
    /// The thread's own time then, if that counts.
    ran: Option<Duration>,
    pub(super) keys: u32,
}

impl Pace {
    pub(super) fn new(py: Python<'_>) -> PyResult<Self> {
        let flags = py.import("sys")?.getattr("flags")?;
        Ok(Pace {
            spent: Duration::ZERO,
            keys: 0,
            steps: 0,
            is_strict: false,
            is_random: flags.getattr("hash_randomization")?.is_truthy()?,
        })
    }

    /// So many steps of hashing are to come.
    pub(super) fn expect(&mut self, steps: u64) {
        self.steps = self.steps.saturating_add(steps);
    }

    pub(super) fn watch(&self, py: Python<'_>) -> PyResult<Watch> {
        Ok(Watch {
            since: Instant::now(),
            ran: self.is_strict.then(|| thread_time(py)).transpose()?,
            keys: 0,
        })
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
        let took = watch.since.elapsed();
        if took > LONG {
            py.check_signals()?;
        }
        let took = match watch.ran {
            Some(ran) => thread_time(py)?.saturating_sub(ran),
            None => took,
        };
        self.spent = self.spent.saturating_add(took);
        self.keys = self.keys.saturating_add(watch.keys.into());
        let allowed = ALWAYS
            .saturating_add(times(PER_KEY, self.keys))
            .saturating_add(times(PER_STEP, self.steps));
        if self.spent > allowed {
            if self.is_strict {
                return Ok(false);
            }
            self.is_strict = true;
            self.spent = Duration::ZERO;
            self.keys = 0;
            self.steps = 0;
        }
        *watch = self.watch(py)?;
        Ok(true)
    }
}

fn times(duration: Duration, count: u64) -> Duration {
    duration.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX))
}

fn thread_time(py: Python<'_>) -> PyResult<Duration> {
    let time = py.import("time")?.call_method0("thread_time_ns")?;
    Ok(Duration::from_nanos(time.extract()?))
}
