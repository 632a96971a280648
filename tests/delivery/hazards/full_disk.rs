use crate::program;
use mosaic_harness::{SmallDisk, is_root_or_skip};

#[test]
fn without_room_to_keep_a_message_it_is_not_typed_and_later_it_is() {
    if !is_root_or_skip("a file system to fill") {
        return;
    }
    let site = program::site(&["tui0"], "tui", "");
    let disk = SmallDisk::mount(&site.fleet.mosaic_home().join("fleet/outbox"));
    site.wait_screen("tui0", "test-tui");
    assert_eq!(site.send(&["tui0", "--no-preamble", "--message", "before"]).outcome(), "accepted");
    let before = site.screen("tui0");
    disk.fill();
    let sent = site.send(&["tui0", "--message", "not now"]);
    assert_eq!((sent.exit_code, sent.receipts.len()), (Some(74), 0), "{sent:?}");
    assert!(sent.stderr.contains("No space left on device") && sent.stderr.contains("fleet/outbox"), "{sent:?}");
    assert_eq!(site.screen("tui0"), before);
    disk.free();
    assert_eq!(site.send(&["tui0", "--no-preamble", "--message", "now"]).outcome(), "accepted");
    assert_eq!(program::taken(&site, "tui0"), ["before", "now"]);
}
