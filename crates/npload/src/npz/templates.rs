//! Arrays of small members, of which most share a few headers.

use npload_buffer::Buffer;

use super::member::{Member, check_size, objects};
use super::tiny::Piece;
use crate::npy::{
    Header, Parsed, into_array, parse_header, refuse_objects, short_data, truncated_header,
};
use crate::zip::Entry;
use crate::{Array, LoadOptions, Result};

/// The headers of a group, and the arrays that they make.
pub(super) struct Templates<'a> {
    memory: &'a Buffer,
    options: &'a LoadOptions,
    /// By the header's kind.
    made: Vec<Template>,
    known: &'a mut Known,
}

/// What earlier groups of a load have made of their headers, up to [`FEW`].
#[derive(Default)]
pub(super) struct Known(Vec<(Box<[u8]>, Template)>);

/// So many are looked through in less time than one takes to parse.
const FEW: usize = 32;

#[derive(Clone)]
struct Template {
    warns: bool,
    /// The array but for its data.
    array: Array,
    nbytes: usize,
    /// The header, of an array of objects.
    objects: Option<Box<Header>>,
}

impl<'a> Templates<'a> {
    pub(super) fn new(memory: &'a Buffer, options: &'a LoadOptions, known: &'a mut Known) -> Self {
        Templates {
            memory,
            options,
            made: Vec::new(),
            known,
        }
    }

    /// The array that a member is, of objects or not. Members come in the order in which they were put in memory.
    #[inline]
    pub(super) fn member(&mut self, entry: &Entry<'_>, piece: &Piece) -> Result<Member> {
        // A header that warns is parsed each time, so that it warns each time.
        if self.made.get(piece.kind).is_none_or(|made| made.warns) {
            self.make(entry, piece)?;
        }
        let template = self.made.get(piece.kind);
        if let Some(header) = template.and_then(|template| template.objects.as_deref()) {
            let pickle = piece.data.share(self.memory, piece.data.len());
            return objects(header.clone(), pickle.unwrap_or_default(), self.options);
        }
        let array = template.and_then(|template| {
            let data = piece.data.share(self.memory, template.nbytes)?;
            Some(template.array.over_other(data))
        });
        array.map(Member::Array).ok_or_else(|| {
            let nbytes = template.map_or(0, |template| template.nbytes);
            short_data(nbytes, piece.data.len() as u64).at(entry.size())
        })
    }

    #[cold]
    fn make(&mut self, entry: &Entry<'_>, piece: &Piece) -> Result<()> {
        let bytes = piece.header.of(self.memory);
        let known = self.known.0.iter().find(|(header, _)| **header == *bytes);
        let template = match known {
            Some((_, template)) => template.clone(),
            None => {
                let template = self.parse(entry, piece)?;
                if self.known.0.len() < FEW && !template.warns {
                    self.known.0.push((bytes.into(), template.clone()));
                }
                template
            }
        };
        match self.made.get_mut(piece.kind) {
            Some(made) => *made = template,
            None => self.made.push(template),
        }
        Ok(())
    }

    fn parse(&self, entry: &Entry<'_>, piece: &Piece) -> Result<Template> {
        let bytes = piece.header.of(self.memory);
        let header = match parse_header(bytes, self.options.max_header_size)? {
            Parsed::Header(header) => header,
            Parsed::NeedMore(_) => return Err(truncated_header(bytes)),
        };
        self.options.warn(header.warnings());
        refuse_objects(header.dtype(), self.options)?;
        let objects = header.dtype().has_object();
        if !objects {
            check_size(entry, &header)?;
        }
        Ok(Template {
            objects: objects.then(|| Box::new(header.clone())),
            warns: !header.warnings().is_empty(),
            nbytes: header.nbytes(),
            array: into_array(header, Buffer::empty()),
        })
    }
}
