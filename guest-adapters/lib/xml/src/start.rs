//! Start tags: names into namespace and local name, attributes resolved, and the bounds on how much may be open.

use std::borrow::Cow;
use std::rc::Rc;

use quick_xml::XmlVersion;
use quick_xml::events::BytesStart;
use quick_xml::events::attributes::Attribute as Token;
use quick_xml::name::{QName, ResolveResult};

use crate::read::Builder;
use crate::{Attribute, Element, Mistake, is_allowed};

impl Builder<'_> {
    /// Open an element.
    pub(crate) fn push(&mut self, tag: &BytesStart<'_>) -> Result<(), Mistake> {
        self.elements += 1;
        if self.root.is_some() {
            return Err(self.mistake("a second outermost element"));
        }
        if self.open.len() >= self.limits.depth {
            return Err(self.mistake(format!("elements nested deeper than {} levels", self.limits.depth)));
        }
        if self.elements > self.limits.elements {
            return Err(self.mistake(format!("more than {} elements", self.limits.elements)));
        }
        let (namespace, local) = self.resolve(tag.name(), true)?;
        let mut element = Element {
            namespace,
            local,
            attributes: Vec::new(),
            declared: Vec::new(),
            text: Cow::Borrowed(""),
            children: Vec::new(),
            span: self.start..self.start,
        };
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|error| self.mistake(error.to_string()))?;
            self.attribute(&attribute, &mut element)?;
        }
        self.open.push(element);
        Ok(())
    }

    fn attribute(&mut self, token: &Token<'_>, element: &mut Element<'_>) -> Result<(), Mistake> {
        if token.value.contains('<') {
            return Err(self.mistake("a `<` in the value of an attribute"));
        }
        let value = token
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(|error| self.mistake(error.to_string()))?
            .into_owned();
        if !value.chars().all(is_allowed) {
            return Err(self.mistake("a reference to a character that XML does not allow"));
        }
        let key = token.key.as_ref();
        if key == "xmlns" {
            element.declared.push((String::new(), value));
            return Ok(());
        }
        if let Some(prefix) = key.strip_prefix("xmlns:") {
            if !is_name(prefix) {
                return Err(self.mistake("a name that XML does not allow"));
            }
            element.declared.push((prefix.to_owned(), value));
            return Ok(());
        }
        let (namespace, local) = self.resolve(token.key, false)?;
        if element.attributes.iter().any(|a| a.namespace == namespace && a.local == local) {
            return Err(self.mistake(format!("the attribute `{local}` stands twice")));
        }
        element.attributes.push(Attribute { namespace, local, value });
        Ok(())
    }

    fn resolve(&mut self, name: QName<'_>, element: bool) -> Result<(Option<Rc<str>>, String), Mistake> {
        if !is_name(name.local_name().as_ref()) || !name.prefix().is_none_or(|prefix| is_name(prefix.as_ref())) {
            return Err(self.mistake("a name that XML does not allow"));
        }
        let (namespace, local) = if element {
            self.reader.resolver().resolve_element(name)
        } else {
            self.reader.resolver().resolve_attribute(name)
        };
        let namespace = match namespace {
            ResolveResult::Bound(namespace) => Some(namespace.as_ref().to_owned()),
            ResolveResult::Unbound => None,
            ResolveResult::Unknown(_) => {
                return Err(self.mistake("a prefix whose namespace is not declared"));
            }
        };
        Ok((namespace.map(|text| self.intern(&text)), local.as_ref().to_owned()))
    }

    fn intern(&mut self, namespace: &str) -> Rc<str> {
        if let Some(known) = self.namespaces.iter().find(|known| &***known == namespace) {
            return Rc::clone(known);
        }
        let new: Rc<str> = Rc::from(namespace);
        // A document that declares thousands of namespaces gains nothing here, and must not make the search long.
        if self.namespaces.len() < 16 {
            self.namespaces.push(Rc::clone(&new));
        }
        new
    }
}

/// Whether this is a name without colon (Namespaces in XML 1.0, production `NCName`), every non-ASCII letter allowed.
fn is_name(text: &str) -> bool {
    let starts = |c: char| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii();
    let goes_on = |c: char| starts(c) || c.is_ascii_digit() || matches!(c, '-' | '.');
    text.starts_with(starts) && text.chars().all(goes_on)
}
