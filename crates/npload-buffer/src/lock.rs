//! One writer for a file at a time.

use std::fs::File;
use std::io;

/// Locks a file for this handle, as `flock` does: until it is closed. False where another has it.
///
/// Where the system knows no such locks nothing is locked.
///
/// # Errors
/// What the system says.
pub fn lock_file(file: &File) -> io::Result<bool> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{FlockOperation, flock};
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(true),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(false),
            // A file system without locks, as some over a network are.
            Err(
                rustix::io::Errno::NOTSUP | rustix::io::Errno::NOSYS | rustix::io::Errno::NOLCK,
            ) => Ok(true),
            Err(err) => Err(err.into()),
        }
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = file;
        Ok(true)
    }
}
