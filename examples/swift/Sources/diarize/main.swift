// Diarizes an audio file and prints its turns.
import CDiarist
import Foundation

/// The error of a call that failed.
struct DiaristError: Error, CustomStringConvertible {
    let status: diarist_status
    let description: String
}

func check(_ status: diarist_status) throws {
    guard status != DIARIST_STATUS_OK else { return }
    throw DiaristError(status: status, description: diarist_last_error().map { String(cString: $0) } ?? "unknown")
}

/// Networks, settings, and threads that compute.
final class Diarizer {
    private let handle: OpaquePointer

    /// `settings` is JSON with options of `diarist diarize`.
    init(settings: String = "{}") throws {
        var handle: OpaquePointer?
        try check(diarist_diarizer_new(settings, &handle))
        self.handle = handle!
    }

    deinit { diarist_diarizer_free(handle) }

    /// The turns of a recording, each with the label of its speaker. 0 allows any number of
    /// speakers.
    func turns(of path: String, minSpeakers: Int = 0, maxSpeakers: Int = 0) throws -> [(turn: diarist_turn, speaker: String)] {
        var diarization: OpaquePointer?
        try check(diarist_diarize_file(handle, path, minSpeakers, maxSpeakers, nil, nil, &diarization))
        defer { diarist_diarization_free(diarization) }
        return try (0..<diarist_diarization_num_turns(diarization)).map { index in
            var turn = diarist_turn()
            try check(diarist_diarization_turn(diarization, index, &turn))
            var speaker = diarist_speaker()
            try check(diarist_diarization_speaker(diarization, turn.speaker, &speaker))
            return (turn, String(cString: speaker.label))
        }
    }
}

guard CommandLine.arguments.count == 2 else {
    print("usage: diarize FILE")
    exit(2)
}
do {
    for (turn, speaker) in try Diarizer().turns(of: CommandLine.arguments[1]) {
        print("\(turn.start_s)\t\(turn.end_s)\t\(speaker)")
    }
} catch let error as DiaristError {
    print(error)
    exit(Int32(error.status.rawValue))
}
