//! The adapter against a scripted host.

mod answers;
mod manifest;
mod requests;
mod verdicts;

use guest::dates::BirthDate;

use crate::contract::{Claims, FindRequest, IdentityNumber, Officer, VerifyRequest};

/// An answer of the register with these citizens. People are made up; no number is of a province that exists.
pub(crate) fn envelope(content: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\">\
         <soapenv:Header/><soapenv:Body>{content}</soapenv:Body></soapenv:Envelope>"
    )
}

pub(crate) fn collection(citizens: &str) -> String {
    envelope(&format!(
        "<n:CongdanCollection xmlns:n=\"http://www.mic.gov.vn/dancu/1.0\" xmlns=\"http://www.mic.gov.vn/dancu/1.0\">{citizens}</n:CongdanCollection>"
    ))
}

pub(crate) const CITIZEN: &str = "<CongDan><SoDinhDanh>999201000001</SoDinhDanh><SoCMND/>\
    <HoVaTen><Ho>NGUYỄN</Ho><ChuDem>THỊ MINH</ChuDem><Ten>ÁNH</Ten></HoVaTen><GioiTinh>2</GioiTinh><DanToc>01</DanToc>\
    <NgayThangNamSinh><Nam>2001</Nam><NgayThangNam>20010203</NgayThangNam></NgayThangNamSinh>\
    <QueQuan/><ThuongTru><MaTinhThanh>99</MaTinhThanh><MaPhuongXa>99001</MaPhuongXa><ChiTiet>Số 7 &quot;Nhà Cổ&quot;, ngõ A&amp;B &lt;cũ></ChiTiet></ThuongTru>\
    <QuocTich>VN</QuocTich><Cha><HoVaTen>NGUYỄN VĂN AN</HoVaTen><SoDinhDanh>999070000001</SoDinhDanh></Cha>\
    <VoChong/><ChuHo><HoVaTen><Ho/><ChuDem/><Ten>NGUYỄN VĂN AN</Ten></HoVaTen><QuanHe>CH02</QuanHe></ChuHo><SoSoHoKhau> 990000401 </SoSoHoKhau></CongDan>";

pub(crate) fn officer() -> Officer {
    Officer { account: "canbo01".into(), unit: Some("H40.01".into()), code: "CB-7".into(), phone: None }
}

pub(crate) fn find() -> FindRequest {
    FindRequest {
        officer: officer(),
        purpose: Some("VPCP".into()),
        request_code: None,
        number: IdentityNumber::PersonalId("999201000001".into()),
        full_name: " Nguyễn  Thị Minh Ánh".into(),
        birth: BirthDate::Date("2001-02-03".into()),
    }
}

pub(crate) fn verification() -> VerifyRequest {
    let found = find();
    VerifyRequest {
        officer: found.officer,
        purpose: found.purpose,
        request_code: found.request_code,
        claims: Claims {
            number: found.number,
            full_name: found.full_name,
            birth: found.birth,
            other_number: None,
            gender: None,
            nationality: None,
            permanent_residence: None,
            current_residence: None,
        },
    }
}
