// Diarizes an audio file and prints its turns.
import Diarist
import Foundation

final class Progress: ProgressListener {
    func report(processedS: Double, totalS: Double?) -> Bool {
        FileHandle.standardError.write(Data("\(processedS) s of \(totalS ?? 0) s\n".utf8))
        return true  // false ends the call
    }
}

@main
struct Diarize {
    static func main() {
        do {
            let diarizer = try Diarizer()
            let result = try diarizer.diarizeFile(path: CommandLine.arguments[1], progress: Progress())
            for turn in result.turns {
                print(String(format: "%.3f\t%.3f\t", turn.startS, turn.endS) + (turn.name ?? turn.speaker))
            }
        } catch {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            exit(1)
        }
    }
}
