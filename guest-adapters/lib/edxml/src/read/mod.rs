//! Reading packets: the XML becomes a tree, the tree a packet. Nothing of the tree is passed over without a warning.

mod attachment;
mod business;
mod document;
mod fields;
mod header;
mod shared;

use xml::Limits;

use crate::{NAMESPACE, Packet, ReadError, Warning};
use fields::{Fields, Reader};

/// Read a packet.
pub(crate) fn packet(bytes: &[u8]) -> Result<(Packet, Vec<Warning>), ReadError> {
    let tree = xml::read(bytes, &Limits::default())?;
    let found = &tree.root;
    if !found.is(NAMESPACE, "edXML") {
        let namespace = found.namespace.as_deref().unwrap_or("none");
        let message = if found.local == "edXML" {
            format!("not edXML of QCVN 102:2016: the namespace is `{namespace}`, not `{NAMESPACE}`")
        } else {
            format!("not edXML: the outermost element is `{}`", found.local)
        };
        return Err(tree.mistake(found, &found.local, message));
    }
    let reader = Reader::new(&tree);
    let mut root = Fields::root(&reader);
    let packet = header::packet(&mut root)?;
    root.finish();
    Ok((packet, reader.into_warnings()))
}
