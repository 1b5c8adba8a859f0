//! How a function is linked: at a fixed address.
//!
//! A relocatable executable of this size has some 28,000 addresses that the
//! loader writes at each start, a page fault for every few of them: a third of a
//! cold start. What is given up is that the program's own code lies at a random
//! address; heap, stack and libraries still do, and no code of ours is unsafe.

fn main() {
    println!("cargo::rerun-if-changed=../link.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
