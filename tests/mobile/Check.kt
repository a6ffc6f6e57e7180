// The interface in Kotlin: results, cancellation, kinds of errors, live audio, known people.
//
//   Check CONVERSATION.flac CONVERSATION.json SINGLE.flac SAMPLES.wav
//
// The JSON is that of the command. SAMPLES.wav has 32-bit floats at 48 kHz.
import io.github.diarist.DiaristException
import io.github.diarist.Diarizer
import io.github.diarist.FileFormat
import io.github.diarist.LiveEvent
import io.github.diarist.Person
import io.github.diarist.ProgressListener
import io.github.diarist.convert
import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder

fun listener(report: (Double) -> Boolean) = object : ProgressListener {
    override fun report(processedS: Double, totalS: Double?) = report(processedS)
}

inline fun <reified E : DiaristException> fails(call: () -> Unit) {
    try {
        call()
    } catch (error: DiaristException) {
        check(error is E && !error.message.isNullOrEmpty()) { "$error" }
        return
    }
    error("${E::class.simpleName} was expected")
}

fun direct(bytes: ByteArray, start: Int = 0, end: Int = bytes.size): ByteBuffer =
    ByteBuffer.allocateDirect(end - start).put(bytes, start, end - start).flip()

/** The samples of a WAV file. */
fun samples(path: String): ByteArray {
    val file = ByteBuffer.wrap(File(path).readBytes()).order(ByteOrder.LITTLE_ENDIAN)
    file.position(12)
    while (true) {
        val name = ByteArray(4).also { file.get(it) }.decodeToString()
        val length = file.getInt()
        if (name == "data") return ByteArray(length).also { file.get(it) }
        file.position(file.position() + length + length % 2)
    }
}

fun main(arguments: Array<String>) {
    val (conversation, json, single, wav) = arguments
    Diarizer().use { diarizer ->
        var reports = 0
        val result = diarizer.diarizeFile(conversation, listener { reports += 1; true })
        check(reports > 0)
        val rttm = convert(result.json, FileFormat.RTTM)
        check(rttm == convert(File(json).readText(), FileFormat.RTTM))
        check(rttm.lines().size == result.turns.size + 1 && result.turns.all { it.confidence != null })
        check(result.numberOfSpeakers!!.probability > 0.5 && result.speakers.size == 4)

        fails<DiaristException.Cancelled> { diarizer.diarizeFile(conversation, listener { false }) }
        fails<DiaristException.Cancelled> { diarizer.diarizeFile(conversation, listener { error("of the app") }) }
        fails<DiaristException.InvalidOption> { Diarizer("""{"threshold": 9}""") }
        fails<DiaristException.Input> { diarizer.diarizeFile("missing.wav") }
        fails<DiaristException.Input> { convert("no JSON", FileFormat.SRT) }

        val syllable = samples(wav)
        val short = diarizer.diarizeSamples(direct(syllable), sampleRate = 48000u)
        check(short.turns == diarizer.diarizeFile(wav).turns && short.turns.isNotEmpty())
        val bytes = ByteArray(20 * syllable.size) { syllable[it % syllable.size] }
        val whole = diarizer.diarizeSamples(direct(bytes), sampleRate = 48000u)
        diarizer.live(sampleRate = 48000u).use { live ->
            val pieces = bytes.indices step 40_000
            val events = pieces.flatMap { live.push(direct(bytes, it, minOf(it + 40_000, bytes.size))) }
            val end = live.finish()
            check((events + end.events).any { it is LiveEvent.Opened && it.turn == 0uL })
            check(end.events.last() is LiveEvent.Labelled)
            check(end.diarization.turns == whole.turns)
            fails<DiaristException.InvalidOption> { live.finish() }
        }

        val people = listOf(Person("Ann", listOf(diarizer.voice(single))))
        diarizer.withPeople(people).use { named ->
            check(named.diarizeFile(single).turns.all { it.name == "Ann" })
        }
        diarizer.withNumSpeakers(numSpeakers = 2u).use { check(it.diarizeFile(conversation).speakers.size == 2) }
    }
    println("Kotlin: all checks passed")
}
