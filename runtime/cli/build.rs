//! Says which acceptance tests this machine can run: see `tests/means.rs`. Nothing of it is in the product.

#[path = "../../tests/means.rs"]
mod means;

fn main() -> Result<(), String> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../../tests/means.rs");
    means::postgres()?;
    means::mounts();
    means::faketime()
}
