//! The body of `sendEdoc`: multipart/form-data (RFC 7578) with the one part `file_doc`. Its boundary is made of the exchange's id, so that
//! a second try sends the same bytes.

/// A body and its content type.
pub(crate) struct Upload {
    pub(crate) content_type: String,
    pub(crate) body: Vec<u8>,
}

/// The body that carries a packet.
pub(crate) fn upload(exchange: &str, packet: &[u8]) -> Upload {
    let mut boundary = format!("nhip-{exchange}");
    // The packet is text, and the id is not known before the exchange; but nothing must depend on luck.
    let text = String::from_utf8_lossy(packet);
    while text.contains(boundary.as_str()) {
        boundary.push('x');
    }
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file_doc\"; filename=\"{exchange}.edxml\"\r\n\
         Content-Type: application/xml\r\n\r\n"
    );
    let tail = format!("\r\n--{boundary}--\r\n");
    Upload {
        content_type: format!("multipart/form-data; boundary={boundary}"),
        body: [head.as_bytes(), packet, tail.as_bytes()].concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boundary_is_not_in_the_packet() {
        let packet = "<a>nhip-1 nhip-1x</a>";
        let upload = upload("1", packet.as_bytes());
        assert_eq!(upload.content_type, "multipart/form-data; boundary=nhip-1xx");
        let body = String::from_utf8(upload.body).unwrap();
        assert_eq!(
            body,
            format!(
                "--nhip-1xx\r\nContent-Disposition: form-data; name=\"file_doc\"; filename=\"1.edxml\"\r\n\
                 Content-Type: application/xml\r\n\r\n{packet}\r\n--nhip-1xx--\r\n"
            )
        );
    }
}
