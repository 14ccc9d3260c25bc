//! The files that are loaded, made once and kept in the target folder.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

pub struct Inputs {
    dir: PathBuf,
}

/// A member of an archive: a name and the bytes of an npy file.
pub type Member = (String, Vec<u8>);

impl Inputs {
    pub fn new(dir: PathBuf) -> Self {
        std::fs::create_dir_all(&dir).unwrap();
        Inputs { dir }
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The file of that name, made by `make` if it is not there. Names say what is in a file.
    pub fn file(&self, name: &str, make: impl FnOnce(&mut dyn Write)) -> PathBuf {
        let path = self.dir.join(name);
        if !path.exists() {
            let unfinished = self.dir.join("unfinished");
            let mut file = BufWriter::new(File::create(&unfinished).unwrap());
            make(&mut file);
            file.into_inner().unwrap().sync_all().unwrap();
            std::fs::rename(unfinished, &path).unwrap();
        }
        path
    }

    pub fn npy(
        &self,
        name: &str,
        descr: &str,
        fortran: bool,
        shape: &[usize],
        data: &[u8],
    ) -> PathBuf {
        self.file(name, |out| {
            out.write_all(&npy(descr, fortran, shape, data)).unwrap()
        })
    }

    pub fn npz(
        &self,
        name: &str,
        deflated: bool,
        members: impl FnOnce() -> Vec<Member>,
    ) -> PathBuf {
        self.file(name, |out| write_npz(out, deflated, &members()))
    }
}

/// Numbers that look random and are the same each time.
pub fn random_u32(n: usize) -> Vec<u32> {
    let mut state = 1_u64;
    let next = |_| {
        state = state
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(0x1405_7b7e_f767_814f);
        (state >> 33) as u32
    };
    (0..n).map(next).collect()
}

pub fn f32s(n: usize) -> Vec<f32> {
    random_u32(n).into_iter().map(|x| x as f32 / 1e6).collect()
}

/// The bytes of an npy file, as NumPy writes them.
pub fn npy(descr: &str, fortran: bool, shape: &[usize], data: &[u8]) -> Vec<u8> {
    let dims: Vec<_> = shape.iter().map(usize::to_string).collect();
    let comma = if shape.len() == 1 { "," } else { "" };
    let fortran = if fortran { "True" } else { "False" };
    let descr = if descr.starts_with('[') {
        descr.to_owned()
    } else {
        format!("'{descr}'")
    };
    let mut header = format!(
        "{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': ({}{comma}), }}",
        dims.join(", ")
    );
    let len = (10 + header.len() + 1).next_multiple_of(64) - 10;
    header += &" ".repeat(len - header.len() - 1);
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\0".to_vec();
    bytes.extend_from_slice(&(len as u16).to_le_bytes());
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend_from_slice(data);
    bytes
}

/// A zip file as `numpy.savez` writes it: a zip64 extra field in every local header.
fn write_npz(out: &mut dyn Write, deflated: bool, members: &[Member]) {
    let mut at = 0_u64;
    let mut directory = Vec::new();
    for (name, contents) in members {
        let packed = if deflated {
            let level = flate2::Compression::default();
            let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), level);
            encoder.write_all(contents).unwrap();
            encoder.finish().unwrap()
        } else {
            contents.clone()
        };
        let size = u32::try_from(contents.len()).unwrap();
        let packed_size = u32::try_from(packed.len()).unwrap();
        let mut common = vec![0, 0];
        common.extend_from_slice(&(u16::from(deflated) * 8).to_le_bytes());
        common.extend_from_slice(&[0, 0, 0x21, 0]);
        common.extend_from_slice(&crc32fast::hash(contents).to_le_bytes());
        let mut header = b"PK\x03\x04\x2d\0".to_vec();
        header.extend_from_slice(&common);
        header.extend_from_slice(&[0xff; 8]);
        header.extend_from_slice(&(name.len() as u16).to_le_bytes());
        header.extend_from_slice(&20_u16.to_le_bytes());
        header.extend_from_slice(name.as_bytes());
        header.extend_from_slice(b"\x01\0\x10\0");
        header.extend_from_slice(&u64::from(size).to_le_bytes());
        header.extend_from_slice(&u64::from(packed_size).to_le_bytes());
        directory.extend_from_slice(b"PK\x01\x02\x2d\x03\x2d\0");
        directory.extend_from_slice(&common);
        directory.extend_from_slice(&packed_size.to_le_bytes());
        directory.extend_from_slice(&size.to_le_bytes());
        directory.extend_from_slice(&(name.len() as u16).to_le_bytes());
        directory.extend_from_slice(&[0; 12]);
        directory.extend_from_slice(&u32::try_from(at).unwrap().to_le_bytes());
        directory.extend_from_slice(name.as_bytes());
        out.write_all(&header).unwrap();
        out.write_all(&packed).unwrap();
        at += (header.len() + packed.len()) as u64;
    }
    let count = (members.len() as u16).to_le_bytes();
    out.write_all(&directory).unwrap();
    out.write_all(b"PK\x05\x06\0\0\0\0").unwrap();
    out.write_all(&count).unwrap();
    out.write_all(&count).unwrap();
    out.write_all(&(directory.len() as u32).to_le_bytes())
        .unwrap();
    out.write_all(&u32::try_from(at).unwrap().to_le_bytes())
        .unwrap();
    out.write_all(&[0, 0]).unwrap();
}
