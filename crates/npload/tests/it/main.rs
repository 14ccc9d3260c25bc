//! npload from outside: files that real NumPy wrote, and what it said of them.

mod arrays;
mod files;
mod handles;
#[cfg(target_os = "linux")]
mod large;
#[cfg(target_os = "linux")]
mod memory;
mod mmap;
mod numpy;
mod robust;
mod sources;
mod wheels;
