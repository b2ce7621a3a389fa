//! A citizen as the population register knows one (QCVN 109:2017/BTTTT, `CongDan`).
//!
//! Invariant: texts are as the register holds them (names in capitals), unescaped; absent is `None`, never empty.

/// One person. Every field names its element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Citizen {
    /// `SoDinhDanh`: twelve digits.
    pub id: String,
    /// `SoCMND`: the nine digits of the older card.
    pub old_id: Option<String>,
    /// `HoVaTen/Ho`.
    pub surname: String,
    /// `HoVaTen/ChuDem`, possibly empty.
    pub middle_name: String,
    /// `HoVaTen/Ten`.
    pub given_name: String,
    /// Whether the register holds the name in its three parts. Seen in practice: mostly it does not, and then the whole
    /// name is in `Ten`, `Ho` and `ChuDem` being empty elements.
    pub name_in_parts: bool,
    /// `GioiTinh`: `1` male, `2` female.
    pub gender: String,
    /// `DanToc`: code of the ethnic group.
    pub ethnic_group: String,
    /// `TonGiao`: code of the religion.
    pub religion: String,
    /// `TinhTrangHonNhan`: code of the marital status.
    pub marital_status: String,
    /// `NhomMau`: code of the blood group.
    pub blood_group: String,
    /// `NgayThangNamSinh`.
    pub birth: Birth,
    /// `NoiDangKyKhaiSinh`.
    pub birth_registration: Address,
    /// `QueQuan`.
    pub origin: Address,
    /// `ThuongTru`.
    pub permanent_residence: Address,
    /// `NoiOHienTai`.
    pub current_residence: Address,
    /// `QuocTich`: country code; often an empty element in practice.
    pub nationality: Option<String>,
    /// `Cha`.
    pub father: Option<Relative>,
    /// `Me`.
    pub mother: Option<Relative>,
    /// `VoChong`.
    pub spouse: Option<Relative>,
    /// `NguoiDaiDien`.
    pub representative: Option<Relative>,
    /// `ChuHo`.
    pub household_head: Option<HouseholdHead>,
    /// `SoSoHoKhau`.
    pub household_book: Option<String>,
}

impl Citizen {
    /// Surname, middle name and given name with single blanks between.
    pub fn full_name(&self) -> String {
        let parts = [&self.surname, &self.middle_name, &self.given_name];
        let parts: Vec<&str> = parts.map(String::as_str).into_iter().filter(|p| !p.is_empty()).collect();
        parts.join(" ")
    }
}

/// When somebody was born, as far as is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Birth {
    /// `Nam`.
    pub year: u16,
    /// `NgayThangNam` as yyyyMMdd; older people may have a year only.
    pub day: Option<String>,
}

/// A place. Codes are of no real province.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// `MaTinhThanh`.
    pub province: String,
    /// `MaQuanHuyen`.
    pub district: String,
    /// `MaPhuongXa`.
    pub ward: String,
    /// `ChiTiet`: free text.
    pub detail: String,
    /// `QuocGia`: country code.
    pub country: String,
}

/// A parent, spouse or representative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relative {
    /// `HoVaTen`, in one piece.
    pub name: String,
    /// `QuocTich`.
    pub nationality: Option<String>,
    /// `SoDinhDanh`.
    pub id: Option<String>,
    /// `SoCMND`.
    pub old_id: Option<String>,
}

/// The head of the household.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HouseholdHead {
    /// `HoVaTen`, in one piece.
    pub name: String,
    /// `QuanHe`: the citizen's relation to the head, a code.
    pub relation: String,
    /// `SoDinhDanh`.
    pub id: Option<String>,
    /// `SoCMND`.
    pub old_id: Option<String>,
}
