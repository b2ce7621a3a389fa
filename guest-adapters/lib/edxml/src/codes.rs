//! The code tables that packets use, as far as they are known. Each entry: the code and its meaning in Vietnamese.
//!
//! A packet that was read may hold other codes: they are kept, with a warning.

/// A table: code and meaning.
pub type Table = &'static [(&'static str, &'static str)];

/// `Priority`: urgency.
pub const PRIORITY: Table =
    &[("0", "thường"), ("1", "khẩn"), ("2", "thượng khẩn"), ("3", "hỏa tốc"), ("4", "hỏa tốc hẹn giờ")];

/// `SteeringType`: place in steering.
pub const STEERING: Table = &[("1", "không chỉ đạo"), ("2", "chỉ đạo"), ("3", "báo cáo chỉ đạo")];

/// `BussinessDocType`: what a document does to an earlier one.
pub const BUSINESS: Table = &[("0", "mới"), ("1", "thu hồi"), ("2", "cập nhật"), ("3", "thay thế")];

/// `Paper`: whether the document is also sent on paper.
pub const PAPER: Table = &[("0", "không"), ("1", "có")];

/// `ReceiverType`: what an update does to a receiver.
pub const RECEIVER: Table = &[("0", "bỏ"), ("1", "thêm")];

/// `StatusCode`: what became of a document. 15 agrees to a recall or an update, 16 refuses it.
pub const STATUS: Table = &[
    ("01", "đã đến"),
    ("02", "từ chối tiếp nhận"),
    ("03", "đã tiếp nhận"),
    ("04", "đã phân công"),
    ("05", "đang xử lý"),
    ("06", "hoàn thành"),
    ("13", "lấy lại"),
    ("15", "đồng ý cho thu hồi/cập nhật"),
    ("16", "từ chối cho thu hồi/cập nhật"),
];

/// Whether the table has the code.
#[must_use]
pub fn knows(table: Table, code: &str) -> bool {
    table.iter().any(|(known, _)| *known == code)
}
