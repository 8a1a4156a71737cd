//! Writes the XML of replies.

use std::fmt::Display;

/// A document being written.
#[derive(Debug, Default)]
pub struct Xml(String);

impl Xml {
    /// The answer to an action in EC2's form.
    pub fn ec2(action: &str, request: &str, inside: impl FnOnce(&mut Xml)) -> String {
        let mut xml = Xml("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned());
        xml.0.push_str(&format!("<{action}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">"));
        xml.text("requestId", request);
        inside(&mut xml);
        xml.0.push_str(&format!("</{action}Response>"));
        xml.0
    }

    /// An element with elements in it.
    pub fn element(&mut self, name: &str, inside: impl FnOnce(&mut Xml)) {
        self.0.push_str(&format!("<{name}>"));
        inside(self);
        self.0.push_str(&format!("</{name}>"));
    }

    /// An element with a text in it.
    pub fn text(&mut self, name: &str, text: impl Display) {
        self.0.push_str(&format!("<{name}>{}</{name}>", escaped(&text.to_string())));
    }

    /// An element with a text in it, or nothing.
    pub fn maybe(&mut self, name: &str, text: Option<impl Display>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    /// The text of the element that is being written.
    pub fn inner(&mut self, text: impl Display) {
        self.0.push_str(&escaped(&text.to_string()));
    }

    /// A list: an element with one `item` for each.
    pub fn items<T>(&mut self, name: &str, items: impl IntoIterator<Item = T>, mut inside: impl FnMut(&mut Xml, T)) {
        self.element(name, |xml| {
            for item in items {
                xml.element("item", |xml| inside(xml, item));
            }
        });
    }
}

/// A text without what XML would take for itself.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(c),
        }
    }
    out
}
