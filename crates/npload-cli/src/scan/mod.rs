//! `npload scan`: what a loader would run, and whether that is safe.

mod archive;
mod bytes;
mod document;
mod look;
mod report;
mod rows;
mod unpack;
mod walk;

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use npload::{Buffer, LoadOptions};
use npload_pickle::{Use, Verdict};

use crate::args::Scan;
use crate::failure::Failure;
use crate::run::Console;
use crate::{escape, sizes};
use bytes::{Bytes, read_stream};
use document::{Document, FileReport};
use look::Looker;
use report::{Found, Part, Report};
use walk::Walk;

pub(crate) fn run(scan: &Scan, options: &LoadOptions, console: &mut Console<'_>) -> io::Result<()> {
    let done = all(scan, options, console);
    if done.is_err() {
        // A reader that went away (`| head`) has not heard all: that is no leave to go on.
        console.refuse();
    }
    done
}

fn all(scan: &Scan, options: &LoadOptions, console: &mut Console<'_>) -> io::Result<()> {
    let mut files = Vec::new();
    let mut totals = Totals::default();
    for (path, step) in Walk::new(&scan.files) {
        let named = scan.files.contains(&path);
        let report = step.and_then(|()| look(&path, named, scan, options));
        let report = report.map_err(|e| Failure::unread(&path, &e));
        totals.count(&report);
        if console.json {
            if let Err(failure) = &report {
                console.fail(failure)?;
            }
            files.push(FileReport::new(&path, report));
            continue;
        }
        match report {
            Ok(report) => write(&path, &report, scan.quiet, console)?,
            Err(failure) => {
                writeln!(console.out, "{} {failure}", word(Verdict::Unknown))?;
                console.note(&failure);
            }
        }
    }
    if totals.unsafe_files() > 0 {
        console.refuse();
    }
    if console.json {
        return console.document(&Document::new(files));
    }
    match totals.summary() {
        Some(summary) => console.say(&summary),
        None => Ok(()),
    }
}

/// How the files were judged.
#[derive(Default)]
struct Totals {
    files: usize,
    dangerous: usize,
    unknown: usize,
    unread: usize,
}

impl Totals {
    fn count(&mut self, report: &Result<Report, Failure>) {
        let mut safe = 0;
        let count = match report.as_ref().map(Report::verdict) {
            Ok(Verdict::Safe) => &mut safe,
            Ok(Verdict::Unknown) => &mut self.unknown,
            Ok(Verdict::Dangerous) => &mut self.dangerous,
            Err(_) => &mut self.unread,
        };
        *count = count.saturating_add(1);
        self.files = self.files.saturating_add(1);
    }

    fn unsafe_files(&self) -> usize {
        let judged = self.dangerous.saturating_add(self.unknown);
        judged.saturating_add(self.unread)
    }

    fn summary(&self) -> Option<String> {
        let counts = [
            (self.dangerous, "dangerous"),
            (self.unknown, "unknown"),
            (self.unread, "unreadable"),
        ];
        let counts = counts.iter().filter(|(n, _)| *n > 0);
        let counts: Vec<_> = counts
            .map(|(n, what)| format!("{} {what}", sizes::exact(*n as u64)))
            .collect();
        let wrong = self.unsafe_files();
        let is = if wrong == 1 { "is" } else { "are" };
        (wrong > 0).then(|| {
            format!(
                "{} of {} {is} not safe: {}",
                sizes::exact(wrong as u64),
                sizes::count(self.files, "file"),
                counts.join(", ")
            )
        })
    }
}

/// Looks at a file; at what is none only where it was `named`.
fn look(path: &Path, named: bool, scan: &Scan, options: &LoadOptions) -> io::Result<Report> {
    let bytes = if path.as_os_str() == "-" {
        stream(&mut io::stdin().lock(), scan.max_size)?
    } else {
        let data = std::fs::metadata(path)?;
        if !data.is_file() && !named {
            return Err(io::Error::other("this is no file but a device or a pipe"));
        }
        let mut file = File::open(path)?;
        match data.is_file() && data.len() > 0 {
            true => Bytes::of(file)?,
            false => stream(&mut file, scan.max_size)?,
        }
    };
    let mut looker = Looker::new(options, bytes.len(), scan.max_size, &scan.allow);
    let nowhere: Arc<[String]> = Arc::new([]);
    looker.look(&bytes, &nowhere)?;
    Ok(Report {
        parts: looker.into_parts(),
    })
}

fn stream(stream: &mut dyn io::Read, most: u64) -> io::Result<Bytes> {
    let read = read_stream(stream, most);
    match read.failed {
        None => Bytes::of(Buffer::from(read.bytes)),
        Some(e) => Err(e),
    }
}

fn write(path: &Path, report: &Report, quiet: bool, console: &mut Console<'_>) -> io::Result<()> {
    let verdict = report.verdict();
    if quiet && verdict == Verdict::Safe {
        return Ok(());
    }
    writeln!(
        console.out,
        "{} {}: {}",
        word(verdict),
        escape::path(path),
        contents(&report.parts)
    )?;
    for part in &report.parts {
        let place = place(part);
        for found in &part.found {
            if !quiet || found.finding.verdict != Verdict::Safe {
                writeln!(console.out, "    {place}{}", line(found))?;
            }
        }
        if let Some(problem) = &part.problem {
            let message = escape::name(&problem.message);
            // What an error says of a byte stands in it.
            let at = match message.starts_with("at byte") {
                true => String::new(),
                false => format!("at byte {}: ", part.start),
            };
            let verdict = name(problem.verdict);
            writeln!(console.out, "    {place}{at}{message}: {verdict}")?;
        }
    }
    Ok(())
}

/// What a file holds, in a few words: `2 arrays, 1 pickle`.
fn contents(parts: &[Part]) -> String {
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for part in parts {
        match kinds.iter_mut().find(|(what, _)| *what == part.what) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => kinds.push((part.what, 1)),
        }
    }
    let words = kinds.iter().map(|(what, count)| match *what {
        "array" | "pickle" | "archive" => sizes::count(*count, what),
        _ if *count == 1 => (*what).to_owned(),
        _ => format!("{} × {what}", sizes::exact(*count as u64)),
    });
    words.collect::<Vec<_>>().join(", ")
}

fn place(part: &Part) -> String {
    let names = part.inside.iter().map(|name| match name.starts_with('(') {
        true => format!("{}: ", escape::name(name)),
        false => format!("member \"{}\": ", escape::name(name)),
    });
    names.collect()
}

fn line(found: &Found) -> String {
    let finding = &found.finding;
    let count = match found.count {
        1 => String::new(),
        n => format!(" ({} times)", sizes::exact(n as u64)),
    };
    format!(
        "at byte {}: {} {} {}: {}{count}",
        finding.offset,
        finding.op.name(),
        verb(finding.what),
        escape::name(&finding.name),
        name(finding.verdict)
    )
}

fn verb(what: Use) -> &'static str {
    match what {
        Use::Import => "imports",
        Use::Call => "calls",
        Use::State => "sets the state of",
        Use::Extension => "asks the extension registry for",
        Use::PersistentId => "asks the loader for",
        Use::Buffer => "asks for a buffer,",
        _ => "uses",
    }
}

fn name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Safe => "safe",
        Verdict::Unknown => "unknown",
        Verdict::Dangerous => "dangerous",
    }
}

/// The verdict as a line begins with it.
fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Safe => "safe     ",
        Verdict::Unknown => "UNKNOWN  ",
        Verdict::Dangerous => "DANGEROUS",
    }
}
