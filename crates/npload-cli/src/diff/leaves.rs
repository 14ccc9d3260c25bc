//! The fields that elements of two dtypes have in common, down to those that have none.

use npload::{Array, DType};

use super::amounts::{How, how};

/// A field of both, or the elements themselves.
pub(super) struct Leaf {
    /// The fields that lead to it.
    pub(super) path: Vec<String>,
    /// As Python picks it: `['a']['b']`; empty where elements have no fields.
    pub(super) name: String,
    /// None: they cannot be compared.
    pub(super) how: Option<How>,
}

/// What two dtypes have in common, and what not.
#[derive(Default)]
pub(super) struct Leaves {
    pub(super) leaves: Vec<Leaf>,
    /// Fields that cannot be compared, and why.
    pub(super) apart: Vec<(String, String)>,
}

impl Leaf {
    /// Its values of an array's elements. A field that is a subarray adds axes.
    pub(super) fn of(&self, array: &Array) -> npload::Result<Array> {
        let mut array = array.clone();
        for name in &self.path {
            array = array.field(name)?;
        }
        Ok(array)
    }
}

impl Leaves {
    pub(super) fn of(a: &DType, b: &DType) -> Self {
        let mut found = Leaves::default();
        found.walk(a, b, &[], "");
        found
    }

    fn walk(&mut self, a: &DType, b: &DType, path: &[String], name: &str) {
        if let (DType::Struct(of_a), DType::Struct(of_b)) = (a, b) {
            for field in of_a.fields() {
                let name = named(name, &field.name);
                let path = [path, std::slice::from_ref(&field.name)].concat();
                let other = of_b.fields().iter().find(|other| other.name == field.name);
                match other {
                    Some(other) => self.field(&field.dtype, &other.dtype, &path, &name),
                    None => self
                        .apart
                        .push((name, "a field of the first alone".to_owned())),
                }
            }
            for field in of_b.fields() {
                if !of_a.fields().iter().any(|other| other.name == field.name) {
                    let name = named(name, &field.name);
                    self.apart
                        .push((name, "a field of the second alone".to_owned()));
                }
            }
            return;
        }
        self.leaves.push(Leaf {
            path: path.to_vec(),
            name: name.to_owned(),
            how: how(a, b),
        });
    }

    /// A field, whose subarrays must have the same shape.
    fn field(&mut self, a: &DType, b: &DType, path: &[String], name: &str) {
        let (base_a, shape_a) = based(a);
        let (base_b, shape_b) = based(b);
        match shape_a == shape_b {
            true => self.walk(base_a, base_b, path, name),
            false => {
                let why = format!("subarrays of shape {shape_a:?} and {shape_b:?}");
                self.apart.push((name.to_owned(), why));
            }
        }
    }
}

/// What subarrays are of, and all their axes.
fn based(mut dtype: &DType) -> (&DType, Vec<usize>) {
    let mut shape = Vec::new();
    while let DType::Subarray(inner) = dtype {
        shape.extend_from_slice(inner.shape());
        dtype = inner.base();
    }
    (dtype, shape)
}

fn named(name: &str, field: &str) -> String {
    let field = field.replace('\\', "\\\\").replace('\'', "\\'");
    format!("{name}['{field}']")
}
