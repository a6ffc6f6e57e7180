// Diarizes an audio file and prints its turns.
import io.github.diarist.DiaristException
import io.github.diarist.Diarizer
import io.github.diarist.ProgressListener
import kotlin.system.exitProcess

val progress = object : ProgressListener {
    override fun report(processedS: Double, totalS: Double?): Boolean {
        System.err.println("$processedS s of ${totalS ?: "?"} s")
        return true // false ends the call
    }
}

fun main(arguments: Array<String>) {
    try {
        Diarizer().use { diarizer ->
            for (turn in diarizer.diarizeFile(arguments.single(), progress).turns) {
                println("%.3f\t%.3f\t%s".format(turn.startS, turn.endS, turn.name ?: turn.speaker))
            }
        }
    } catch (error: DiaristException) {
        System.err.println(error.message)
        exitProcess(1)
    }
}
