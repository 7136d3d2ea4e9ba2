//! Bars with intervals and marks: one row per unit, or one column per band.

use tiny_skia::Pixmap;

use super::page::Page;
use super::style::{Color, FAINT, INK, LineStyle, RULE};
use super::text::{Fonts, TextStyle};
use super::{DEFAULT_SIZE_PX, Picture};
use crate::Error;

/// One bar: a share of at least `low`, and of at most `high`.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// What it stands for.
    pub label: String,
    /// Where the solid bar ends.
    pub low: f64,
    /// Where the pale one ends that shows what is not known; none where all is.
    pub high: Option<f64>,
    /// A mark across the bar: its limit.
    pub mark: Option<f64>,
    /// Colour of the solid bar.
    pub color: Color,
    /// Words behind it, or above it.
    pub note: String,
}

/// Which way bars run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To the right, one below the other: for names.
    Rows,
    /// Upwards, one beside the other: for what has an order.
    Columns,
}

/// A chart of shares with everything that is written on it. Shares are drawn as percentages.
///
/// ```
/// use landuse::report::map::{Bar, Chart, Direction, style};
/// let bar = Bar {
///     label: "North".into(), low: 0.42, high: Some(0.55), mark: Some(0.3), color: style::GRADES[0], note: "42.0%".into(),
/// };
/// let chart = Chart { title: "Intensity".into(), bars: vec![bar], ..Chart::new(Direction::Rows) };
/// assert!(chart.render()?.encode_png()?.starts_with(b"\x89PNG"));
/// # Ok::<(), landuse::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// Which way bars run.
    pub direction: Direction,
    /// Over the chart.
    pub title: String,
    /// Below the title.
    pub subtitle: String,
    /// What the axis counts.
    pub axis: String,
    /// The bars in order.
    pub bars: Vec<Bar>,
    /// Colours and their words.
    pub legend: Vec<(Color, String)>,
    /// Words for the mark; empty where no bar has one.
    pub mark: String,
    /// At the foot.
    pub footnotes: Vec<String>,
}

impl Chart {
    /// A chart of nothing.
    pub fn new(direction: Direction) -> Self {
        Self {
            direction,
            title: String::new(),
            subtitle: String::new(),
            axis: String::new(),
            bars: Vec::new(),
            legend: Vec::new(),
            mark: String::new(),
            footnotes: Vec::new(),
        }
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        let bars = self.bars.iter().flat_map(|bar| [&*bar.label, &*bar.note]);
        let words = [&*self.title, &*self.subtitle, &*self.axis, &*self.mark];
        let legend = self.legend.iter().map(|(_, text)| &**text);
        words.into_iter().chain(bars).chain(legend).chain(self.footnotes.iter().map(|note| &**note))
    }

    /// Draws the chart: as wide as a map, as high as it needs to be.
    ///
    /// # Errors
    /// [`Error::TooLarge`] for more bars than a picture can hold.
    ///
    /// # Complexity
    /// O(bars + pixels).
    pub fn render(&self) -> Result<Picture, Error> {
        const ROW: f32 = 62.0;
        let fonts = Fonts::new(self.texts(), None)?;
        let width = DEFAULT_SIZE_PX[0];
        let rows = match self.direction {
            Direction::Rows => self.bars.len() as f32 * ROW,
            Direction::Columns => 900.0,
        };
        let height = (430.0 + rows + 32.0 * self.footnotes.len() as f32) as u32;
        let too_large = || Error::TooLarge { what: "bars", found: self.bars.len() as u64, limit: 300 };
        let mut pixmap =
            (height <= 20_000).then(|| Pixmap::new(width, height)).flatten().ok_or_else(too_large)?;
        pixmap.fill(tiny_skia::Color::WHITE);
        let mut page = Page { pixmap, fonts: &fonts, unit: 1.0 };
        let (left, right) = (80.0, width as f32 - 80.0);
        let clean = |text: &str| fonts.drawable(text).0;
        let title = TextStyle::new(48.0, INK).bold();
        page.text(&fonts.fit(&clean(&self.title), right - left, &title), left, 100.0, title);
        let small = TextStyle::new(25.0, FAINT);
        page.text(&fonts.fit(&clean(&self.subtitle), right - left, &small), left, 146.0, small);
        self.draw_legend(&mut page, left, 196.0);
        let top = 290.0;
        match self.direction {
            Direction::Rows => self.draw_rows(&mut page, [left, right, top], ROW),
            Direction::Columns => self.draw_columns(&mut page, [left, right, top], rows),
        }
        let mut y = height as f32 - 40.0 - 32.0 * self.footnotes.len() as f32;
        for note in &self.footnotes {
            y += 32.0;
            let style = TextStyle::new(20.0, FAINT);
            page.text(&fonts.fit(&clean(note), right - left, &style), left, y, style);
        }
        let lost = self.texts().any(|text| fonts.drawable(text).1);
        let notes = lost
            .then(|| "characters of some labels left out: no font with these glyphs on this machine".into());
        Ok(Picture { pixmap: page.pixmap, notes: notes.into_iter().collect(), dpi: None })
    }

    /// The end of the axis and the distance of its ticks.
    fn axis(&self) -> (f64, f64) {
        let ends = self.bars.iter().flat_map(|bar| [Some(bar.low), bar.high, bar.mark]).flatten();
        let most = ends.filter(|end| end.is_finite()).fold(0.05, f64::max);
        let step = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0].into_iter().find(|step| most / step <= 10.0);
        let step = step.unwrap_or_else(|| (most / 10.0).ceil());
        // What is a tick but for rounding ends at it.
        ((most / step - 1e-6).ceil() * step, step)
    }

    fn draw_legend(&self, page: &mut Page<'_>, left: f32, y: f32) {
        let style = TextStyle::new(25.0, INK);
        let mut x = left;
        let mut word = |page: &mut Page<'_>, text: &str, swatch: &dyn Fn(&mut Page<'_>, f32)| {
            swatch(page, x);
            page.text(text, x + 52.0, y + 24.0, style);
            x += 52.0 + page.fonts.width(text, &style) + 48.0;
        };
        for (color, text) in &self.legend {
            word(page, text, &|page, x| page.rect(x, y, 40.0, 28.0, *color));
        }
        if self.bars.iter().any(|bar| bar.high.is_some()) {
            let pale = pale(self.legend.first().map_or(RULE, |(color, _)| *color));
            word(page, "and with all that is not known", &|page, x| page.rect(x, y, 40.0, 28.0, pale));
        }
        if !self.mark.is_empty() {
            word(page, &self.mark, &|page, x| mark(page, [[x + 20.0, y - 2.0], [x + 20.0, y + 30.0]]));
        }
    }

    fn draw_rows(&self, page: &mut Page<'_>, [left, right, top]: [f32; 3], row: f32) {
        let style = TextStyle::new(25.0, INK);
        let widest = |texts: &mut dyn Iterator<Item = &String>| {
            texts.map(|text| page.fonts.width(text, &style)).fold(0.0, f32::max)
        };
        let names = widest(&mut self.bars.iter().map(|bar| &bar.label)).min(560.0);
        let notes = widest(&mut self.bars.iter().map(|bar| &bar.note)).min(560.0);
        let (from, to) = (left + names + 24.0, right - notes - 24.0);
        let (end, step) = self.axis();
        let at = |value: f64| from + (to - from) * (value.clamp(0.0, end) / end) as f32;
        let bottom = top + row * self.bars.len() as f32;
        for k in 0..=(end / step).round() as u32 {
            let x = at(f64::from(k) * step);
            rule(page, [[x, top - 10.0], [x, bottom]]);
            page.text_center(&percent(f64::from(k) * step), x, top - 22.0, TextStyle::new(22.0, FAINT));
        }
        page.text(&self.axis, left, top - 22.0, TextStyle::new(22.0, FAINT));
        for (i, bar) in self.bars.iter().enumerate() {
            let y = top + row * i as f32 + row * 0.16;
            let thick = row * 0.62;
            let name = page.fonts.fit(&page.fonts.drawable(&bar.label).0, names, &style);
            page.text_right(&name, from - 20.0, y + thick * 0.72, style);
            if let Some(high) = bar.high {
                page.rect(at(bar.low), y, at(high) - at(bar.low), thick, pale(bar.color));
            }
            page.rect(from, y, (at(bar.low) - from).max(1.0), thick, bar.color);
            if let Some(limit) = bar.mark {
                mark(page, [[at(limit), y - 5.0], [at(limit), y + thick + 5.0]]);
            }
            let note = page.fonts.fit(&page.fonts.drawable(&bar.note).0, notes, &style);
            page.text(&note, to + 24.0, y + thick * 0.72, style);
        }
    }

    fn draw_columns(&self, page: &mut Page<'_>, [left, right, top]: [f32; 3], height: f32) {
        let style = TextStyle::new(25.0, INK);
        let faint = TextStyle::new(22.0, FAINT);
        let (end, step) = self.axis();
        let (from, base) = (left + 90.0, top + height - 90.0);
        let at = |value: f64| base - (base - top) * (value.clamp(0.0, end) / end) as f32;
        for k in 0..=(end / step).round() as u32 {
            let y = at(f64::from(k) * step);
            rule(page, [[from, y], [right, y]]);
            page.text_right(&percent(f64::from(k) * step), from - 14.0, y + 8.0, faint);
        }
        page.text(&self.axis, left, top - 30.0, faint);
        let slot = (right - from) / self.bars.len().max(1) as f32;
        let thick = (slot * 0.62).min(260.0);
        for (i, bar) in self.bars.iter().enumerate() {
            let middle = from + slot * (i as f32 + 0.5);
            let x = middle - thick / 2.0;
            if let Some(high) = bar.high {
                page.rect(x, at(high), thick, at(bar.low) - at(high), pale(bar.color));
            }
            page.rect(x, at(bar.low).min(base - 1.0), thick, (base - at(bar.low)).max(1.0), bar.color);
            if let Some(limit) = bar.mark {
                mark(page, [[x - 8.0, at(limit)], [x + thick + 8.0, at(limit)]]);
            }
            let label = page.fonts.fit(&page.fonts.drawable(&bar.label).0, slot, &style);
            page.text_center(&label, middle, base + 38.0, style);
            let note = page.fonts.fit(&page.fonts.drawable(&bar.note).0, slot, &faint);
            page.text_center(&note, middle, base + 70.0, faint);
            let value = match bar.high.filter(|high| high - bar.low > 5e-4) {
                Some(high) => format!("{} to {}", percent1(bar.low), percent1(high)),
                None => percent1(bar.low),
            };
            let tip = at(bar.high.unwrap_or(bar.low).max(bar.low));
            page.text_center(&value, middle, tip - 12.0, style);
        }
    }
}

fn percent(share: f64) -> String {
    format!("{:.0}%", share * 100.0)
}

fn percent1(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

/// The colour of what is not known beside `color`: as far towards white as it can be told from both.
fn pale(color: Color) -> Color {
    let mix = |c: u8| (u16::from(c) * 2 / 5 + 255 * 3 / 5) as u8;
    Color::rgb(mix(color.r), mix(color.g), mix(color.b))
}

fn mark(page: &mut Page<'_>, line: [[f32; 2]; 2]) {
    let style = LineStyle { color: INK, width_px: 5.0, dash_px: None, casing: Some(Color::WHITE) };
    page.polyline(&line, &style);
}

fn rule(page: &mut Page<'_>, line: [[f32; 2]; 2]) {
    page.polyline(&line, &LineStyle { color: RULE, width_px: 1.5, dash_px: None, casing: None });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(direction: Direction, values: &[(f64, Option<f64>)]) -> Chart {
        let bar = |&(low, high)| Bar {
            label: "a unit with a rather long name".into(),
            low,
            high,
            mark: Some(0.3),
            color: super::super::style::GRADES[0],
            note: String::new(),
        };
        Chart { bars: values.iter().map(bar).collect(), mark: "limit".into(), ..Chart::new(direction) }
    }

    #[test]
    fn axes_end_beyond_the_longest_bar() {
        let ends = |values| chart(Direction::Rows, values).axis();
        assert_eq!(ends(&[(0.11, None)]), (0.30000000000000004, 0.05));
        assert_eq!(ends(&[(0.2, Some(0.97))]), (1.0, 0.1));
        let (end, step) = ends(&[(13.0, None)]);
        assert!(end >= 13.0 && end / step <= 10.0);
    }

    #[test]
    fn bars_have_their_length_and_colour() {
        for direction in [Direction::Rows, Direction::Columns] {
            let picture = chart(direction, &[(0.5, Some(1.0)), (0.0, None)]).render().unwrap();
            let color = super::super::style::GRADES[0];
            let count = |c: Color| {
                picture.rgba().chunks_exact(4).filter(|p| p[..3] == [c.r, c.g, c.b]).count() as f64
            };
            // The solid half and the pale half are as long as each other, but for the mark across.
            let ratio = count(color) / count(pale(color));
            assert!((0.9..1.1).contains(&ratio), "{direction:?} {ratio}");
        }
        assert!(chart(Direction::Columns, &[]).render().is_ok());
        let many = vec![(0.1, None); 1_000];
        assert!(matches!(chart(Direction::Rows, &many).render(), Err(Error::TooLarge { .. })));
    }
}
