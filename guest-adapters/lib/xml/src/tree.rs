//! The tree of a document. Names are namespace and local name: which prefix a writer chose says nothing, and is not kept.

use std::borrow::Cow;
use std::ops::Range;
use std::rc::Rc;

use crate::{Mistake, Place, is_space};

/// A document that was read.
#[derive(Debug)]
pub struct Document<'a> {
    /// The text it was read from, without a byte order mark. The spans of the elements index it.
    pub source: &'a str,
    /// The outermost element.
    pub root: Element<'a>,
}

impl<'a> Document<'a> {
    /// The text of an element as it stands in the document, tags included.
    #[must_use]
    pub fn verbatim(&self, element: &Element<'_>) -> &'a str {
        self.source.get(element.span.clone()).unwrap_or_default()
    }

    /// Where an element starts.
    #[must_use]
    pub fn place(&self, element: &Element<'_>) -> Place {
        Place::of(self.source, element.span.start)
    }

    /// A mistake at the start of an element.
    #[must_use]
    pub fn mistake(&self, element: &Element<'_>, path: &str, message: impl Into<String>) -> Mistake {
        Mistake { place: self.place(element), path: path.to_owned(), message: message.into() }
    }
}

/// An element.
#[derive(Debug)]
pub struct Element<'a> {
    /// The namespace, if it has one.
    pub namespace: Option<Rc<str>>,
    /// The name without its prefix.
    pub local: String,
    /// The attributes, without the namespace declarations.
    pub attributes: Vec<Attribute>,
    /// The namespaces declared on this element: prefix (empty for the default namespace) and name (empty for none).
    pub declared: Vec<(String, String)>,
    /// All character data directly in this element, joined, references resolved, line ends as `\n`.
    pub text: Cow<'a, str>,
    /// The elements directly in this one, in order.
    pub children: Vec<Element<'a>>,
    /// The bytes of the source that it takes, tags included.
    pub span: Range<usize>,
}

/// An attribute.
#[derive(Debug, PartialEq, Eq)]
pub struct Attribute {
    /// The namespace; an attribute without prefix has none.
    pub namespace: Option<Rc<str>>,
    /// The name without its prefix.
    pub local: String,
    /// The value, references resolved.
    pub value: String,
}

impl Element<'_> {
    /// Whether the element has this namespace and local name.
    #[must_use]
    pub fn is(&self, namespace: &str, local: &str) -> bool {
        self.local == local && self.namespace.as_deref() == Some(namespace)
    }

    /// The text without the white space around it.
    #[must_use]
    pub fn trimmed(&self) -> &str {
        self.text.trim_matches(is_space)
    }

    /// The first element directly in this one with that name.
    #[must_use]
    pub fn child(&self, namespace: &str, local: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.is(namespace, local))
    }

    /// The value of the attribute with that local name, in this namespace or in none.
    #[must_use]
    pub fn attribute(&self, namespace: &str, local: &str) -> Option<&str> {
        let fits = |a: &&Attribute| a.local == local && a.namespace.as_deref().is_none_or(|n| n == namespace);
        self.attributes.iter().find(fits).map(|a| a.value.as_str())
    }
}
