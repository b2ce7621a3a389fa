//! What kind of place an IP address is, so that an endpoint's name cannot be made to lead inside (SSRF, DNS rebinding).
//!
//! The ranges are those of the IANA special-purpose registries (RFC 6890 and its updates) and the metadata services of the large clouds.
//! Addresses that carry an IPv4 address inside (v4-mapped, v4-compatible, NAT64, 6to4, Teredo) are taken for what they carry, so that
//! there is no disguise. Invariant: an IPv6 address outside the one range handed out for global use, 2000::/3, is never public.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};
use serde::Serialize;

use crate::denial::{Denial, DenialCode};

/// A kind of address. Ordered by how far it is from being public, so that of two readings the worse one counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AddressClass {
    /// Reachable by anybody.
    Public,
    /// Inside an organisation: RFC 1918, unique local (RFC 4193), site local (RFC 3879).
    Private,
    /// Between a provider and its customers: RFC 6598.
    CarrierShared,
    /// This machine.
    Loopback,
    /// For measuring networks: RFC 2544, RFC 5180.
    Benchmarking,
    /// For examples: RFC 5737, RFC 3849, RFC 9637.
    Documentation,
    /// Not handed out, or handed out for protocols.
    Reserved,
    /// One link only: RFC 3927, RFC 4291.
    LinkLocal,
    /// To many at once.
    Multicast,
    /// To everybody on a link.
    Broadcast,
    /// Nowhere, which many systems take for this machine.
    Unspecified,
    /// Where clouds hand the keys of a machine to whoever asks from inside it.
    Metadata,
}

impl AddressClass {
    /// Whether an address of this kind may be reached; `private_network` is the grant of the endpoint.
    pub fn allowed(self, private_network: bool) -> Result<(), DenialCode> {
        match self {
            Self::Public => Ok(()),
            Self::Private | Self::CarrierShared | Self::Loopback if private_network => Ok(()),
            Self::Private | Self::CarrierShared | Self::Loopback => Err(DenialCode::AddressPrivate),
            Self::Benchmarking
            | Self::Documentation
            | Self::Reserved
            | Self::LinkLocal
            | Self::Multicast
            | Self::Broadcast
            | Self::Unspecified
            | Self::Metadata => Err(DenialCode::AddressForbidden),
        }
    }

    /// The refusal of an address of this kind, where it is refused.
    pub(crate) fn decide(self, address: IpAddr, private_network: bool) -> Result<(), Denial> {
        self.allowed(private_network).map_err(|code| {
            let cure = match code {
                DenialCode::AddressPrivate => "if the endpoint is meant to be inside, set `private-network = true`",
                _ => "no policy can allow such an address; check what the name of the endpoint resolves to",
            };
            Denial::new(code, format!("the address {address} is {self}"), cure)
        })
    }
}

impl fmt::Display for AddressClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "public",
            Self::Private => "in a private network",
            Self::CarrierShared => "in a network shared by a carrier",
            Self::Loopback => "this machine's own (loopback)",
            Self::Benchmarking => "for benchmarks",
            Self::Documentation => "for documentation",
            Self::Reserved => "reserved",
            Self::LinkLocal => "link-local",
            Self::Multicast => "multicast",
            Self::Broadcast => "broadcast",
            Self::Unspecified => "unspecified",
            Self::Metadata => "a cloud's metadata service",
        })
    }
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(head: [u16; 4], tail: [u16; 4], prefix: u8) -> Ipv6Net {
    let ([a, b, c, d], [e, f, g, h]) = (head, tail);
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, e, f, g, h), prefix)
}

/// The first range that holds an address decides.
const V4: [(Ipv4Net, AddressClass); 21] = [
    (v4(169, 254, 169, 254, 32), AddressClass::Metadata),
    (v4(169, 254, 170, 2, 32), AddressClass::Metadata),
    (v4(100, 100, 100, 200, 32), AddressClass::Metadata),
    (v4(192, 0, 0, 192, 32), AddressClass::Metadata),
    (v4(168, 63, 129, 16, 32), AddressClass::Metadata),
    (v4(0, 0, 0, 0, 8), AddressClass::Unspecified),
    (v4(10, 0, 0, 0, 8), AddressClass::Private),
    (v4(100, 64, 0, 0, 10), AddressClass::CarrierShared),
    (v4(127, 0, 0, 0, 8), AddressClass::Loopback),
    (v4(169, 254, 0, 0, 16), AddressClass::LinkLocal),
    (v4(172, 16, 0, 0, 12), AddressClass::Private),
    (v4(192, 0, 0, 0, 24), AddressClass::Reserved),
    (v4(192, 0, 2, 0, 24), AddressClass::Documentation),
    (v4(192, 88, 99, 0, 24), AddressClass::Reserved),
    (v4(192, 168, 0, 0, 16), AddressClass::Private),
    (v4(198, 18, 0, 0, 15), AddressClass::Benchmarking),
    (v4(198, 51, 100, 0, 24), AddressClass::Documentation),
    (v4(203, 0, 113, 0, 24), AddressClass::Documentation),
    (v4(224, 0, 0, 0, 4), AddressClass::Multicast),
    (v4(255, 255, 255, 255, 32), AddressClass::Broadcast),
    (v4(240, 0, 0, 0, 4), AddressClass::Reserved),
];

const ZERO: [u16; 4] = [0; 4];
const V6: [(Ipv6Net, AddressClass); 13] = [
    (v6([0xfd00, 0xec2, 0, 0], ZERO, 32), AddressClass::Metadata),
    (v6([0xfd20, 0xce, 0, 0], [0, 0, 0, 0x254], 128), AddressClass::Metadata),
    (v6(ZERO, ZERO, 128), AddressClass::Unspecified),
    (v6(ZERO, [0, 0, 0, 1], 128), AddressClass::Loopback),
    (v6([0xfc00, 0, 0, 0], ZERO, 7), AddressClass::Private),
    (v6([0xfec0, 0, 0, 0], ZERO, 10), AddressClass::Private),
    (v6([0xfe80, 0, 0, 0], ZERO, 10), AddressClass::LinkLocal),
    (v6([0xff00, 0, 0, 0], ZERO, 8), AddressClass::Multicast),
    (v6([0x2001, 0xdb8, 0, 0], ZERO, 32), AddressClass::Documentation),
    (v6([0x3fff, 0, 0, 0], ZERO, 20), AddressClass::Documentation),
    (v6([0x2001, 2, 0, 0], ZERO, 48), AddressClass::Benchmarking),
    (v6([0x2001, 0, 0, 0], ZERO, 23), AddressClass::Reserved),
    (v6([0x2000, 0, 0, 0], ZERO, 3), AddressClass::Public),
];

/// What kind of place an address is.
pub fn classify(address: IpAddr) -> AddressClass {
    match address {
        IpAddr::V4(address) => classify_v4(address),
        IpAddr::V6(address) => match carried(address) {
            Some((first, second)) => classify_v4(first).max(classify_v4(second)),
            None => first_match(&V6, |net| net.contains(&address)).unwrap_or(AddressClass::Reserved),
        },
    }
}

fn classify_v4(address: Ipv4Addr) -> AddressClass {
    first_match(&V4, |net| net.contains(&address)).unwrap_or(AddressClass::Public)
}

fn first_match<N>(table: &[(N, AddressClass)], holds: impl Fn(&N) -> bool) -> Option<AddressClass> {
    table.iter().find(|(net, _)| holds(net)).map(|(_, class)| *class)
}

/// The IPv4 addresses an IPv6 address carries: one, twice, or in a Teredo address (RFC 4380, section 4) the server's and the client's.
fn carried(address: Ipv6Addr) -> Option<(Ipv4Addr, Ipv4Addr)> {
    let both = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    let one = |address: Ipv4Addr| Some((address, address));
    match address.segments() {
        // The unspecified address and loopback, which look like v4-compatible ones.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        // v4-compatible (RFC 4291, section 2.5.5.1), v4-mapped (2.5.5.2), v4-translated (RFC 2765, section 2.1).
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0, 0, 0, 0, 0xffff, 0, high, low] => one(both(high, low)),
        // NAT64 (RFC 6052, section 2.1).
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => one(both(high, low)),
        // 6to4 (RFC 3056, section 2).
        [0x2002, high, low, ..] => one(both(high, low)),
        [0x2001, 0, server_high, server_low, _, _, client_high, client_low] => {
            Some((both(server_high, server_low), both(!client_high, !client_low)))
        }
        _ => None,
    }
}
