//! An analysis as one page to hand in: HTML that opens from a disk and asks nothing of a network.
//!
//! Shapes, styles and the script are in the page itself. The script is our own: pan, zoom, layers, sorting and the link between a row and its
//! site are fewer lines than the glue to a map library, and a page that is kept for years has nothing to update.

mod figures;
mod html;
mod input;
mod layers;
mod map;
mod sections;

pub use input::PageInput;

use self::html::Html;
use self::map::Map;
use super::form::{Form, fill, list, text};
use crate::Language;
use crate::report::words::PageWords;

/// The page of an analysis.
///
/// Equal inputs give equal bytes. All that comes from the data is text in it, never markup.
///
/// ```no_run
/// use landuse::{Language, report::{PageInput, page}};
///
/// let input = PageInput::read("out".as_ref(), None)?;
/// std::fs::write("report.html", page(&input, Language::English)).unwrap();
/// # Ok::<(), landuse::Error>(())
/// ```
///
/// # Complexity
/// O(positions · log positions) of the layers that are drawn.
pub fn page(input: &PageInput, language: Language) -> String {
    let form = Form(PageWords::of(language));
    let words = form.0;
    let mut html = Html::default();
    html.raw("<!DOCTYPE html>\n<html lang=\"").raw(words.lang).raw("\"><head><meta charset=\"utf-8\">\n");
    // No resource of any kind may be asked for, whatever the data hold.
    html.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n");
    html.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    html.element("<title>", words.title, "</title>\n<style>\n")
        .raw(include_str!("page.css"))
        .raw("</style></head>\n<body>\n");
    head(&mut html, input, form);
    html.raw("<main>\n");
    html.raw("<section id=\"summary\"><h2 class=\"unseen\">").text(words.at_a_glance).raw("</h2>\n");
    figures::push(&mut html, input, form);
    html.raw("<div class=\"look\">");
    match Map::of(input, form) {
        Some(map) => map.push(&mut html, form),
        None => drop(html.element("<p class=\"map\">", words.no_map, "</p>")),
    }
    figures::push_warnings(&mut html, input, form, language);
    html.raw("</div></section>\n");
    picture(&mut html, input, form);
    sections::sites(&mut html, input, form);
    sections::districts(&mut html, input, form);
    sections::lines(&mut html, input, form);
    sections::settings(&mut html, input, form);
    sections::quality(&mut html, input, form, language);
    sections::provenance(&mut html, input, form, language);
    html.raw("</main>\n<script>\n").raw(include_str!("page.js")).raw("</script>\n</body></html>\n");
    let page = html.finish();
    let seal = seal(page.as_bytes());
    page + &seal
}

/// The last line of a page: what its bytes were when it was made.
fn seal(page: &[u8]) -> String {
    format!("<!-- landuse page xxh3-128:{:032x} -->\n", xxhash_rust::xxh3::xxh3_128(page))
}

/// Whether bytes are a page as [`page`] made it, changed by nobody since: then it may be replaced.
pub fn is_page(bytes: &[u8]) -> bool {
    let end = bytes.len().saturating_sub(seal(&[]).len());
    bytes[end..] == *seal(&bytes[..end]).as_bytes()
}

/// Title, what was analysed, and the way to each section.
fn head(html: &mut Html, input: &PageInput, form: Form) {
    let words = form.0;
    let is_parcels = |file: &&serde_json::Value| text(file, "/role") == Some("parcels");
    let path = list(&input.manifest, "/inputs").iter().find(is_parcels).and_then(|file| text(file, "/name"));
    let file = path.and_then(|path| path.rsplit(['/', '\\']).next()).unwrap_or_default();
    let version = text(&input.manifest, "/landuse").unwrap_or_default();
    html.element("<header><div><h1>", words.title, "</h1>");
    html.element(
        "<p>",
        fill(words.subtitle, &[("file", file), ("version", version)]),
        "</p></div><nav aria-label=\"",
    );
    html.text(words.contents).raw("\">");
    for (target, label) in [
        ("#sites", words.low_sites),
        ("#districts", words.districts_title),
        ("#lines", words.lines_title),
        ("#settings", words.settings_title),
        ("#quality", words.quality_title),
        ("#provenance", words.provenance_title),
    ] {
        html.raw("<a href=\"").raw(target).raw("\">").text(label).raw("</a>");
    }
    html.raw("</nav></header>\n");
}

/// The drawn map, where there are too many parcels for shapes.
fn picture(html: &mut Html, input: &PageInput, form: Form) {
    let Some(bytes) = &input.picture else { return };
    html.element("<section id=\"picture\"><h2>", form.0.picture_title, "</h2><img alt=\"");
    html.text(form.0.picture_title)
        .raw("\" src=\"data:image/png;base64,")
        .text(base64(bytes))
        .raw("\"></section>\n");
}

/// RFC 4648.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group =
            chunk.iter().fold(0_u32, |group, &byte| group << 8 | u32::from(byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = DIGITS[(group >> (18 - 6 * place)) as usize & 63];
            text.push(if place > chunk.len() { '=' } else { char::from(digit) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_page_that_was_edited_is_told() {
        let page = super::page(&super::PageInput::default(), crate::Language::English);
        assert!(super::is_page(page.as_bytes()));
        assert!(!super::is_page(page.replacen("Land report", "My report", 1).as_bytes()));
        assert!(!super::is_page(b"") && !super::is_page(b"<html></html>"));
    }

    #[test]
    fn base64_is_that_of_the_standard() {
        let of = |text: &str| super::base64(text.as_bytes());
        assert_eq!(
            [of(""), of("f"), of("fo"), of("foo"), of("foobar")],
            ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYmFy"]
        );
    }
}
