//! What is alive, counted: what a test that looks for leaks asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How much of a client is alive: [`Client::live`](crate::Client::live).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Live {
    /// Arrays on devices.
    pub arrays: usize,
    /// Pieces of the host's memory that the plugin may still read.
    pub host_memory: usize,
    /// Compiled programs.
    pub programs: usize,
}

/// A client's counters. They live on their own, for the plugin may be done with memory after the client.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    arrays: AtomicUsize,
    host_memory: AtomicUsize,
    programs: AtomicUsize,
}

impl Counters {
    pub(crate) fn live(&self) -> Live {
        Live {
            arrays: self.arrays.load(Ordering::SeqCst),
            host_memory: self.host_memory.load(Ordering::SeqCst),
            programs: self.programs.load(Ordering::SeqCst),
        }
    }

    fn of(&self, what: What) -> &AtomicUsize {
        match what {
            What::Array => &self.arrays,
            What::HostMemory => &self.host_memory,
            What::Program => &self.programs,
        }
    }
}

/// What is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum What {
    Array,
    HostMemory,
    Program,
}

/// Counts as one for as long as it lives.
#[derive(Debug)]
pub(crate) struct Counted {
    counters: Arc<Counters>,
    what: What,
}

impl Counted {
    pub(crate) fn new(counters: &Arc<Counters>, what: What) -> Self {
        counters.of(what).fetch_add(1, Ordering::SeqCst);
        Counted {
            counters: counters.clone(),
            what,
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.counters.of(self.what).fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lives_is_counted() {
        let counters = Arc::new(Counters::default());
        let array = Counted::new(&counters, What::Array);
        let memory = Counted::new(&counters, What::HostMemory);
        let program = Counted::new(&counters, What::Program);
        let live = counters.live();
        assert_eq!((live.arrays, live.host_memory, live.programs), (1, 1, 1));
        drop((array, memory, program));
        assert_eq!(counters.live(), Live::default());
    }
}
