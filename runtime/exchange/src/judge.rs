//! The judgement: what the end of an exchange means for the record, the metrics and the log.

use crate::digest::Digest;
use crate::fault::{Fault, Kind};
use crate::outcome::Reply;
use crate::record::Record;
use compact_str::CompactString;

/// Write the end into the record. Returns the kind of fault, for the counters.
pub(crate) fn judge(record: &mut Record, result: &Result<Reply, Fault>) -> Option<Kind> {
    match result {
        Ok(Reply::Accepted(_)) => {
            record.outcome = CompactString::const_new("accepted");
            record.status = 202;
            None
        }
        Ok(Reply::Answer(answer)) => {
            record.response = Some(Digest::of(answer));
            record.outcome = CompactString::const_new("ok");
            record.status = 200;
            None
        }
        Err(fault) => {
            let row = fault.kind.row();
            record.outcome = CompactString::const_new(row.code);
            record.blame = Some(CompactString::const_new(row.blame.word()));
            record.status = row.status;
            record.response = fault.value.as_deref().map(Digest::of);
            Some(fault.kind)
        }
    }
}

/// The log line of a fault: with the inside text, which the caller never sees.
pub(crate) fn log(record: &Record, fault: &Fault) {
    let adapter = record.adapter.as_deref().unwrap_or("-");
    let version = record.version.as_deref().unwrap_or("-");
    let caller = record.caller.as_deref().unwrap_or("-");
    let inside = fault.inside.as_deref().unwrap_or("-");
    let row = fault.kind.row();
    if row.status >= 500 {
        tracing::warn!(exchange = %record.id, caller, service = %record.service, function = %record.function, adapter, version,
            code = row.code, blame = row.blame.word(), inside, "exchange failed");
    } else {
        tracing::info!(exchange = %record.id, caller, service = %record.service, function = %record.function, adapter, version,
            code = row.code, blame = row.blame.word(), inside, "exchange refused");
    }
}
