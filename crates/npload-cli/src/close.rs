//! Which keys somebody may have meant.

/// How many are named.
const MOST: usize = 10;

/// Keys that look like `wanted`, the likeliest first; if they are few, all, in their order.
pub(crate) fn keys<'a>(wanted: &str, keys: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let keys: Vec<&str> = keys.collect();
    if keys.len() <= MOST {
        return keys;
    }
    let folded = wanted.to_lowercase();
    let distance = |key: &str| {
        let key = key.to_lowercase();
        let part = key.contains(&folded) || (!key.is_empty() && folded.contains(&key));
        (!part, strsim::damerau_levenshtein(&folded, &key))
    };
    // Long names of hostile archives would take quadratic time.
    let mut near: Vec<_> = keys
        .into_iter()
        .filter(|key| key.len() <= 200)
        .map(|key| (distance(key), key))
        .collect();
    near.sort_by_key(|(distance, _)| *distance);
    near.into_iter().take(MOST).map(|(_, key)| key).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn likely_keys_come_first() {
        let all: Vec<String> = (0..100).map(|i| format!("layer{i}/weight")).collect();
        let found = super::keys("Layer42", all.iter().map(String::as_str));
        assert_eq!((found.len(), found[0]), (10, "layer42/weight"));
        let few = ["b", "a"];
        assert_eq!(super::keys("zz", few.into_iter()), few);
    }
}
