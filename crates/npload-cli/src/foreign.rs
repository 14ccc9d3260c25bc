//! Archives that are zip files and hold no arrays: what they may be instead.

use npload::Peeked;

/// How a member's name begins or ends, what such archives are, and what reads them.
const KNOWN: &[(Part, &str, &str)] = &[
    (
        Part::End("/data.pkl"),
        "a PyTorch checkpoint",
        "read it with torch.load(…, weights_only=True)",
    ),
    (
        Part::End("model.weights.h5"),
        "a Keras model",
        "read it with keras.saving.load_model",
    ),
    (
        Part::End("[Content_Types].xml"),
        "an Office document",
        "read it with an office program, or pandas.read_excel",
    ),
    (
        Part::End("content.xml"),
        "an OpenDocument file",
        "read it with an office program, or pandas.read_excel",
    ),
    (
        Part::Start("META-INF/"),
        "a Java archive or an e-book",
        "it holds no array",
    ),
    (
        Part::End(".dist-info/RECORD"),
        "a Python wheel",
        "install it with pip",
    ),
];

enum Part {
    Start(&'static str),
    End(&'static str),
}

/// What to say of an archive none of whose members is an array; nothing if one is, or may be.
pub(crate) fn hint(members: &[Peeked]) -> Option<String> {
    let other = |member: &Peeked| matches!(member.header, Ok(None));
    if members.is_empty() || !members.iter().all(other) {
        return None;
    }
    let names = || members.iter().filter_map(|member| member.member.as_deref());
    let known = KNOWN.iter().find(|(part, ..)| match part {
        Part::Start(start) => names().any(|name| name.starts_with(start)),
        Part::End(end) => names().any(|name| name.ends_with(end)),
    });
    let no_arrays = "a zip archive with no arrays";
    Some(match known {
        Some((_, what, advice)) => format!("{no_arrays}; it looks like {what}: {advice}"),
        None => no_arrays.to_owned(),
    })
}
