//! Writes citizens as the register does: one `CongdanCollection`, prefix `ns1`, unknown values as empty elements.
//!
//! Invariant: every text is escaped, so an address with `&`, `<` or quotes arrives as it is.

use quick_xml::escape::escape;

use super::{
    ANSWER_NAMESPACE,
    citizen::{Address, Citizen, HouseholdHead, Relative},
};

/// The collection, empty when nobody was found.
pub(super) fn collection(citizens: &[&Citizen]) -> String {
    let start = format!("<ns1:CongdanCollection xmlns:ns1=\"{ANSWER_NAMESPACE}\">");
    let mut out = Writer(start);
    for citizen in citizens {
        out.group("CongDan", |out| citizen_fields(out, citizen));
    }
    out.0 + "</ns1:CongdanCollection>"
}

struct Writer(String);

impl Writer {
    fn group(&mut self, name: &str, fill: impl FnOnce(&mut Self)) {
        self.0 += &format!("<ns1:{name}>");
        fill(self);
        self.0 += &format!("</ns1:{name}>");
    }

    fn field(&mut self, name: &str, text: &str) {
        if text.is_empty() {
            self.0 += &format!("<ns1:{name}/>");
        } else {
            self.0 += &format!("<ns1:{name}>{}</ns1:{name}>", escape(text));
        }
    }

    fn maybe(&mut self, name: &str, text: Option<&String>) {
        self.field(name, text.map_or("", String::as_str));
    }
}

/// In the order of the register's answers.
fn citizen_fields(out: &mut Writer, citizen: &Citizen) {
    out.field("SoDinhDanh", &citizen.id);
    out.maybe("SoCMND", citizen.old_id.as_ref());
    out.group("HoVaTen", |out| name(out, citizen));
    out.field("GioiTinh", &citizen.gender);
    out.field("DanToc", &citizen.ethnic_group);
    out.field("TonGiao", &citizen.religion);
    out.field("TinhTrangHonNhan", &citizen.marital_status);
    out.field("NhomMau", &citizen.blood_group);
    out.group("NgayThangNamSinh", |out| {
        out.field("Nam", &citizen.birth.year.to_string());
        out.maybe("NgayThangNam", citizen.birth.day.as_ref());
    });
    address(out, "NoiDangKyKhaiSinh", &citizen.birth_registration);
    out.maybe("QuocTich", citizen.nationality.as_ref());
    address(out, "QueQuan", &citizen.origin);
    address(out, "ThuongTru", &citizen.permanent_residence);
    address(out, "NoiOHienTai", &citizen.current_residence);
    relative(out, "Cha", citizen.father.as_ref());
    relative(out, "Me", citizen.mother.as_ref());
    relative(out, "VoChong", citizen.spouse.as_ref());
    relative(out, "NguoiDaiDien", citizen.representative.as_ref());
    if let Some(head) = &citizen.household_head {
        out.group("ChuHo", |out| household_head(out, head));
    }
    out.maybe("SoSoHoKhau", citizen.household_book.as_ref());
}

fn name(out: &mut Writer, citizen: &Citizen) {
    if citizen.name_in_parts {
        out.field("Ho", &citizen.surname);
        out.field("ChuDem", &citizen.middle_name);
        out.field("Ten", &citizen.given_name);
    } else {
        out.field("Ho", "");
        out.field("ChuDem", "");
        out.field("Ten", &citizen.full_name());
    }
}

fn address(out: &mut Writer, name: &str, address: &Address) {
    out.group(name, |out| {
        out.field("MaTinhThanh", &address.province);
        out.field("MaQuanHuyen", &address.district);
        out.field("MaPhuongXa", &address.ward);
        out.field("ChiTiet", &address.detail);
        out.field("QuocGia", &address.country);
    });
}

/// Absent parents are left out; absent spouses and representatives are empty elements. Both occur in such services.
fn relative(out: &mut Writer, name: &str, relative: Option<&Relative>) {
    match relative {
        Some(relative) => out.group(name, |out| {
            out.field("HoVaTen", &relative.name);
            out.maybe("QuocTich", relative.nationality.as_ref());
            out.maybe("SoDinhDanh", relative.id.as_ref());
            out.maybe("SoCMND", relative.old_id.as_ref());
        }),
        None if matches!(name, "Cha" | "Me") => {}
        None => out.field(name, ""),
    }
}

fn household_head(out: &mut Writer, head: &HouseholdHead) {
    out.field("QuanHe", &head.relation);
    out.maybe("SoDinhDanh", head.id.as_ref());
    out.maybe("SoCMND", head.old_id.as_ref());
    out.field("HoVaTen", &head.name);
}
