//! People who are enrolled from clips, and recognised in another recording.

use diarist::parts::voices::Person;
use diarist::{Diarizer, ErrorKind, Settings, SpeakerDatabase};

use crate::samples::fixtures;

#[test]
fn an_enrolled_person_is_named_in_another_recording() {
    let folder = tempfile::tempdir().unwrap();
    let mut database = SpeakerDatabase::open_or_create(folder.path().join("people.db")).unwrap();
    let diarizer = Diarizer::new(&Settings::default()).unwrap();
    let clip = |name: &str| fixtures().join("audio").join(name);

    let warnings = diarizer.enroll(&mut database, "Ada", clip("single.flac")).unwrap();
    assert_eq!(warnings, [""; 0]);
    // Four voices; less than 5 s of speech; no name.
    for (name, file) in [("Ben", "conversation.flac"), ("Ben", "short.flac"), ("", "single.flac")] {
        let error = diarizer.enroll(&mut database, name, clip(file)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input, "{error}");
    }
    let [Person { name, num_enrolled: 1, .. }] = &database.people().unwrap()[..] else { panic!("one sample of Ada") };
    assert_eq!(name, "Ada");
    assert!(database.samples("Ada").unwrap()[0].source.ends_with("single.flac"));

    let result = diarizer.with_speakers(&database, None).unwrap().diarize(clip("conversation.flac")).unwrap();
    let names: Vec<&str> = result.speakers.iter().filter_map(|speaker| speaker.name.as_deref()).collect();
    assert_eq!(names, ["Ada"], "{:?}", result.speakers);
    let first = &result.annotation().turns[0];
    assert_eq!((first.speaker.as_str(), result.turns[0].name.as_deref()), ("Ada", Some("Ada")));
}
