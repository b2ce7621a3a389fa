//! What kind of place an address is, in whatever clothes it comes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use nhip_policies::AddressClass::{self, *};
use nhip_policies::classify;
use proptest::prelude::*;

const V4: &[(&str, AddressClass)] = &[
    ("0.0.0.0", Unspecified),
    ("0.255.255.255", Unspecified),
    ("1.0.0.0", Public),
    ("9.255.255.255", Public),
    ("10.0.0.0", Private),
    ("10.255.255.255", Private),
    ("11.0.0.0", Public),
    ("100.63.255.255", Public),
    ("100.64.0.0", CarrierShared),
    ("100.100.100.200", Metadata),
    ("100.127.255.255", CarrierShared),
    ("100.128.0.0", Public),
    ("126.255.255.255", Public),
    ("127.0.0.1", Loopback),
    ("127.255.255.255", Loopback),
    ("128.0.0.0", Public),
    ("168.63.129.16", Metadata),
    ("169.253.255.255", Public),
    ("169.254.0.0", LinkLocal),
    ("169.254.169.254", Metadata),
    ("169.254.170.2", Metadata),
    ("169.254.255.255", LinkLocal),
    ("169.255.0.0", Public),
    ("172.15.255.255", Public),
    ("172.16.0.0", Private),
    ("172.31.255.255", Private),
    ("172.32.0.0", Public),
    ("192.0.0.1", Reserved),
    ("192.0.0.192", Metadata),
    ("192.0.1.0", Public),
    ("192.0.2.255", Documentation),
    ("192.88.99.1", Reserved),
    ("192.167.255.255", Public),
    ("192.168.0.0", Private),
    ("192.168.255.255", Private),
    ("192.169.0.0", Public),
    ("198.17.255.255", Public),
    ("198.18.0.0", Benchmarking),
    ("198.19.255.255", Benchmarking),
    ("198.20.0.0", Public),
    ("198.51.100.7", Documentation),
    ("203.0.113.7", Documentation),
    ("223.255.255.255", Public),
    ("224.0.0.0", Multicast),
    ("239.255.255.255", Multicast),
    ("240.0.0.0", Reserved),
    ("255.255.255.254", Reserved),
    ("255.255.255.255", Broadcast),
];

const V6: &[(&str, AddressClass)] = &[
    ("::", Unspecified),
    ("::1", Loopback),
    ("::2", Unspecified),
    ("::7f00:1", Loopback),
    ("::ffff:127.0.0.1", Loopback),
    ("::ffff:169.254.169.254", Metadata),
    ("::ffff:0:10.0.0.1", Private),
    ("64:ff9b::10.0.0.1", Private),
    ("64:ff9b::8.8.8.8", Public),
    ("64:ff9b:1::8.8.8.8", Reserved),
    ("100::1", Reserved),
    ("2001:0:808:808::f5ff:fffe", Private),
    ("2001:0:a00:1::f7f7:f7f7", Private),
    ("2001:0:808:808::f7f7:f7f7", Public),
    ("2001:1::1", Reserved),
    ("2001:2::1", Benchmarking),
    ("2001:db8::1", Documentation),
    ("2001:1ff:ffff::", Reserved),
    ("2001:200::", Public),
    ("2002:a00:1::", Private),
    ("2002:808:808::", Public),
    ("2002:7f00:1:1:2:3:4:5", Loopback),
    ("2606:4700::1111", Public),
    ("3fff:fff::1", Documentation),
    ("3fff:1000::", Public),
    ("4000::", Reserved),
    ("5f00::1", Reserved),
    ("fbff::", Reserved),
    ("fc00::", Private),
    ("fd00:ec2::254", Metadata),
    ("fd20:ce::254", Metadata),
    ("fdff::1", Private),
    ("fe00::", Reserved),
    ("fe80::1", LinkLocal),
    ("febf::1", LinkLocal),
    ("fec0::1", Private),
    ("ff02::1", Multicast),
    ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Multicast),
];

#[test]
fn each_range_begins_and_ends_where_its_registry_says() {
    for (text, class) in V4.iter().chain(V6) {
        assert_eq!(classify(text.parse().expect(text)), *class, "{text}");
    }
}

#[test]
fn only_three_kinds_can_be_granted_and_only_one_needs_no_grant() {
    let all = [
        Public,
        Private,
        CarrierShared,
        Loopback,
        Benchmarking,
        Documentation,
        Reserved,
        LinkLocal,
        Multicast,
        Broadcast,
        Unspecified,
        Metadata,
    ];
    let allowed = |private| all.into_iter().filter(|class| class.allowed(private).is_ok()).collect::<Vec<_>>();
    assert_eq!(allowed(false), [Public]);
    assert_eq!(allowed(true), [Public, Private, CarrierShared, Loopback]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn an_address_is_what_it_is_in_every_disguise(bits in any::<u32>(), host in any::<u64>()) {
        let v4 = Ipv4Addr::from(bits);
        let class = classify(v4.into());
        let v6 = |high: u128, shift: u32| IpAddr::from(Ipv6Addr::from(high | u128::from(bits) << shift));
        prop_assert_eq!(classify(v4.to_ipv6_mapped().into()), class);
        prop_assert_eq!(classify(v6(0x64_ff9b << 96, 0)), class, "NAT64");
        prop_assert_eq!(classify(v6(0x2002 << 112 | u128::from(host), 80)), class, "6to4");
        if bits > 1 {
            prop_assert_eq!(classify(v4.to_ipv6_compatible().into()), class, "compatible");
        }
        let teredo = 0x2001_0000_u128 << 96 | 0x0808_0808 << 64 | u128::from(!bits);
        prop_assert_eq!(classify(Ipv6Addr::from(teredo).into()), class.max(Public), "Teredo");
    }

    #[test]
    fn what_the_standard_library_calls_special_is_never_public(bits in any::<u128>(), v4 in any::<u32>()) {
        let address = Ipv4Addr::from(v4);
        let special = address.is_private() || address.is_loopback() || address.is_link_local() || address.is_multicast()
            || address.is_broadcast() || address.is_documentation() || address.is_unspecified();
        prop_assert!(!special || classify(address.into()) != Public, "{address}");
        for bits in [bits, bits >> 1 | 0xfc << 120, bits & (u128::MAX >> 16) | 0xfe80 << 112] {
            let address = Ipv6Addr::from(bits);
            let special = address.is_unique_local() || address.is_unicast_link_local() || address.is_multicast();
            prop_assert!(!special || classify(address.into()) != Public, "{address}");
        }
    }
}
