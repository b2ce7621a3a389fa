//! The functions of the contract, over any host.

use std::fmt::Write as _;

use guest::endpoints::Response;
use guest::faults::{Fault, FaultCode};
use guest::organs::Agency;
use guest::{Clock, Host, fault};
use sha2::{Digest, Sha256};

use crate::agent::{Agent, Call};
use crate::contract::{Fetched, Filter, RawPacket, ReceivedPacket, Sent, SentPacket, TransportState};
use crate::outgoing::Outgoing;
use crate::packets::{Document, StatusReport};
use crate::upload::upload;
use crate::{Settings, answer, lists, reading};

/// The axis, reached through a host.
pub struct Axis<'h> {
    agent: Agent<'h>,
    settings: Settings<'h>,
    host: &'h dyn Host,
    clock: &'h dyn Clock,
}

impl std::fmt::Debug for Axis<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Axis").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl<'h> Axis<'h> {
    /// Over this host, with its settings.
    ///
    /// # Errors
    /// A setting makes no sense.
    pub fn new(host: &'h dyn Host, clock: &'h dyn Clock) -> Result<Self, Fault> {
        Ok(Self { agent: Agent::new(host, clock), settings: Settings::read(guest::Settings::of(host))?, host, clock })
    }

    /// Send a document to all its recipients.
    ///
    /// # Errors
    /// As the contract says.
    pub fn send(&self, document: Document) -> Result<Sent, Fault> {
        self.post(self.outgoing().document(document)?)
    }

    /// Report what became of a document.
    ///
    /// # Errors
    /// As the contract says.
    pub fn report_status(&self, report: StatusReport) -> Result<Sent, Fault> {
        self.post(self.outgoing().status(report)?)
    }

    /// List the packets that came in.
    ///
    /// # Errors
    /// As the contract says.
    pub fn list_received(&self, filter: &Filter) -> Result<Vec<ReceivedPacket>, Fault> {
        let response = self.call(lists::call("/getReceivedEdocList", &self.settings, filter)?)?;
        let rows = answer::rows(&self.agent.upstream, self.settings.all(), &response)?;
        Ok(lists::received(&self.agent.upstream, &rows))
    }

    /// List the packets that went out.
    ///
    /// # Errors
    /// As the contract says.
    pub fn list_sent(&self, filter: &Filter) -> Result<Vec<SentPacket>, Fault> {
        let response = self.call(lists::call("/getSentEdocList", &self.settings, filter)?)?;
        let rows = answer::rows(&self.agent.upstream, self.settings.all(), &response)?;
        Ok(lists::sent(&self.agent.upstream, &rows))
    }

    /// Fetch a packet and read it.
    ///
    /// # Errors
    /// As the contract says.
    pub fn fetch(&self, packet_id: &str) -> Result<Fetched, Fault> {
        let raw = self.fetch_packet(packet_id)?;
        let (packet, warnings) = edxml::Packet::read(&raw.content).map_err(|mistake| {
            let what = format!("handed out a packet that is not edXML ({mistake})");
            self.agent.upstream.fault(FaultCode::UpstreamInvalid, &what)
        })?;
        Ok(Fetched {
            packet: reading::packet(packet),
            warnings: warnings.into_iter().map(reading::warning).collect(),
            sha256: raw.sha256,
        })
    }

    /// Fetch a packet byte for byte.
    ///
    /// # Errors
    /// As the contract says.
    pub fn fetch_packet(&self, packet_id: &str) -> Result<RawPacket, Fault> {
        let response = self.call(Call::new("/getEdoc").with("docId", id(packet_id)?))?;
        let members = answer::members(&self.agent.upstream, self.settings.all(), &response)?;
        let data = members.get("data").and_then(|data| data.as_str()).and_then(forms::base64::decode);
        let content = data.filter(|content| !content.is_empty()).ok_or_else(|| {
            let what = "handed out a packet that is not base64, or empty";
            self.agent.upstream.fault(FaultCode::UpstreamInvalid, what)
        })?;
        Ok(RawPacket { sha256: hex(&Sha256::digest(&content)), content })
    }

    /// Tell the axis the transport state of a packet.
    ///
    /// # Errors
    /// As the contract says.
    pub fn acknowledge(&self, packet_id: &str, state: TransportState) -> Result<(), Fault> {
        let state = match state {
            TransportState::Done => "done",
            TransportState::Fail => "fail",
            TransportState::Processing => "processing",
        };
        let call = Call::new("/updateStatus").with("docid", id(packet_id)?).with("status", state);
        let response = self.call(call)?;
        answer::members(&self.agent.upstream, self.settings.all(), &response).map(|_| ())
    }

    /// The organs that the axis knows.
    ///
    /// # Errors
    /// As the contract says.
    pub fn agencies(&self) -> Result<Vec<Agency>, Fault> {
        let response = self.call(Call::new(self.settings.agencies_path))?;
        let members = answer::members(&self.agent.upstream, self.settings.all(), &response)?;
        let rows = answer::data_rows(&self.agent.upstream, members)?;
        Ok(lists::agencies(&self.agent.upstream, &rows))
    }

    fn outgoing(&self) -> Outgoing<'_> {
        let exchange = self.host.exchange().id;
        let millis = forms::id_millis(&exchange).unwrap_or_else(|| self.clock.now_millis());
        Outgoing { codes: &self.settings.codes, now: forms::Time::from_millis(millis), exchange }
    }

    fn call(&self, call: Call) -> Result<Response, Fault> {
        self.agent.call(&self.settings, call)
    }

    /// Send a packet that was checked.
    fn post(&self, posting: crate::outgoing::Posting) -> Result<Sent, Fault> {
        let bytes = posting.packet.write().map_err(|wrong| {
            let message = format!("the packet cannot be written: {wrong}");
            fault(FaultCode::InvalidInput, message)
        })?;
        let digest = Sha256::digest(&bytes);
        let call = Call::upload("/sendEdoc", upload(&self.host.exchange().id, &bytes))
            .with("messagetype", posting.message_type)
            .with("from", posting.from)
            .with("to", serde_json::Value::from(posting.to).to_string())
            .with("hash-file", unpadded_hex(&digest));
        let response = self.call(call)?;
        let members = answer::members(&self.agent.upstream, self.settings.all(), &response)?;
        let inner = members.get("data").and_then(|data| data.as_object());
        let found = answer::text(&members, "DocId").or_else(|| inner.and_then(|data| answer::text(data, "DocId")));
        let packet_id = found.ok_or_else(|| {
            let what = "accepted the packet but gave it no id (`DocId`)";
            self.agent.upstream.fault(FaultCode::UpstreamInvalid, what)
        })?;
        Ok(Sent { packet_id, document_id: posting.document_id, sha256: hex(&digest) })
    }
}

/// An id as it may stand in a header.
fn id(packet_id: &str) -> Result<String, Fault> {
    let id = packet_id.trim();
    if id.is_empty() || id.len() > 256 || !id.bytes().all(|b| b.is_ascii_graphic()) {
        let message = "`packetId` is not one: it is blank, longer than 256 characters, or not plain ASCII";
        return Err(fault(FaultCode::InvalidInput, message));
    }
    Ok(id.to_owned())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// As the agent's SDK writes digests: a byte below 16 is one digit. Servers are known to expect this.
fn unpadded_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_in_both_spellings() {
        assert_eq!(hex(&[0x0a, 0xff, 0]), "0aff00");
        assert_eq!(unpadded_hex(&[0x0a, 0xff, 0]), "aff0");
    }
}
