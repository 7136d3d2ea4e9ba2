//! Records of CSV text (RFC 4180).

/// Where a record begins, and its fields.
pub(in crate::io) type Record = (usize, Vec<String>);

/// Records of a CSV text.
pub(in crate::io) struct Records<'t> {
    text: &'t str,
    pos: usize,
    pub(in crate::io) separator: char,
}

impl<'t> Records<'t> {
    pub(in crate::io) fn new(text: &'t str) -> Self {
        let mut records = Self { text, pos: 0, separator: ',' };
        records.separator = records.guess();
        records
    }

    pub(in crate::io) fn with_separator(text: &'t str, separator: char) -> Self {
        Self { text, pos: 0, separator }
    }

    /// The separator that the first line has most of, outside of quotes; a comma at a tie.
    fn guess(&self) -> char {
        let mut counts = [(',', 0), (';', 0), ('\t', 0)];
        let mut quoted = false;
        for letter in self.text.trim_start().chars() {
            match letter {
                '"' => quoted = !quoted,
                '\n' | '\r' if !quoted => break,
                _ if !quoted => {
                    counts.iter_mut().filter(|(own, _)| *own == letter).for_each(|(_, n)| *n += 1);
                }
                _ => {}
            }
        }
        counts.iter().rev().max_by_key(|(_, count)| *count).map_or(',', |(separator, _)| *separator)
    }

    /// The next record that is no blank line, with where it begins.
    pub(in crate::io) fn next_record(&mut self) -> Result<Option<Record>, (usize, String)> {
        loop {
            let start = self.pos;
            let rest = self.text[start..].trim_start_matches(['\r', '\n']);
            if rest.trim().is_empty() {
                return Ok(None);
            }
            self.pos = self.text.len() - rest.len();
            let (at, record) = (self.pos, self.record()?);
            if record.iter().any(|field| !field.trim().is_empty()) {
                return Ok(Some((at, record)));
            }
        }
    }

    fn record(&mut self) -> Result<Vec<String>, (usize, String)> {
        let mut fields = Vec::new();
        loop {
            let rest = &self.text[self.pos..];
            let blank = rest.len() - rest.trim_start_matches(' ').len();
            let end_of = |c: char| c == self.separator || matches!(c, '\n' | '\r');
            if rest[blank..].starts_with('"') {
                let opened = self.pos + blank;
                let mut field = String::new();
                let mut at = opened + 1;
                loop {
                    let Some(quote) = self.text[at..].find('"') else {
                        return Err((opened, "found a quote that is not closed, expected another".into()));
                    };
                    field.push_str(&self.text[at..at + quote]);
                    at += quote + 1;
                    if !self.text[at..].starts_with('"') {
                        break;
                    }
                    field.push('"');
                    at += 1;
                }
                at += self.text[at..].len() - self.text[at..].trim_start_matches(' ').len();
                let next = self.text[at..].chars().next();
                if !next.is_none_or(end_of) {
                    return Err((at, "found text behind a closing quote, expected a separator".into()));
                }
                fields.push(field);
                self.pos = at;
            } else {
                let end = rest.find(end_of).unwrap_or(rest.len());
                fields.push(rest[..end].to_owned());
                self.pos += end;
            }
            match self.text[self.pos..].chars().next() {
                Some(c) if c == self.separator => self.pos += c.len_utf8(),
                Some('\r') if self.text[self.pos..].starts_with("\r\n") => {
                    self.pos += 2;
                    return Ok(fields);
                }
                Some(_) => {
                    self.pos += 1;
                    return Ok(fields);
                }
                None => return Ok(fields),
            }
        }
    }
}
