//! Patterns of `like`.

/// A pattern of `like`.
pub(super) struct Pattern(Vec<Letter>);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Letter {
    This(char),
    /// `_`.
    One,
    /// `%`.
    Any,
}

impl Pattern {
    pub(super) fn new(text: &str) -> Self {
        let mut letters = Vec::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            letters.push(match c {
                '%' => Letter::Any,
                '_' => Letter::One,
                '\\' => Letter::This(chars.next().unwrap_or(c)),
                c => Letter::This(c),
            });
        }
        Self(letters)
    }

    /// Whether it fits a text as a whole: O(letters of the text · letters of the pattern).
    pub(super) fn fits(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        let (mut at, mut own) = (0, 0);
        // Where the last `%` stands, and up to where it reaches so far.
        let mut last: Option<(usize, usize)> = None;
        while at < text.len() {
            match self.0.get(own) {
                Some(Letter::Any) => {
                    last = Some((own, at));
                    own += 1;
                }
                Some(Letter::One) => (at, own) = (at + 1, own + 1),
                Some(Letter::This(c)) if *c == text[at] => (at, own) = (at + 1, own + 1),
                _ => {
                    let Some((any, reached)) = last else { return false };
                    last = Some((any, reached + 1));
                    (at, own) = (reached + 1, any + 1);
                }
            }
        }
        self.0[own..].iter().all(|letter| *letter == Letter::Any)
    }
}
