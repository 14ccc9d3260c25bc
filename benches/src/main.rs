//! npload beside ndarray-npy, npyz and plain reads: `scripts/bench rust`.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a benchmark that fails should stop at once and say where"
)]
#![allow(
    missing_docs,
    unreachable_pub,
    reason = "a program: nobody reads its API"
)]

mod floors;
mod harness;
mod inputs;
mod npy;
mod npz;
mod parts;
mod stats;

use std::path::PathBuf;

use harness::Bench;

fn main() {
    let (mut once, mut alone) = (false, false);
    let mut wanted = Vec::new();
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--once" => once = true,
            "--alone" => alone = true,
            _ => wanted.push(argument),
        }
    }
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    let mut bench = Bench::new(target.join("bench"), once, alone, wanted);
    npy::cases(&mut bench);
    npz::cases(&mut bench);
    parts::cases(&mut bench);
    stats::cases(&mut bench);
    bench.finish();
}
