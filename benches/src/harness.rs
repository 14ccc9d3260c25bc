//! Rounds: in each, every contender runs once, in turn, so that what else the machine does hits all
//! alike; the figures are medians over rounds of times, and of ratios within a round.

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::inputs::Inputs;

/// A round lets each contender work for at least so long.
const BATCH: Duration = Duration::from_millis(4);
/// How long a case may take, about.
const CASE: Duration = Duration::from_secs(4);
const FEWEST: usize = 7;
const MOST: usize = 101;

pub struct Bench {
    pub inputs: Inputs,
    /// One small run of everything: a test that it works.
    pub once: bool,
    /// Only npload: for a profiler.
    alone: bool,
    wanted: Vec<String>,
    csv: String,
}

type Work<'a> = Box<dyn FnMut() + 'a>;

/// What is compared: npload comes first.
pub struct Case<'a> {
    name: &'a str,
    contenders: Vec<(&'a str, Work<'a>)>,
}

impl<'a> Case<'a> {
    pub fn new(name: &'a str) -> Self {
        Case {
            name,
            contenders: Vec::new(),
        }
    }

    /// Adds a contender. What it makes is dropped within its time: memory must go back, too.
    pub fn run<T>(mut self, who: &'a str, mut work: impl FnMut() -> T + 'a) -> Self {
        self.contenders
            .push((who, Box::new(move || drop(black_box(work())))));
        self
    }
}

impl Bench {
    pub fn new(dir: PathBuf, once: bool, alone: bool, wanted: Vec<String>) -> Self {
        let inputs = Inputs::new(dir.join(if once { "once" } else { "full" }));
        let csv = "case,contender,median_ns,fastest_ns,npload_over_it,rounds\n".to_owned();
        Bench {
            inputs,
            once,
            alone,
            wanted,
            csv,
        }
    }

    /// Whether a case was asked for.
    pub fn wants(&self, name: &str) -> bool {
        self.wanted.is_empty()
            || self
                .wanted
                .iter()
                .any(|wanted| name.contains(wanted.as_str()))
    }

    /// A number of bytes or members: smaller if only the running is tested.
    pub fn scaled(&self, n: usize) -> usize {
        if self.once { (n / 64).max(8) } else { n }
    }

    /// Where the inputs and results are.
    pub fn dir(&self) -> &Path {
        self.inputs.dir()
    }

    pub fn measure(&mut self, case: Case<'_>) {
        let Case {
            name,
            mut contenders,
        } = case;
        if self.alone {
            contenders.truncate(1);
        }
        let mut batches = Vec::new();
        let mut round = Duration::ZERO;
        for (_, work) in &mut contenders {
            work();
            let start = Instant::now();
            work();
            let one = start.elapsed().max(Duration::from_nanos(50));
            let batch = (BATCH.as_nanos() / one.as_nanos()).clamp(1, 100_000) as u32;
            round += one * batch;
            batches.push(if self.once { 1 } else { batch });
        }
        let fitting = CASE.as_nanos() / round.as_nanos().max(1);
        let rounds = if self.once {
            1
        } else {
            (fitting as usize).clamp(FEWEST, MOST)
        };
        let mut times = vec![Vec::with_capacity(rounds); contenders.len()];
        for round in 0..rounds {
            for turn in 0..contenders.len() {
                // Everyone follows everyone else equally often.
                let at = (round + turn) % contenders.len();
                let start = Instant::now();
                for _ in 0..batches[at] {
                    contenders[at].1();
                }
                times[at].push(start.elapsed().as_nanos() as f64 / f64::from(batches[at]));
            }
        }
        println!("\n{name} ({rounds} rounds)");
        for ((who, _), these) in contenders.iter().zip(&times) {
            let ratio = median(times[0].iter().zip(these).map(|(ours, its)| ours / its));
            let (mid, best) = (
                median(these.iter().copied()),
                these.iter().copied().fold(f64::MAX, f64::min),
            );
            println!(
                "  {who:<34}{:>12}{:>12}   {ratio:.3}",
                shown(mid),
                shown(best)
            );
            writeln!(
                self.csv,
                "{name},{who},{mid:.0},{best:.0},{ratio:.4},{rounds}"
            )
            .unwrap();
        }
    }

    pub fn finish(self) {
        let path = self.dir().join("results.csv");
        std::fs::write(&path, self.csv).unwrap();
        println!("\nmedian, fastest, and npload's time over the contender's: median over rounds");
        println!("written to {}", path.display());
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn shown(ns: f64) -> String {
    match ns {
        _ if ns < 1e3 => format!("{ns:.0} ns"),
        _ if ns < 1e6 => format!("{:.2} µs", ns / 1e3),
        _ => format!("{:.2} ms", ns / 1e6),
    }
}
