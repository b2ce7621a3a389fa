//! Values on their way between JSON and a component's memory: one tree in three buffers.
//!
//! The engine has a value type of its own, [`Val`](wasmtime::component::Val), in which every record carries the names of
//! its members and every text and every level is an allocation. Between two sides that know the type already, that is
//! most of the cost of an exchange. Here a value is sixteen bytes, and what it holds stands in a buffer beside it.
//!
//! Invariant: a node's parts are in the buffers of the same [`Values`], and nothing is taken out of them. A span of
//! another one's finds nothing, or something of another type, which whoever reads it refuses.

mod vals;

pub use vals::NoVal;

/// A part of a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    start: u32,
    length: u32,
}

impl Span {
    /// So many bytes or parts, behind so many others.
    ///
    /// # Errors
    /// It would end beyond the reach of a span.
    pub(crate) fn behind(others: usize, length: usize) -> Result<Self, Full> {
        let reach = |number: usize| u32::try_from(number).map_err(|_| Full);
        reach(others.checked_add(length).ok_or(Full)?)?;
        Ok(Self { start: reach(others)?, length: reach(length)? })
    }

    /// How many parts or bytes.
    #[must_use]
    pub fn len(self) -> usize {
        self.length as usize
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.length == 0
    }

    fn range(self) -> std::ops::Range<usize> {
        let start = self.start as usize;
        start..start + self.length as usize
    }
}

/// One value. Which type it is of is known to whoever reads it.
#[derive(Clone, Copy, Debug)]
pub enum Node {
    /// `bool`, and each of the `flags`.
    Bool(bool),
    /// An integer type: two's complement, widened to 64 bits.
    Int(u64),
    /// `f32`
    Float32(f32),
    /// `f64`
    Float64(f64),
    /// `char`
    Char(char),
    /// `string`
    Text(Span),
    /// `list<u8>`
    Bytes(Span),
    /// Members of a record, elements of a tuple or a list, all the flags of a type in its order. Of a map: key, value, key, value.
    Parts(Span),
    /// `variant`, `enum`, `option` (0 is none, 1 some) and `result` (0 is success, 1 error): the number of the case, and where its
    /// payload is.
    Case(u32, Option<Place>),
}

/// Where a payload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(u32);

const _: () = assert!(size_of::<Node>() == 16, "a value takes sixteen bytes");

impl Node {
    /// The `option` that is none.
    pub const NONE: Self = Self::Case(0, None);

    /// Whether it is the first case of something, without a payload.
    #[must_use]
    pub fn is_bare_first(&self) -> bool {
        matches!(self, Self::Case(0, None))
    }
}

/// There is no room for more than four thousand million parts or bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the values have more parts than there is room for")]
pub struct Full;

/// Some values and all that is in them: the arguments of a call, or what it returned.
#[derive(Clone, Debug, Default)]
pub struct Values {
    nodes: Vec<Node>,
    text: String,
    bytes: Vec<u8>,
    roots: Option<Span>,
}

impl Values {
    /// None yet, and room for so many parts and so many bytes of texts.
    pub(crate) fn with_room(parts: usize, text: usize) -> Self {
        Self { nodes: Vec::with_capacity(parts), text: String::with_capacity(text), ..Self::default() }
    }

    /// The values themselves.
    #[must_use]
    pub fn roots(&self) -> &[Node] {
        self.roots.and_then(|span| self.parts(span)).unwrap_or_default()
    }

    /// The parts of a value.
    #[must_use]
    pub fn parts(&self, span: Span) -> Option<&[Node]> {
        self.nodes.get(span.range())
    }

    /// A payload.
    #[must_use]
    pub fn payload(&self, place: Place) -> Option<&Node> {
        self.nodes.get(place.0 as usize)
    }

    /// A text.
    #[must_use]
    pub fn text(&self, span: Span) -> Option<&str> {
        self.text.get(span.range())
    }

    /// Bytes.
    #[must_use]
    pub fn bytes(&self, span: Span) -> Option<&[u8]> {
        self.bytes.get(span.range())
    }

    /// Say which the values are.
    pub fn set_roots(&mut self, span: Span) {
        self.roots = Some(span);
    }

    /// The same for a single one.
    ///
    /// # Errors
    /// There is no room.
    pub fn set_root(&mut self, root: Node) -> Result<(), Full> {
        let Place(start) = self.add(root)?;
        self.roots = Some(Span { start, length: 1 });
        Ok(())
    }

    /// Add a value that another one has as its payload.
    ///
    /// # Errors
    /// There is no room.
    pub fn add(&mut self, node: Node) -> Result<Place, Full> {
        let place = u32::try_from(self.nodes.len()).map_err(|_| Full)?;
        self.nodes.push(node);
        Ok(Place(place))
    }

    /// Make room for parts that are [`set`](Self::set) one by one.
    ///
    /// # Errors
    /// There is no room.
    pub fn room(&mut self, count: usize) -> Result<Span, Full> {
        let span = Span::behind(self.nodes.len(), count)?;
        self.nodes.resize(self.nodes.len() + count, Node::Bool(false));
        Ok(span)
    }

    /// Set one of the parts that there is room for.
    pub fn set(&mut self, span: Span, at: usize, node: Node) {
        if let Some(part) = self.nodes.get_mut(span.range()).and_then(|parts| parts.get_mut(at)) {
            *part = node;
        }
    }

    /// Add parts that are known.
    ///
    /// # Errors
    /// There is no room.
    pub fn add_parts(&mut self, parts: impl ExactSizeIterator<Item = Node>) -> Result<Node, Full> {
        let span = Span::behind(self.nodes.len(), parts.len())?;
        self.nodes.extend(parts);
        Ok(Node::Parts(span))
    }

    /// Add the parts of these parts, one after the other.
    ///
    /// # Errors
    /// There is no room.
    pub(crate) fn flatten(&mut self, outer: Span) -> Result<Node, Full> {
        let start = self.nodes.len();
        for at in outer.range() {
            let Some(Node::Parts(inner)) = self.nodes.get(at).copied() else { continue };
            let inner = inner.range();
            if inner.end <= start {
                self.nodes.extend_from_within(inner);
            }
        }
        Ok(Node::Parts(Span::behind(start, self.nodes.len() - start)?))
    }

    /// Add a text.
    ///
    /// # Errors
    /// There is no room.
    pub fn add_text(&mut self, text: &str) -> Result<Node, Full> {
        let span = Span::behind(self.text.len(), text.len())?;
        self.text.push_str(text);
        Ok(Node::Text(span))
    }

    /// Take all texts at once: the spans of the nodes are of these.
    pub(crate) fn set_texts(&mut self, texts: String) {
        self.text = texts;
    }

    /// Add bytes.
    ///
    /// # Errors
    /// There is no room.
    pub fn add_bytes(&mut self, bytes: &[u8]) -> Result<Node, Full> {
        let span = Span::behind(self.bytes.len(), bytes.len())?;
        self.bytes.extend_from_slice(bytes);
        Ok(Node::Bytes(span))
    }

    /// Add the bytes that `write` appends to the buffer; nothing where it fails.
    pub(crate) fn add_written<E>(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<Option<Node>, Full> {
        let before = self.bytes.len();
        if write(&mut self.bytes).is_err() {
            self.bytes.truncate(before);
            return Ok(None);
        }
        Ok(Some(Node::Bytes(Span::behind(before, self.bytes.len() - before)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_of_other_values_finds_nothing_or_something_else_and_never_panics() {
        let mut many = Values::default();
        let Ok(Node::Text(text)) = many.add_text("một hai ba") else { panic!("a text") };
        let Ok(Node::Bytes(bytes)) = many.add_bytes(&[1, 2, 3]) else { panic!("bytes") };
        let parts = many.room(3).unwrap();
        let place = many.add(Node::NONE).unwrap();
        let mut few = Values::default();
        assert_eq!((few.text(text), few.bytes(bytes)), (None, None));
        assert!(few.parts(parts).is_none() && few.payload(place).is_none());
        // Cut within a letter.
        few.add_text("ệệệệệ").unwrap();
        assert_eq!(few.text(Span { start: 1, length: 1 }), None);
        few.set(parts, 7, Node::Bool(true));
    }

    #[test]
    fn what_does_not_fit_is_said_and_not_cut() {
        assert_eq!(Span::behind(usize::MAX, 1), Err(Full));
        assert_eq!(Span::behind(u32::MAX as usize, 1), Err(Full));
        assert_eq!(Span::behind(1 << 33, 0), Err(Full));
        assert_eq!(Span::behind(0, 7), Ok(Span { start: 0, length: 7 }));
    }
}
