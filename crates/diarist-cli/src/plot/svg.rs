//! A picture as SVG.

use diarist_page::drawing::unit;
use maud::{Markup, html};

use super::shapes::{Anchor, Line, Picture, Rect, SIZE, Shape, TEXT, Text};

/// `picture` as SVG.
pub(crate) fn svg(picture: &Picture) -> String {
    let (width, height) = (picture.width, picture.height);
    let markup = html! {
        svg xmlns="http://www.w3.org/2000/svg" width=(unit(width)) height=(unit(height)) viewBox=(format!("0 0 {width:.2} {height:.2}"))
            font-family="system-ui, 'DejaVu Sans', 'Liberation Sans', 'Noto Sans', sans-serif" font-size=(SIZE) fill=(TEXT) role="img" {
            title { (picture.title) ": who spoke when" }
            rect width="100%" height="100%" fill="#ffffff" {}
            @for shape in &picture.shapes {
                @match shape {
                    Shape::Rect(rect) => { (bar(rect)) }
                    Shape::Line(Line { x, y, colour }) => {
                        line x1=(unit(x[0])) x2=(unit(x[1])) y1=(unit(y[0])) y2=(unit(y[1])) stroke=(colour) {}
                    }
                    Shape::Text(text) => { (label(text)) }
                }
            }
        }
    };
    markup.into_string()
}

fn bar(rect: &Rect) -> Markup {
    let opacity = (rect.opacity < 1.0).then_some(rect.opacity);
    html! {
        rect x=(unit(rect.x)) y=(unit(rect.y)) width=(unit(rect.width)) height=(unit(rect.height))
            fill=(rect.colour) fill-opacity=[opacity] {
            @if let Some(tooltip) = &rect.tooltip { title { (tooltip) } }
        }
    }
}

fn label(text: &Text) -> Markup {
    let anchor = match text.anchor {
        Anchor::Start => None,
        Anchor::Middle => Some("middle"),
        Anchor::End => Some("end"),
    };
    let (colour, size) = ((text.colour != TEXT).then_some(text.colour), (text.size != SIZE).then_some(text.size));
    html! {
        text x=(unit(text.x)) y=(unit(text.y)) text-anchor=[anchor] fill=[colour] font-size=[size]
            font-weight=[text.bold.then_some("bold")] {
            @if let Some(tooltip) = &text.tooltip { title { (tooltip) } }
            (text.text)
        }
    }
}
