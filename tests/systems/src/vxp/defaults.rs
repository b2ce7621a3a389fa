//! The organisations of the default configuration. None exists: H99, H98 and G99 were never given to anybody.

use super::directory::{Organisation, VxpSystem};

pub(super) fn systems() -> Vec<VxpSystem> {
    ["mauson", "binhgia", "bothunghiem"]
        .map(|name| VxpSystem { id: format!("vxp-{name}"), secret: format!("made-up-secret-of-{name}") })
        .into()
}

pub(super) fn organisations() -> Vec<Organisation> {
    [
        ("1", "", "H99", "000.00.00.H99", "UBND tỉnh Mẫu Sơn", "mauson"),
        ("2", "1", "H99.01", "000.00.01.H99", "Sở Khoa học và Công nghệ tỉnh Mẫu Sơn", "mauson"),
        ("3", "", "H98", "000.00.00.H98", "UBND tỉnh Bình Giả", "binhgia"),
        ("4", "", "G99", "000.00.00.G99", "Bộ Thử nghiệm", "bothunghiem"),
    ]
    .map(|(id, parent, code, code102, name, system)| Organisation {
        id: id.into(),
        parent: parent.into(),
        code: code.into(),
        code102: code102.into(),
        name: name.into(),
        mail: format!("vanthu{id}@{system}.example"),
        system: format!("vxp-{system}"),
    })
    .into()
}
