//! What packets hold. Every text is without the white space around it, and never empty: an empty element is `None`.

pub(crate) mod attachment;
pub(crate) mod business;
pub(crate) mod document;
pub(crate) mod shared;
pub(crate) mod status;
