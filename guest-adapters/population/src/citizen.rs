//! Citizens, from the elements of the register's answer to the record of the contract. An empty element is an absent value.

use forms::Date;
use guest::dates::BirthDate;
use xml::Element;

use crate::answer::NAMESPACE;
use crate::contract::{Citizen, HouseholdHead, PersonName, Place, Relative};
use crate::name;

/// The citizens of a `CongdanCollection`.
pub(crate) fn citizens(collection: &Element<'_>) -> Vec<Citizen> {
    let found = collection.children.iter().filter(|child| child.is(NAMESPACE, "CongDan"));
    found.filter(|citizen| !citizen.children.is_empty()).map(citizen).collect()
}

fn citizen(element: &Element<'_>) -> Citizen {
    let name = element.child(NAMESPACE, "HoVaTen").map(person_name).unwrap_or_else(nameless);
    let display_name = if cfg!(feature = "v1-1") { name::full(&name) } else { None };
    Citizen {
        personal_id: text(element, "SoDinhDanh"),
        identity_card: text(element, "SoCMND"),
        name,
        display_name,
        gender: text(element, "GioiTinh"),
        ethnicity: text(element, "DanToc"),
        religion: text(element, "TonGiao"),
        marital_status: text(element, "TinhTrangHonNhan"),
        blood_group: text(element, "NhomMau"),
        birth: element.child(NAMESPACE, "NgayThangNamSinh").and_then(birth),
        birth_registration: group(element, "NoiDangKyKhaiSinh", place),
        origin: group(element, "QueQuan", place),
        permanent_residence: group(element, "ThuongTru", place),
        current_residence: group(element, "NoiOHienTai", place),
        nationality: text(element, "QuocTich"),
        father: group(element, "Cha", relative),
        mother: group(element, "Me", relative),
        spouse: group(element, "VoChong", relative),
        representative: group(element, "NguoiDaiDien", relative),
        household_head: group(element, "ChuHo", household_head),
        household_book: text(element, "SoSoHoKhau"),
    }
}

fn text(element: &Element<'_>, name: &str) -> Option<String> {
    let text = element.child(NAMESPACE, name)?.trimmed();
    (!text.is_empty()).then(|| text.to_owned())
}

/// A group, unless everything in it is empty.
fn group<T>(element: &Element<'_>, name: &str, read: impl FnOnce(&Element<'_>) -> T) -> Option<T> {
    let found = element.child(NAMESPACE, name)?;
    says_something(found).then(|| read(found))
}

fn says_something(element: &Element<'_>) -> bool {
    !element.trimmed().is_empty() || element.children.iter().any(says_something)
}

fn nameless() -> PersonName {
    PersonName { family: None, middle: None, given: None, whole: None }
}

/// A name in parts, or in one piece: as text, or in `Ten` alone, as the register holds most names.
fn person_name(element: &Element<'_>) -> PersonName {
    let mut name = PersonName {
        family: text(element, "Ho"),
        middle: text(element, "ChuDem"),
        given: text(element, "Ten"),
        whole: None,
    };
    let own = element.trimmed();
    if !own.is_empty() {
        name.whole = Some(own.to_owned());
    } else if name.family.is_none() && name.middle.is_none() && name.given.as_ref().is_some_and(|ten| ten.contains(' '))
    {
        name.whole = name.given.take();
    }
    name
}

/// The day, or else the year. A day that does not exist counts as unknown.
fn birth(element: &Element<'_>) -> Option<BirthDate> {
    let day = text(element, "NgayThangNam").and_then(|text| Date::compact(&text));
    if let Some(day) = day {
        return Some(BirthDate::Date(day.to_string()));
    }
    text(element, "Nam").and_then(|text| text.parse().ok()).map(BirthDate::Year)
}

fn place(element: &Element<'_>) -> Place {
    Place {
        province: text(element, "MaTinhThanh"),
        district: text(element, "MaQuanHuyen"),
        commune: text(element, "MaPhuongXa"),
        detail: text(element, "ChiTiet"),
        country: text(element, "QuocGia"),
    }
}

fn relative(element: &Element<'_>) -> Relative {
    Relative {
        name: element.child(NAMESPACE, "HoVaTen").map(person_name).unwrap_or_else(nameless),
        nationality: text(element, "QuocTich"),
        personal_id: text(element, "SoDinhDanh"),
        identity_card: text(element, "SoCMND"),
    }
}

fn household_head(element: &Element<'_>) -> HouseholdHead {
    HouseholdHead {
        name: element.child(NAMESPACE, "HoVaTen").map(person_name).unwrap_or_else(nameless),
        relation: text(element, "QuanHe"),
        personal_id: text(element, "SoDinhDanh"),
        identity_card: text(element, "SoCMND"),
    }
}
