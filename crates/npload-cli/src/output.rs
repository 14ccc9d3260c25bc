//! The file that a command writes.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use npload::{Compression, NewMember, Savable, SaveOptions};

use crate::args::Packing;
use crate::failure::Failure;
use crate::place::is_stdout;
use crate::progress::Bar;
use crate::run::Console;

/// A file to be written whole, or standard output for `-` and its other names.
pub(crate) struct Output<'a> {
    path: &'a Path,
    /// Whether that is standard output.
    is_stdout: bool,
    force: bool,
    options: SaveOptions,
}

impl<'a> Output<'a> {
    /// A file that may be there already only if `force` says so.
    pub(crate) fn new(path: &'a Path, force: bool, bar: &Bar) -> Self {
        let options = SaveOptions::new().create_new(!force);
        Output {
            path,
            is_stdout: is_stdout(path),
            force,
            options: bar.watch_save(&options),
        }
    }

    /// The same, whose members are compressed so.
    pub(crate) fn compressed(mut self, compression: Option<Compression>) -> Self {
        if let Some(compression) = compression {
            self.options = self.options.compression(compression);
        }
        self
    }

    /// Whether it may be written, before anything is read for it; `text` also to a terminal.
    pub(crate) fn check(&self, console: &Console<'_>, text: bool) -> Result<(), Failure> {
        if !self.is_stdout {
            let there = std::fs::metadata(self.path).is_ok_and(|found| found.is_file());
            return match there && !self.force {
                true => Err(Failure::there(self.path)),
                false => Ok(()),
            };
        }
        if console.json {
            let message = "with --json standard output has the report: name a file";
            return Err(Failure::usage(self.path, message));
        }
        if !text && io::stdout().is_terminal() {
            let message =
                "a terminal shows no such bytes: name a file, or send them through a pipe";
            return Err(Failure::usage(self.path, message));
        }
        Ok(())
    }

    pub(crate) fn archive(
        &self,
        members: Vec<NewMember<'_>>,
        console: &mut Console<'_>,
    ) -> io::Result<Result<(), Failure>> {
        self.done(match self.is_stdout {
            true => self.options.savez_to(&mut *console.out, members),
            false => self.options.savez_members(self.path, members),
        })
    }

    pub(crate) fn npy(
        &self,
        array: &impl Savable,
        console: &mut Console<'_>,
    ) -> io::Result<Result<(), Failure>> {
        self.done(match self.is_stdout {
            true => self.options.save_to(&mut *console.out, array),
            false => self.options.save(self.path, array),
        })
    }

    /// Bytes of any kind.
    pub(crate) fn write(
        &self,
        console: &mut Console<'_>,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<Result<(), Failure>> {
        if self.is_stdout {
            let path = self.path;
            return match write(&mut *console.out) {
                Ok(()) => Ok(Ok(())),
                Err(err) if err.kind() == io::ErrorKind::BrokenPipe => Err(err),
                Err(err) => Ok(Err(match err.downcast::<npload::Error>() {
                    Ok(err) => Failure::writing(path, &err),
                    Err(err) => Failure::unread(path, &err),
                })),
            };
        }
        self.done(self.options.write(self.path, write))
    }

    /// A reader that goes away is no failure.
    fn done(&self, done: npload::Result<()>) -> io::Result<Result<(), Failure>> {
        match done {
            Ok(()) => Ok(Ok(())),
            Err(err) if self.is_stdout && err.io_kind() == Some(io::ErrorKind::BrokenPipe) => {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            Err(err) => Ok(Err(Failure::writing(self.path, &err))),
        }
    }
}

impl Packing {
    /// How members are to be compressed, if that is said.
    pub(crate) fn compression(&self, path: &Path) -> Result<Option<Compression>, Failure> {
        use crate::args::Method;
        let method = self.compression.or(self.level.map(|_| Method::Deflate));
        Ok(Some(match (method, self.level) {
            (None, _) => return Ok(None),
            (Some(Method::Stored), None) => Compression::Stored,
            (Some(Method::Stored), Some(_)) => {
                return Err(Failure::usage(path, "what is stored has no --level"));
            }
            (Some(Method::Deflate), None) => Compression::DEFLATE,
            (Some(Method::Deflate), Some(level)) => Compression::Deflate(level),
            (Some(Method::Zstd), None) => Compression::ZSTD,
            (Some(Method::Zstd), Some(level)) => Compression::Zstd(level),
        }))
    }
}
