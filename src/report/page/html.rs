//! Markup that data cannot break: only literals of the program are markup, all else is text.

use std::borrow::Cow;

/// A page as it grows.
#[derive(Debug, Default)]
pub(super) struct Html(String);

impl Html {
    /// Markup of the program itself.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Text of any origin, in an element or in a quoted attribute.
    pub(super) fn text(&mut self, text: impl AsRef<str>) -> &mut Self {
        for c in text.as_ref().chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                c if misleads(c) => self.0.push('\u{fffd}'),
                c => self.0.push(c),
            }
        }
        self
    }

    /// A number in plain decimals.
    pub(super) fn number(&mut self, number: impl Into<f64>) -> &mut Self {
        let number = number.into();
        if number.is_finite() {
            self.0.push_str(&number.to_string());
        }
        self
    }

    /// An element that holds one text.
    pub(super) fn element(
        &mut self,
        open: &'static str,
        text: impl AsRef<str>,
        close: &'static str,
    ) -> &mut Self {
        self.raw(open).text(text).raw(close)
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}

/// Characters that steer, or turn the order of what is shown.
fn misleads(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t'))
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A cell of a table.
#[derive(Debug, Clone, Default)]
pub(super) struct Cell {
    text: String,
    /// What it is sorted by where it is a figure; a text is sorted as one.
    sort: Option<f64>,
    is_figure: bool,
    bar: Option<Bar>,
}

/// A share with its upper bound against a limit.
#[derive(Debug, Clone)]
pub(super) struct Bar {
    pub(super) lower: f64,
    pub(super) upper: f64,
    pub(super) limit: Option<f64>,
    /// Class of the colour.
    pub(super) tone: &'static str,
}

impl Cell {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// A figure and what it is sorted by.
    pub(super) fn figure(text: String, sort: Option<f64>) -> Self {
        Self { text, sort, is_figure: true, bar: None }
    }

    pub(super) fn bar(text: String, bar: Bar) -> Self {
        Self { text, sort: Some(bar.lower), is_figure: false, bar: Some(bar) }
    }

    fn push(&self, html: &mut Html, is_head: bool) {
        html.raw(match (is_head, self.is_figure) {
            (true, _) => "<th scope=\"row\"",
            (_, true) => "<td class=\"n\"",
            // A word or two.
            _ if self.text.chars().count() < 16 => "<td class=\"short\"",
            _ => "<td",
        });
        if self.is_figure || self.bar.is_some() {
            html.raw(" data-v=\"").number(self.sort.unwrap_or(f64::NAN)).raw("\"");
        }
        html.raw(">");
        match &self.bar {
            Some(bar) => bar.push(html, &self.text),
            None => drop(html.text(&self.text)),
        }
        html.raw(if is_head { "</th>" } else { "</td>" });
    }
}

impl Bar {
    pub(super) fn push(&self, html: &mut Html, label: &str) {
        let x = |share: f64| (share.clamp(0.0, 1.0) * 1e4).round() / 1e2;
        let (lower, upper) = (x(self.lower), x(self.upper.max(self.lower)));
        html.raw("<svg class=\"bar ")
            .raw(self.tone)
            .raw("\" viewBox=\"0 0 100 12\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"");
        html.text(label)
            .raw("\"><title>")
            .text(label)
            .raw("</title><rect class=\"track\" y=\"2\" width=\"100\" height=\"8\"/>");
        html.raw("<rect class=\"hi\" y=\"2\" height=\"8\" x=\"")
            .number(lower)
            .raw("\" width=\"")
            .number(((upper - lower) * 1e2).round() / 1e2);
        html.raw("\"/><rect class=\"lo\" y=\"2\" height=\"8\" width=\"").number(lower).raw("\"/>");
        if let Some(limit) = self.limit {
            html.raw("<path class=\"limit\" d=\"M").number(x(limit)).raw(" 0V12\"/>");
        }
        html.raw("</svg>");
    }
}

/// A heading of a column.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) text: Cow<'static, str>,
    pub(super) is_figure: bool,
}

/// Columns of texts.
pub(super) fn texts(heads: &[&'static str]) -> Vec<Head> {
    heads.iter().map(|&text| Head { text: text.into(), is_figure: false }).collect()
}

/// Columns of figures.
pub(super) fn figures(heads: &[&'static str]) -> Vec<Head> {
    heads.iter().map(|&text| Head { text: text.into(), is_figure: true }).collect()
}

/// A table whose headings sort it; the first cell of a row names it.
#[derive(Debug)]
pub(super) struct Table<'a> {
    pub(super) caption: &'a str,
    pub(super) heads: Vec<Head>,
    pub(super) rows: Vec<Vec<Cell>>,
    /// Whether its rows are those of sites on the map, in order.
    pub(super) is_sites: bool,
}

impl<'a> Table<'a> {
    pub(super) fn new(caption: &'a str, heads: Vec<Head>, rows: Vec<Vec<Cell>>) -> Self {
        Self { caption, heads, rows, is_sites: false }
    }

    pub(super) fn push(&self, html: &mut Html) {
        html.raw("<div class=\"wide\"><table")
            .raw(if self.is_sites { " id=\"site-table\"" } else { "" })
            .raw("><caption>");
        html.text(self.caption).raw("</caption><thead><tr>");
        let shown: Vec<usize> = (0..self.heads.len()).filter(|&column| self.says_something(column)).collect();
        for head in shown.iter().map(|&column| &self.heads[column]) {
            html.raw("<th scope=\"col\"").raw(if head.is_figure { " class=\"n\"" } else { "" });
            html.raw(" aria-sort=\"none\"><button type=\"button\" class=\"sort\">")
                .text(&head.text)
                .raw("</button></th>");
        }
        html.raw("</tr></thead><tbody>\n");
        for (at, row) in self.rows.iter().enumerate() {
            html.raw("<tr");
            if self.is_sites {
                html.raw(" data-site=\"").number(at as f64).raw("\" tabindex=\"0\"");
            }
            html.raw(">");
            let cells = shown.iter().filter_map(|&column| Some((column, row.get(column)?)));
            cells.for_each(|(column, cell)| cell.push(html, column == 0));
            html.raw("</tr>\n");
        }
        html.raw("</tbody></table></div>\n");
    }

    /// Whether a column has a text in any row; the first always stays.
    fn says_something(&self, column: usize) -> bool {
        column == 0 || self.rows.iter().any(|row| row.get(column).is_some_and(|cell| !cell.text.is_empty()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_are_text() {
        let mut html = Html::default();
        html.raw("<b title=\"")
            .text("\"><img onerror='x'>")
            .raw("\">")
            .text("</script>&\u{202e}\0")
            .raw("</b>");
        assert_eq!(
            html.finish(),
            "<b title=\"&quot;&gt;&lt;img onerror=&#39;x&#39;&gt;\">&lt;/script&gt;&amp;\u{fffd}\u{fffd}</b>"
        );
    }
}
