//! `--limit-upload` and `--limit-download` hold the whole program back.

use std::time::{Duration, Instant};

use crate::world::World;

#[test]
fn a_rate_holds_for_what_is_stored_and_for_what_is_read() {
    let world = World::new();
    let noise: Vec<u8> =
        (0..75_000u32).flat_map(|n| n.wrapping_mul(0x9e37_79b9).to_be_bytes()).collect();
    world.write("source/noise", &noise);
    let took = |line: &str| {
        let began = Instant::now();
        world.run(line).success();
        began.elapsed()
    };
    // 300 kB, of which a second's worth goes at once.
    let least = Duration::from_millis(800);
    assert!(took("backup source --compression off --limit-upload 150") > least);
    assert!(took("restore latest --target out --limit-download 150") > least);
    assert_eq!(std::fs::read(world.path("out/source/noise")).expect("restored"), noise);
}
