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

/// Networks, options, and threads that compute.
final class Pipeline {
    private let handle: OpaquePointer

    /// `settings` is JSON with the options under "Method" in `diarist help diarize`.
    init(settings: String = "{}", numThreads: Int = 0) throws {
        var handle: OpaquePointer?
        try check(diarist_pipeline_new(settings, numThreads, &handle))
        self.handle = handle!
    }

    deinit { diarist_pipeline_free(handle) }

    /// The turns of a recording, each with the label of its speaker. 0 stands for any number of
    /// speakers.
    func turns(of path: String, minSpeakers: Int = 0, maxSpeakers: Int = 0) throws -> [(turn: diarist_turn, speaker: String)] {
        var result: OpaquePointer?
        try check(diarist_diarize_file(handle, path, minSpeakers, maxSpeakers, nil, nil, &result))
        defer { diarist_result_free(result) }
        return try (0..<diarist_result_num_turns(result)).map { index in
            var turn = diarist_turn()
            try check(diarist_result_turn(result, index, &turn))
            var label: UnsafePointer<CChar>?
            try check(diarist_result_speaker(result, turn.speaker, &label))
            return (turn, label.map { String(cString: $0) } ?? "")
        }
    }
}

guard CommandLine.arguments.count == 2 else {
    print("usage: diarize FILE")
    exit(2)
}
do {
    for (turn, speaker) in try Pipeline().turns(of: CommandLine.arguments[1]) {
        print("\(turn.start_s)\t\(turn.end_s)\t\(speaker)")
    }
} catch let error as DiaristError {
    print(error)
    exit(Int32(error.status.rawValue))
}
