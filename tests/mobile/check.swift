// The interface in Swift: results, cancellation, kinds of errors, live audio, known people.
//
//   check CONVERSATION.flac CONVERSATION.json SINGLE.flac SAMPLES.wav
//
// The JSON is that of the command. SAMPLES.wav has 32-bit floats at 48 kHz.
import Diarist
import Foundation

final class Listener: ProgressListener, @unchecked Sendable {
    private let goesOn: Bool
    var reports = 0

    init(goesOn: Bool) { self.goesOn = goesOn }

    func report(processedS: Double, totalS: Double?) -> Bool {
        reports += 1
        return goesOn
    }
}

func check(_ holds: Bool, line: Int = #line) {
    guard !holds else { return }
    print("line \(line): a check failed")
    exit(1)
}

/// The name of the error that a call throws.
func kind(_ call: () throws -> Void) -> String {
    do {
        try call()
        return "none"
    } catch DiaristError.Cancelled {
        return "cancelled"
    } catch DiaristError.InvalidOption {
        return "option"
    } catch DiaristError.Input(let message) {
        return message.isEmpty ? "empty" : "input"
    } catch {
        return "\(error)"
    }
}

/// The samples of a WAV file.
func samples(_ path: String) throws -> Data {
    let file = try Data(contentsOf: URL(fileURLWithPath: path))
    var position = 12
    while true {
        let length = (0..<4).reduce(0) { $0 | Int(file[position + 4 + $1]) << (8 * $1) }
        let content = position + 8..<position + 8 + length
        if file[position..<position + 4] == Data("data".utf8) { return Data(file[content]) }
        position = content.upperBound + length % 2
    }
}

@main
struct Check {
    static func main() throws {
        let arguments = CommandLine.arguments
        let (conversation, single, wav) = (arguments[1], arguments[3], arguments[4])
        let json = try String(contentsOfFile: arguments[2], encoding: .utf8)
        let diarizer = try Diarizer()
        let listener = Listener(goesOn: true)
        let result = try diarizer.diarizeFile(path: conversation, progress: listener)
        check(listener.reports > 0)
        let rttm = try convert(json: result.json, format: .rttm)
        check(try rttm == convert(json: json, format: .rttm))
        check(rttm.split(separator: "\n").count == result.turns.count)
        check(result.speakers.count == 4 && result.turns.allSatisfy { $0.confidence != nil })

        let ends = Listener(goesOn: false)
        check(kind { _ = try diarizer.diarizeFile(path: conversation, progress: ends) } == "cancelled")
        check(kind { _ = try Diarizer(settings: #"{"threshold": 9}"#) } == "option")
        check(kind { _ = try diarizer.diarizeFile(path: "missing.wav") } == "input")

        let syllable = try samples(wav)
        let short = try diarizer.diarizeSamples(samples: syllable, sampleRate: 48000)
        check(try short.turns == diarizer.diarizeFile(path: wav).turns && !short.turns.isEmpty)
        let bytes = Data((0..<20).flatMap { _ in syllable })
        let whole = try diarizer.diarizeSamples(samples: bytes, sampleRate: 48000)
        let live = try diarizer.live(sampleRate: 48000)
        var events: [LiveEvent] = []
        for start in stride(from: 0, to: bytes.count, by: 40_000) {
            events += try live.push(samples: bytes[start..<min(start + 40_000, bytes.count)])
        }
        let end = try live.finish()
        check((events + end.events).contains { if case .opened(turn: 0, speaker: 1, startS: _) = $0 { true } else { false } })
        check(end.diarization.turns == whole.turns)
        check(kind { _ = try live.finish() } == "option")

        let people = [Person(name: "Ann", voices: [try diarizer.voice(path: single)])]
        check(try diarizer.withPeople(people: people).diarizeFile(path: single).turns.allSatisfy { $0.name == "Ann" })
        check(try diarizer.withNumSpeakers(numSpeakers: 2).diarizeFile(path: conversation).speakers.count == 2)
        print("Swift: all checks passed")
    }
}
