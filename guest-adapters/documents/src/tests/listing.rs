//! The lists.

use guest::fake::Fake;
use guest::faults::FaultCode;

use super::{answering, axis};
use crate::contract::{Filter, PacketKind};

fn filter() -> Filter {
    Filter { kind: None, from_date: None, to_date: None, page: None, page_size: None }
}

#[test]
fn received_packets_are_taken_over() {
    let host = answering(
        r#"{"status":"OK","ErrorCode":"0","data":[
            {"docId":"r1","serviceType":"eDoc","messageType":"edoc","created_time":"2024/05/06 08:00:00","updated_time":1714957200,
             "from":"000.00.00.H99","to":"[\"H98.01\",\"H98\"]","status":"initial","status_desc":""},
            {"docId":17,"to":"H98.01","from":null}, {"from":"nobody"}]}"#,
    );
    let packets = axis(&host).list_received(&filter()).unwrap();
    assert_eq!(packets.len(), 2);
    assert_eq!((packets[0].packet_id.as_str(), packets[1].packet_id.as_str()), ("r1", "17"));
    assert_eq!(packets[0].recipients, ["H98.01", "H98"]);
    assert_eq!(packets[0].state.as_deref(), Some("initial"));
    assert_eq!((packets[0].state_description.as_deref(), packets[0].updated.as_deref()), (None, Some("1714957200")));
    assert_eq!(packets[1].recipients, ["H98.01"]);
    assert_eq!(host.lines.borrow().len(), 1);
    assert_eq!(host.last_body(), "{}");
    assert_eq!(host.last_header("XroadVnpt-messagetype").as_deref(), Some("edoc"));
    assert_eq!(host.last_header("XroadVnpt-fromDate"), None);
}

#[test]
fn an_empty_list_has_many_spellings() {
    for body in [
        "",
        " \r\n",
        "Không có dữ liệu",
        r#"{"status":"OK"}"#,
        r#"{"status":"OK","data":null}"#,
        r#"{"status":"OK","data":[]}"#,
        r#"{"status":"OK","data":""}"#,
    ] {
        let host = answering(body);
        assert_eq!(axis(&host).list_received(&filter()).unwrap(), [], "{body}");
        assert_eq!(axis(&answering(body)).list_sent(&filter()).unwrap(), [], "{body}");
    }
    assert_eq!(axis(&answering(r#"{"status":"OK","data":{"docId":"1"}}"#)).list_received(&filter()).unwrap().len(), 1);
}

#[test]
fn a_list_that_cannot_be_one_is_refused() {
    for body in ["7", "[1]", r#"{"status":"OK","data":[1]}"#, r#"{"status":"OK","data":7}"#] {
        assert_eq!(axis(&answering(body)).list_received(&filter()).unwrap_err().code, FaultCode::UpstreamInvalid);
    }
    let host = Fake::answering(200, "application/json", b"\xff\xfe\0".to_vec());
    assert_eq!(axis(&host).list_received(&filter()).unwrap_err().code, FaultCode::UpstreamInvalid);
    let host = answering(r#"{"status":"FAIL","ErrorCode":"15"}"#);
    assert_eq!(axis(&host).list_received(&filter()).unwrap_err().code, FaultCode::UpstreamRefused);
}

#[test]
fn filters_travel_as_headers() {
    let wanted = || Filter {
        kind: Some(PacketKind::Status),
        from_date: Some("2024-05-01".into()),
        to_date: Some("2024-05-31".into()),
        page: Some(2),
        page_size: Some(50),
    };
    let host = answering("");
    axis(&host).list_sent(&wanted()).unwrap();
    for (name, value) in [
        ("messagetype", "status"),
        ("fromDate", "2024/05/01"),
        ("toDate", "2024/05/31"),
        ("pageIndex", "2"),
        ("pageSize", "50"),
    ] {
        assert_eq!(host.last_header(&format!("XroadVnpt-{name}")).as_deref(), Some(value));
    }
    let host = answering("").with("list-date-format", "dd/MM/yyyy");
    axis(&host).list_received(&wanted()).unwrap();
    assert_eq!(host.last_header("XroadVnpt-toDate").as_deref(), Some("31/05/2024"));
    let refused = |filter: Filter| axis(&answering("")).list_received(&filter).unwrap_err().code;
    assert_eq!(refused(Filter { from_date: Some("2024-06-01".into()), ..wanted() }), FaultCode::InvalidInput);
    assert_eq!(refused(Filter { to_date: Some("2024-02-30".into()), ..wanted() }), FaultCode::InvalidInput);
    assert_eq!(refused(Filter { page: Some(0), ..wanted() }), FaultCode::InvalidInput);
    assert_eq!(refused(Filter { page_size: Some(1001), ..wanted() }), FaultCode::InvalidInput);
}

#[test]
fn sent_packets_are_taken_over() {
    let host = answering(
        r#"{"status":"OK","data":[{"senderDocId":"s1","receiverDocId":"r1","fromCode":"H99","toCode":"H98","title":"t","notation":"15/UBND",
            "sendStatus":"done","sendStatusDesc":"d","receiveStatus":"initial","sentTime":"x","messageType":"edoc","serviceType":"eDoc"}]}"#,
    );
    let packets = axis(&host).list_sent(&filter()).unwrap();
    let packet = &packets[0];
    assert_eq!((packet.packet_id.as_str(), packet.receiver_packet_id.as_deref()), ("s1", Some("r1")));
    assert_eq!((packet.recipient.as_deref(), packet.receive_state.as_deref()), (Some("H98"), Some("initial")));
}

#[test]
fn agencies_have_the_codes_of_both_lists() {
    let body = r#"{"status":"OK","data":[
        {"id":"1","code":"H99.01","code102":"000.00.01.H99","pid":"9","name":"Sở Mẫu","mail":"so@mau.example"},
        {"id":2,"code":"H98","oldCode":"H98","name":"UBND"},
        {"code":"H97","name":"Cũ","deleted":true}]}"#;
    let host = answering(body);
    let agencies = axis(&host).agencies().unwrap();
    assert_eq!(agencies.len(), 2);
    assert_eq!((agencies[0].code.as_str(), agencies[0].other_code.as_deref()), ("H99.01", Some("000.00.01.H99")));
    assert_eq!((agencies[1].id.as_deref(), agencies[1].other_code.as_deref()), (Some("2"), None));
    assert_eq!(host.requests.borrow()[0].1.path, "/getAgenciesListQD20");
    let host = answering(body).with("agencies-path", "/getSynchronizeUnit");
    axis(&host).agencies().unwrap();
    assert_eq!(host.requests.borrow()[0].1.path, "/getSynchronizeUnit");
    assert_eq!(axis(&answering("")).agencies().unwrap_err().code, FaultCode::UpstreamInvalid);
}
