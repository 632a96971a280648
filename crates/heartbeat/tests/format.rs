//! The format of heartbeats: it round-trips, it is compatible with version 1 in both directions, and no
//! contents of a file make a reader crash or guess.

#![allow(clippy::unwrap_used, reason = "a test that panics names the line")]

use std::fs;
use std::time::Duration;

use jiff::Timestamp;
use mosaic_domain::{AgentName, BootId, ExitVerdict};
use mosaic_heartbeat::{
    Binding, Heartbeat, HeartbeatFile, LastExit, MalformedHeartbeat, RunDirectory, Status, UnreadableHeartbeat, read,
};
use proptest::prelude::*;

const DOCUMENTED: &str = "ts=2026-11-20T14:58:08+00:00\npid=18960\nstatus=ok\nv=2\nagent=coder0\n\
    boot=0700cf0c-8b1c-49c8-862a-3c44fb7bacfe\nstart=67697\nmono=676.973\ninterval=15\nseq=42\n\
    sidecar=18964\ngen=3\n";

#[test]
fn the_documented_example_round_trips() {
    let heartbeat: Heartbeat = DOCUMENTED.parse().unwrap();
    assert_eq!(heartbeat.to_string(), DOCUMENTED);
    let process = heartbeat.process().unwrap();
    assert_eq!((process.pid.get(), process.start_ticks), (18960, 67697));
}

#[test]
fn the_previous_exit_is_written_as_two_lines() {
    let last = "last_exit=code:7\nlast_exit_ts=2026-11-20T14:50:00+00:00\n";
    let at = |time: &str| time.parse::<Timestamp>().unwrap();
    let before = LastExit { verdict: ExitVerdict::Code(7), at: at("2026-11-20T14:50:00Z") };
    let own = LastExit { verdict: ExitVerdict::Signal(9), at: at("2026-11-20T14:58:08Z") };
    let ended = |exit: &str, last: &str| format!("{}{exit}{last}", DOCUMENTED.replace("status=ok", "status=exited"));
    let table = [
        (DOCUMENTED.to_owned(), None, None),
        (format!("{DOCUMENTED}{last}"), Some(before), Some(before)),
        (ended("exit=signal:9\n", ""), None, Some(own)),
        (ended("exit=signal:9\n", last), Some(before), Some(own)),
    ];
    for (text, last_exit, latest) in table {
        let heartbeat: Heartbeat = text.parse().unwrap();
        assert_eq!(heartbeat.to_string(), text);
        assert_eq!(
            (heartbeat.binding.as_ref().unwrap().last_exit, heartbeat.latest_exit()),
            (last_exit, latest),
            "{text}"
        );
    }
    let first_version: Heartbeat = "ts=2026-11-20T14:58:08Z\npid=77\nstatus=exited\n".parse().unwrap();
    assert_eq!(first_version.latest_exit(), None);
}

#[test]
fn version_1_files_are_parsed() {
    for zone in ["+0000", "+00:00", "Z"] {
        let heartbeat: Heartbeat = format!("ts=2026-11-20T14:58:08{zone}\npid=77\nstatus=ok\n").parse().unwrap();
        assert_eq!(heartbeat.written_at, "2026-11-20T14:58:08Z".parse::<Timestamp>().unwrap());
        assert_eq!((heartbeat.status, heartbeat.binding), (Status::Ok, None));
    }
    let elsewhere: Heartbeat = "ts=2026-11-20T16:58:08+0200\npid=77\nstatus=ok\n".parse().unwrap();
    assert_eq!(elsewhere.written_at, "2026-11-20T14:58:08Z".parse::<Timestamp>().unwrap());
}

#[test]
fn version_1_readers_can_read_version_2() {
    // A version 1 reader splits the first three lines at the first '=', and takes status=ok for alive.
    let text = DOCUMENTED.parse::<Heartbeat>().unwrap().to_string();
    let first: Vec<_> = text.lines().take(3).filter_map(|line| line.split_once('=')).collect();
    assert_eq!(first, [("ts", "2026-11-20T14:58:08+00:00"), ("pid", "18960"), ("status", "ok")]);
}

#[test]
fn unknown_lines_and_later_versions_are_accepted() {
    let later = DOCUMENTED.replace("v=2\n", "v=3\nmood=good\nno key here\n");
    assert_eq!(later.parse::<Heartbeat>(), DOCUMENTED.parse::<Heartbeat>());
}

#[test]
fn truncated_files_are_rejected() {
    for end in 0..DOCUMENTED.len() {
        match DOCUMENTED[..end].parse::<Heartbeat>() {
            // Three complete lines are a valid version 1 file.
            Ok(cut) => assert_eq!(&DOCUMENTED[..end], cut.to_string()),
            Err(MalformedHeartbeat::CutShort | MalformedHeartbeat::Missing(_)) => {}
            Err(other) => panic!("{end}: {other}"),
        }
    }
}

#[test]
fn errors_name_the_line() {
    let table = [
        ("pid=18960", "pid=0", "its line 'pid=' has the invalid value '0'"),
        ("pid=18960", "pid=-1", "its line 'pid=' has the invalid value '-1'"),
        ("status=ok", "status=fine", "its line 'status=' has the invalid value 'fine'"),
        ("agent=coder0", "agent=../x", "its line 'agent=' has the invalid value '../x'"),
        ("mono=676.973", "mono=1e9", "its line 'mono=' has the invalid value '1e9'"),
        ("interval=15", "interval=0", "its line 'interval=' has the invalid value '0'"),
        ("v=2", "v=two", "its line 'v=' has the invalid value 'two'"),
        ("gen=3\n", "", "it has no line 'gen='"),
        ("gen=3", "gen=3\ngen=4", "it has more than one line 'gen='"),
        ("gen=3\n", "gen=3\nlast_exit=code:7\n", "it has no line 'last_exit_ts='"),
        (
            "gen=3\n",
            "gen=3\nlast_exit=7\nlast_exit_ts=2026-11-20T14:50:00Z\n",
            "its line 'last_exit=' has the invalid value '7'",
        ),
        (
            "gen=3\n",
            "gen=3\nlast_exit=code:7\nlast_exit_ts=then\n",
            "its line 'last_exit_ts=' has the invalid value 'then'",
        ),
        ("status=ok", "status=\u{1b}[2J", "its line 'status=' has the invalid value '\\u{1b}[2J'"),
    ];
    for (line, instead, expected) in table {
        let error = DOCUMENTED.replace(line, instead).parse::<Heartbeat>().unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn the_reader_reports_why_a_file_is_unreadable() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("a.hb");
    assert!(matches!(read(&path), Ok(None)));
    fs::write(&path, "x".repeat(5000)).unwrap();
    assert!(matches!(read(&path), Err(UnreadableHeartbeat::TooLong)));
    fs::write(&path, [0xff, 0xfe, b'\n']).unwrap();
    assert!(matches!(read(&path), Err(UnreadableHeartbeat::NotText)));
    fs::write(&path, "").unwrap();
    assert!(matches!(read(&path), Err(UnreadableHeartbeat::Malformed(MalformedHeartbeat::CutShort))));
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(matches!(read(&path), Err(UnreadableHeartbeat::NotAFile)));
    fs::remove_dir(&path).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    assert!(matches!(read(&path), Err(UnreadableHeartbeat::NotAFile)));
}

#[test]
fn writing_replaces_the_file_and_leaves_no_other() {
    let root = tempfile::tempdir().unwrap();
    let directory = RunDirectory::new(root.path().to_owned());
    let agent: AgentName = "coder0".parse().unwrap();
    let mut file = HeartbeatFile::new(&directory, &agent);
    let mut heartbeat: Heartbeat = DOCUMENTED.parse().unwrap();
    for sequence in 0..3 {
        heartbeat.binding.as_mut().unwrap().sequence = sequence;
        file.write(&heartbeat).unwrap();
        assert_eq!(read(&directory.heartbeat(&agent)).unwrap(), Some(heartbeat.clone()));
    }
    let names: Vec<_> = fs::read_dir(root.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["coder0.hb"]);
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&fs::metadata(directory.heartbeat(&agent)).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

fn verdicts() -> impl Strategy<Value = ExitVerdict> {
    prop_oneof![any::<u8>().prop_map(ExitVerdict::Code), any::<u8>().prop_map(ExitVerdict::Signal)]
}

prop_compose! {
    fn heartbeats()(
        seconds in -377_705_023_201_i64..=253_402_207_200,
        pid in 1_u32..=4_194_304,
        status in prop::sample::select(Status::ALL.to_vec()),
        version_2 in any::<bool>(),
        name in "[A-Za-z0-9][A-Za-z0-9_-]{0,63}",
        boot in "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        (start_ticks, sequence, generation) in any::<(u64, u64, u64)>(),
        mono_millis in any::<u64>(),
        interval_millis in 1_u64..=86_400_000,
        sidecar in 1_u32..=4_194_304,
        exit in prop::option::of(verdicts()),
        last_exit in prop::option::of((verdicts(), 0..=253_402_207_200_i64)),
    ) -> Heartbeat {
        let interval = format!("{}.{:03}", interval_millis / 1000, interval_millis % 1000).parse().unwrap();
        Heartbeat {
            written_at: Timestamp::from_second(seconds.max(0)).unwrap(),
            pid: pid.try_into().unwrap(),
            status,
            binding: version_2.then(|| Binding {
                agent: name.parse().unwrap(),
                boot: boot.parse::<BootId>().unwrap(),
                start_ticks,
                monotonic: Duration::from_millis(mono_millis),
                interval,
                sequence,
                sidecar: sidecar.try_into().unwrap(),
                generation,
                exit,
                last_exit: last_exit
                    .map(|(verdict, at)| LastExit { verdict, at: Timestamp::from_second(at).unwrap() }),
            }),
        }
    }
}

proptest! {
    #[test]
    fn heartbeats_round_trip_through_their_text(heartbeat in heartbeats()) {
        prop_assert_eq!(heartbeat.to_string().parse(), Ok(heartbeat));
    }

    #[test]
    fn no_text_crashes_the_parser(text in "\\PC*") {
        let _ = text.parse::<Heartbeat>();
    }

    #[test]
    fn a_damaged_file_is_rejected_or_round_trips(at in 0..DOCUMENTED.len(), byte in 0_u8..128) {
        let mut damaged = DOCUMENTED.as_bytes().to_vec();
        damaged[at] = byte;
        let damaged = String::from_utf8(damaged).unwrap();
        if let Ok(parsed) = damaged.parse::<Heartbeat>() {
            prop_assert_eq!(parsed.to_string().parse(), Ok(parsed));
        }
    }
}
