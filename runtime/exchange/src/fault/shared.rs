//! The faults that contracts share (`lgsp:types/faults`): which kind each is, and which one tells an adapter best how an exchange that
//! it made has ended.
//!
//! Invariant: what may have had an effect is never told as if it had none.

use super::Kind;

/// In the order of the contract.
const SHARED: [Kind; 11] = [
    Kind::InvalidInput,
    Kind::NotFound,
    Kind::Denied,
    Kind::Conflict,
    Kind::Unsupported,
    Kind::Busy,
    Kind::UpstreamUnavailable,
    Kind::UpstreamTimeout,
    Kind::UpstreamRefused,
    Kind::UpstreamInvalid,
    Kind::AdapterInternal,
];

impl Kind {
    /// The kind of a shared fault, by the name of its `fault-code`.
    #[must_use]
    pub fn of_shared_fault(code: &str) -> Option<Self> {
        SHARED.into_iter().find(|kind| kind.row().code == code)
    }

    /// Itself if it is a shared fault, else the one that tells an adapter best that an exchange it made ended like this.
    #[must_use]
    pub fn as_shared_fault(self) -> Self {
        match self {
            Self::InvalidInput
            | Self::NotFound
            | Self::Denied
            | Self::Conflict
            | Self::Unsupported
            | Self::Busy
            | Self::UpstreamUnavailable
            | Self::UpstreamTimeout
            | Self::UpstreamRefused
            | Self::UpstreamInvalid
            | Self::AdapterInternal => self,
            Self::Unauthenticated | Self::Forbidden => Self::Denied,
            // Nobody serves it now; somebody may be deployed.
            Self::UnknownService | Self::AdapterUnavailable => Self::UpstreamUnavailable,
            Self::UnknownExchange => Self::NotFound,
            Self::UnknownFunction => Self::Unsupported,
            Self::TooLarge => Self::InvalidInput,
            // The host writes the request from typed values: what does not fit is the other side's types.
            Self::MethodNotAllowed
            | Self::UnsupportedMediaType
            | Self::Malformed
            | Self::InvalidParameters
            | Self::ContractFault => Self::UpstreamInvalid,
            Self::KeyReused => Self::Conflict,
            Self::TooSlow
            | Self::Truncated
            | Self::UnderWay
            | Self::Saturated
            | Self::Stopping
            | Self::RecordUnavailable
            | Self::QueueFull
            | Self::LedgerUnavailable => Self::Busy,
            // An operator must act.
            Self::ImportRefused => Self::UpstreamRefused,
            // It broke off, and may have acted before.
            Self::Abandoned
            | Self::RecordUnwritten
            | Self::AdapterTrapped
            | Self::CpuExceeded
            | Self::MemoryExceeded
            | Self::DeadlineExceeded
            | Self::AnswerTooLarge => Self::UpstreamTimeout,
            Self::GatewayInternal => Self::AdapterInternal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{Retry, TABLE};

    #[test]
    fn every_kind_is_told_as_a_shared_fault_that_promises_no_more() {
        for row in TABLE {
            let told = row.kind.as_shared_fault();
            assert!(SHARED.contains(&told), "{}", row.code);
            assert_eq!(told.as_shared_fault(), told, "{}", row.code);
            let unknown = row.retry == Retry::IfIdempotent;
            assert!(!unknown || told.row().retry == Retry::IfIdempotent, "{}: its effect is unknown", row.code);
        }
    }

    #[test]
    fn the_shared_faults_of_the_contracts_all_have_a_row() {
        let wit = include_str!("../../../../wit/lgsp/types/faults.wit");
        let body = wit.split("enum fault-code {").nth(1).unwrap().split('}').next().unwrap();
        let codes: Vec<&str> = body
            .lines()
            .map(str::trim)
            .filter(|l| !l.is_empty() && !l.starts_with("//"))
            .map(|l| l.trim_end_matches(','))
            .collect();
        assert_eq!(codes.len(), 11);
        for code in codes {
            let kind = Kind::of_shared_fault(code).unwrap_or_else(|| panic!("no row for `{code}`"));
            // The doc comment right above the code.
            let doc: Vec<&str> = body.split(&format!("{code},")).next().unwrap().lines().map(str::trim).rev().collect();
            let doc: Vec<&str> = doc.into_iter().skip(1).take_while(|line| line.starts_with("///")).collect();
            assert!(doc.concat().contains(&format!("HTTP {}", kind.row().status)), "{code}");
        }
    }
}
