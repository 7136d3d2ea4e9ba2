//! Kleene's three values, and sums that do not depend on the order of rows.

/// True where one is, unknown where one may be.
pub(super) fn any(flags: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    let mut any = Some(false);
    for flag in flags {
        match flag {
            Some(true) => return flag,
            Some(false) => {}
            None => any = None,
        }
    }
    any
}

/// False where one is, unknown where one may be.
pub(super) fn all(flags: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    any(flags.into_iter().map(not)).map(|any| !any)
}

pub(super) fn not(flag: Option<bool>) -> Option<bool> {
    flag.map(|flag| !flag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_values() {
        assert_eq!(any([Some(false), None, Some(true)]), Some(true));
        assert_eq!(any([Some(false), None]), None);
        assert_eq!(any([]), Some(false));
        assert_eq!(all([Some(true), None]), None);
        assert_eq!(all([None, Some(false)]), Some(false));
        assert_eq!(all([]), Some(true));
    }
}
