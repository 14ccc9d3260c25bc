//! One member of an archive as an array.

use npload_buffer::Buffer;

use crate::npy::{
    Header, Parsed, into_array, parse_header, refuse_objects, refuse_objects_mapped, short_data,
    truncated_header,
};
use crate::object::{refuse_as_array, refuse_as_objects};
use crate::source::{Meter, Source};
use crate::zip::{Entry, Inflaters, Method, ReadOptions};
use crate::{Array, Error, ErrorKind, LoadOptions, ObjectArray, Result, Verify, Warning};

/// A member of an npz file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Member {
    /// An array.
    Array(Array),
    /// An array of Python objects, where pickles are allowed.
    ObjectArray(ObjectArray),
    /// The bytes of a member that is no npy file.
    Bytes(Buffer),
}

impl Member {
    /// The array.
    ///
    /// # Errors
    /// [`ErrorKind::NotArray`] when it is none.
    pub fn into_array(self) -> Result<Array> {
        match self {
            Member::Array(array) => Ok(array),
            Member::ObjectArray(_) => Err(refuse_as_array()),
            Member::Bytes(bytes) => Err(super::not_an_array(bytes.len() as u64)),
        }
    }

    /// The array of Python objects.
    ///
    /// # Errors
    /// [`ErrorKind::NotArray`] when it is no array, [`ErrorKind::Type`] when it is another.
    pub fn into_object_array(self) -> Result<ObjectArray> {
        match self {
            Member::ObjectArray(array) => Ok(array),
            Member::Array(array) => Err(refuse_as_objects(array.dtype())),
            Member::Bytes(bytes) => Err(super::not_an_array(bytes.len() as u64)),
        }
    }
}

/// What is inflated of a member to see its header. NumPy's own are 128 bytes.
const PREFIX: usize = 256;

/// The header of an array, read from the member's first bytes; none if it is no npy file.
pub(super) fn header(entry: &Entry<'_>, options: &LoadOptions) -> Result<Option<Header>> {
    let mut wanted = PREFIX;
    loop {
        let bytes = entry.prefix(wanted)?;
        if !bytes.starts_with(b"\x93NUMPY") {
            return Ok(None);
        }
        match parse_header(&bytes, options.max_header_size)? {
            Parsed::Header(header) => {
                options.warn(header.warnings());
                return Ok(Some(header));
            }
            Parsed::NeedMore(_) if bytes.len() < wanted => return Err(truncated_header(&bytes)),
            Parsed::NeedMore(needed) => wanted = needed,
        }
    }
}

/// Loads a member whole.
pub(super) fn load(entry: &Entry<'_>, source: &Source, options: &LoadOptions) -> Result<Member> {
    let meter = Meter::new(options, metered_size(entry, options));
    let threads = options.threads_for(entry.size());
    let member = load_metered(entry, source, options, threads, &meter)?;
    meter.finish()?;
    Ok(member)
}

/// The same, refusing what is no array as soon as that is known.
pub(super) fn load_array(
    entry: &Entry<'_>,
    source: &Source,
    options: &LoadOptions,
) -> Result<Array> {
    let meter = Meter::new(options, metered_size(entry, options));
    let begun = begin_or_map(entry, source, options, &meter)?;
    match &begun {
        Begun::ToRead(None) => return Err(super::not_an_array(entry.size())),
        Begun::ToRead(Some(header)) if header.dtype().has_object() => {
            return Err(refuse_as_array());
        }
        _ => {}
    }
    let threads = options.threads_for(entry.size());
    let member = complete(begun, entry, options, threads, &meter)?;
    meter.finish()?;
    member.into_array()
}

/// Whether the member's bytes stand in the archive as they are.
pub(super) fn is_stored(entry: &Entry<'_>) -> bool {
    matches!(entry.method(), Ok(Method::Stored))
}

/// How much progress a member's load makes: all of it, but for one that is only mapped. Of a stored
/// member that is no array, and so not mapped after all, it is not known in time: it makes none.
pub(super) fn metered_size(entry: &Entry<'_>, options: &LoadOptions) -> u64 {
    let mapped = options.map.is_some() && is_stored(entry) && options.verify != Verify::Always;
    if mapped { 0 } else { entry.size() }
}

/// Loads a member whole, by so many threads, as a part of more that is loaded.
pub(super) fn load_metered(
    entry: &Entry<'_>,
    source: &Source,
    options: &LoadOptions,
    threads: usize,
    meter: &Meter<'_>,
) -> Result<Member> {
    let begun = begin_or_map(entry, source, options, meter)?;
    complete(begun, entry, options, threads, meter)
}

/// Reads what is left of a member.
fn complete(
    begun: Begun,
    entry: &Entry<'_>,
    options: &LoadOptions,
    threads: usize,
    meter: &Meter<'_>,
) -> Result<Member> {
    match begun {
        Begun::Mapped(member) => Ok(member),
        Begun::ToRead(header) => {
            let align_at = aligned_at(header.as_ref());
            let bytes = reading(entry, options, threads, None, meter, |how| {
                entry.read(align_at, how)
            })?;
            finish(header, &bytes, options)
        }
    }
}

/// A member's bytes, checked and aligned at `align_at`, whether or not mapping is asked for.
pub(super) fn read_whole(
    entry: &Entry<'_>,
    align_at: usize,
    options: &LoadOptions,
) -> Result<Buffer> {
    let options = options.clone().unmapped();
    let meter = Meter::new(&options, entry.size());
    let threads = options.threads_for(entry.size());
    let read = reading(entry, &options, threads, None, &meter, |how| {
        entry.read(align_at, how)
    })?;
    meter.finish()?;
    Ok(read)
}

/// Calls `read` with how a member is to be read: checked as the options say, its progress counted.
pub(super) fn reading<R>(
    entry: &Entry<'_>,
    options: &LoadOptions,
    threads: usize,
    inflaters: Option<&Inflaters>,
    meter: &Meter<'_>,
    read: impl FnOnce(&ReadOptions<'_>) -> Result<R>,
) -> Result<R> {
    let counts = metered_size(entry, options) > 0;
    let progress = |bytes| {
        if counts { meter.advance(bytes) } else { Ok(()) }
    };
    read(&ReadOptions {
        verify: options.verify != Verify::Never,
        threads,
        progress: Some(&progress),
        inflaters,
    })
}

/// A member whose beginning was read.
pub(super) enum Begun {
    /// What is left to read, with the header of an array.
    ToRead(Option<Header>),
    /// Nothing is left to read.
    Mapped(Member),
}

/// As [`begin`]; maps the member, if that was asked for and is possible.
pub(super) fn begin_or_map(
    entry: &Entry<'_>,
    source: &Source,
    options: &LoadOptions,
    meter: &Meter<'_>,
) -> Result<Begun> {
    let header = begin(entry, options)?;
    if let Some(header) = &header
        && let Some(mapped) = map(entry, header, source, options, meter)?
    {
        return Ok(Begun::Mapped(self::mapped(header, mapped)));
    }
    Ok(Begun::ToRead(header))
}

/// Reads how a member begins and checks all that can be before its data is read: the header of an
/// array, or none if it is no npy file.
pub(super) fn begin(entry: &Entry<'_>, options: &LoadOptions) -> Result<Option<Header>> {
    let header = begin_any(entry, options)?;
    if let Some(header) = &header
        && options.map.is_none()
    {
        refuse_objects(header.dtype(), options)?;
    }
    Ok(header)
}

/// The same, object arrays too.
pub(super) fn begin_any(entry: &Entry<'_>, options: &LoadOptions) -> Result<Option<Header>> {
    let begin = || {
        let header = header(entry, options)?;
        if let Some(header) = &header
            && !header.dtype().has_object()
        {
            check_size(entry, header)?;
        }
        Ok(header)
    };
    begin().map_err(|e| damaged(entry, e, options.verify != Verify::Never))
}

/// Which byte of a member is to be aligned: the first of the array's data.
pub(super) fn aligned_at(header: Option<&Header>) -> usize {
    header.map_or(0, Header::data_offset)
}

/// What a member is whose data was mapped.
fn mapped(header: &Header, data: Buffer) -> Member {
    Member::Array(into_array(header.clone(), data))
}

/// What a member's bytes are, whose beginning was read by [`begin`].
pub(super) fn finish(
    header: Option<Header>,
    bytes: &Buffer,
    options: &LoadOptions,
) -> Result<Member> {
    let Some(header) = header else {
        return Ok(Member::Bytes(bytes.clone()));
    };
    let (offset, nbytes) = (header.data_offset(), header.nbytes());
    if header.dtype().has_object() {
        return objects(header, bytes.slice(offset..), options);
    }
    let data = bytes.slice(offset..offset.saturating_add(nbytes));
    Ok(Member::Array(into_array(header, data)))
}

/// The array of objects whose pickle follows its header.
pub(super) fn objects(header: Header, pickle: Buffer, options: &LoadOptions) -> Result<Member> {
    let at = header.data_offset() as u64;
    Ok(Member::ObjectArray(ObjectArray::parse(
        header, pickle, at, options,
    )?))
}

/// Members up to this size are read to the end to learn why their beginning is wrong. A larger one
/// could make hours of work of a few bytes.
const LOOKED_INTO: u64 = 64 << 20;

/// The error to give for a member whose beginning is wrong: that its bytes are not those that were
/// written, if so. Then what they say is of no interest.
#[cold]
fn damaged(entry: &Entry<'_>, err: Error, verify: bool) -> Error {
    let told = [
        ErrorKind::Header,
        ErrorKind::DType,
        ErrorKind::Shape,
        ErrorKind::Truncated,
        ErrorKind::Version,
    ];
    if !verify || entry.size() > LOOKED_INTO || !told.contains(&err.kind()) {
        return err;
    }
    match read_through(entry, &Meter::silent()) {
        Err(damage) if matches!(damage.kind(), ErrorKind::Checksum | ErrorKind::Archive) => damage,
        _ => err,
    }
}

/// Reads a member to its end, which checks its checksum and size.
fn read_through(entry: &Entry<'_>, meter: &Meter<'_>) -> Result<()> {
    // One more than it has: the read that finds the end compares size and checksum.
    let mut reader = entry.reader(true)?;
    reader.skip(entry.size().saturating_add(1), &|n| meter.advance(n))
}

/// Refuses a member that is too small for its array before memory is taken.
pub(super) fn check_size(entry: &Entry<'_>, header: &Header) -> Result<()> {
    let there = entry.size().saturating_sub(header.data_offset() as u64);
    if there < header.nbytes() as u64 {
        return Err(short_data(header.nbytes(), there).at(entry.size()));
    }
    Ok(())
}

/// The array's bytes, mapped, if that was asked for and is possible.
fn map(
    entry: &Entry<'_>,
    header: &Header,
    source: &Source,
    options: &LoadOptions,
    meter: &Meter<'_>,
) -> Result<Option<Buffer>> {
    let Some(request) = options.map else {
        return Ok(None);
    };
    refuse_objects_mapped(header.dtype())?;
    let Some(file) = source.file() else {
        return Err(crate::npy::no_map_without_file());
    };
    let Some(range) = entry.stored_range()? else {
        options.warn(&[Warning::CompressedNotMapped {
            member: entry.name().to_owned(),
        }]);
        return Ok(None);
    };
    if options.verify == Verify::Always {
        verify(entry, options, meter)?;
    }
    let start = range.start.saturating_add(header.data_offset() as u64);
    let end = start.saturating_add(header.nbytes() as u64);
    Ok(Some(request.map(file, start..end)?))
}

/// Checks a member whole: its checksum and size, and that an array in it is complete. An array of
/// objects is not looked into: see [`verify_objects`].
pub(super) fn verify(
    entry: &Entry<'_>,
    options: &LoadOptions,
    meter: &Meter<'_>,
) -> Result<Option<Header>> {
    read_through(entry, meter)?;
    let header = header(entry, options)?;
    if let Some(header) = &header
        && !header.dtype().has_object()
    {
        check_size(entry, header)?;
    }
    Ok(header)
}

/// Checks that the pickle of an array of objects can be read and fits its header, where pickles may be
/// read.
pub(super) fn verify_objects(
    entry: &Entry<'_>,
    header: Option<&Header>,
    source: &Source,
    options: &LoadOptions,
) -> Result<()> {
    let is_one = header.is_some_and(|header| header.dtype().has_object());
    if is_one && options.allow_pickle && !options.leave_pickles {
        load(
            entry,
            source,
            &options.clone().unmapped().without_progress(),
        )?;
    }
    Ok(())
}
