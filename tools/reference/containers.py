"""Compares lengths and start times of recordings in many containers with those of ffmpeg.

Makes more than 120 files as recorders, editors, browsers and converters write them (every container
with every codec that it takes, and oddities: pipes, wrong sizes, edit lists, late tracks, gaps,
joined files) in a temporary folder, and runs diarist and ffmpeg over each. Writes the table
fixtures/golden/audio/containers.tsv. Ends with code 1 if a length, or the start of the first or the
end of the last turn, differs by more than 50 ms without a reason below.

    python tools/reference/containers.py DIARIST

DIARIST is the command. Needs ffmpeg 5.1.9 with libmp3lame, libopus, libvorbis, libx264 and libvpx,
sox 14.4.2, lame 3.100, flac 1.4.2, opus-tools 0.1.10 and vorbis-tools 1.4.2 (all Debian 12).
"""

import json
import pathlib
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLE = ROOT / "fixtures/golden/audio/containers.tsv"
TOLERANCE_S = 0.05
VIDEO = "-f lavfi -i testsrc=s=64x64:r=10:d=8"

# Files by the options of ffmpeg; `{s}` is the recording as 44.1 kHz stereo, `{m}` as 16 kHz mono,
# `{six}` as 48 kHz with six channels, `{v}` a picture.
FFMPEG = {
    # PCM
    "u8.wav": "-i {m} -c:a pcm_u8",
    "s16.wav": "-i {s} -c:a pcm_s16le",
    "s24.wav": "-i {s} -c:a pcm_s24le",
    "s32.wav": "-i {s} -c:a pcm_s32le",
    "f32.wav": "-i {s} -c:a pcm_f32le",
    "f64.wav": "-i {m} -c:a pcm_f64le",
    "mulaw.wav": "-i {m} -ar 8000 -c:a pcm_mulaw",
    "alaw.wav": "-i {m} -ar 8000 -c:a pcm_alaw",
    "ima.wav": "-i {m} -c:a adpcm_ima_wav",
    "ima_8k.wav": "-i {m} -ar 8000 -c:a adpcm_ima_wav",
    "ms.wav": "-i {s} -c:a adpcm_ms",
    "g726.wav": "-i {m} -ar 8000 -c:a g726",
    "mp3_in.wav": "-i {s} -c:a libmp3lame",
    "six.wav": "-i {six} -c:a pcm_s16le",
    "96k.wav": "-i {m} -ar 96000 -c:a pcm_s24le",
    "11k.wav": "-i {m} -ar 11025",
    "bext.wav": "-i {s} -write_bext 1 -metadata description=talk",
    "odd_list.wav": "-i {s} -metadata title=abc -metadata artist=ab",
    "rf64.wav": "-i {s} -rf64 always",
    "s16.w64": "-i {s} -c:a pcm_s16le",
    "f32.w64": "-i {m} -c:a pcm_f32le",
    "s16.aiff": "-i {s} -c:a pcm_s16be",
    "s24.aiff": "-i {s} -c:a pcm_s24be",
    "s8.aiff": "-i {m} -c:a pcm_s8",
    "mulaw.aiff": "-i {m} -c:a pcm_mulaw",
    "alaw.aiff": "-i {m} -c:a pcm_alaw",
    "f32.aiff": "-i {m} -c:a pcm_f32be",
    "f64.aiff": "-i {m} -c:a pcm_f64be",
    "s16.caf": "-i {s} -c:a pcm_s16le",
    "s24be.caf": "-i {s} -c:a pcm_s24be",
    "f32.caf": "-i {m} -c:a pcm_f32le",
    "mulaw.caf": "-i {m} -c:a pcm_mulaw",
    "alac.caf": "-i {s} -c:a alac",
    "opus.caf": "-i {m} -c:a libopus",
    "pcm.mov": "-i {s} -c:a pcm_s16le",
    "pcm_be.mov": "-i {s} -c:a pcm_s24be",
    "f32.mov": "-i {m} -c:a pcm_f32le",
    "mulaw.mov": "-i {m} -c:a pcm_mulaw",
    "pcm.mkv": "-i {s} -c:a pcm_s16le",
    "f32.mkv": "-i {m} -c:a pcm_f32le",
    # Lossless
    "s16.flac": "-i {s} -c:a flac",
    "s24.flac": "-i {s} -c:a flac -sample_fmt s32",
    "large_blocks.flac": "-i {m} -c:a flac -frame_size 16384",
    "in_ogg.oga": "-i {s} -c:a flac -f ogg",
    "in_mkv_flac.mka": "-i {s} -c:a flac",
    "in_mp4_flac.mp4": "-i {s} -c:a flac -strict -2",
    "alac.m4a": "-i {s} -c:a alac",
    "alac.mov": "-i {m} -c:a alac",
    "alac.mka": "-i {s} -c:a alac",
    # MPEG audio
    "8kbit.mp3": "-i {m} -ar 8000 -c:a libmp3lame -b:a 8k",
    "32kbit.mp3": "-i {m} -ar 22050 -c:a libmp3lame -b:a 32k",
    "320kbit.mp3": "-i {s} -c:a libmp3lame -b:a 320k",
    "vbr.mp3": "-i {s} -c:a libmp3lame -q:a 4",
    "mono_24k.mp3": "-i {m} -ar 24000 -c:a libmp3lame",
    "mono_12k.mp3": "-i {m} -ar 12000 -c:a libmp3lame",
    "48k.mp3": "-i {s} -ar 48000 -c:a libmp3lame",
    "no_xing.mp3": "-i {s} -c:a libmp3lame -write_xing 0",
    "no_xing_vbr.mp3": "-i {s} -c:a libmp3lame -q:a 4 -write_xing 0",
    "id3.mp3": "-i {s} -c:a libmp3lame -write_id3v1 1 -metadata title=talk",
    "no_id3.mp3": "-i {s} -c:a libmp3lame -id3v2_version 0",
    "in.mp4": "-i {s} -c:a libmp3lame",
    "in_mp3.mkv": "-i {s} -c:a libmp3lame",
    "in_mp3.mov": "-i {s} -c:a libmp3lame",
    "s.mp2": "-i {s} -c:a mp2",
    "24k.mp2": "-i {m} -ar 24000 -c:a mp2",
    "in_mp2.mkv": "-i {s} -ar 48000 -c:a mp2",
    # AAC
    "s.aac": "-i {s} -c:a aac",
    "8k.aac": "-i {m} -ar 8000 -c:a aac",
    "s.m4a": "-i {s} -c:a aac",
    "16k.m4a": "-i {m} -c:a aac -b:a 24k",
    "96k.m4a": "-i {s} -ar 96000 -c:a aac",
    "six.m4a": "-i {six} -c:a aac",
    "faststart.m4a": "-i {s} -c:a aac -movflags +faststart",
    "fragments.m4a": "-i {s} -c:a aac -movflags frag_keyframe+empty_moov+default_base_moof -frag_duration 1000000",
    "fragments_delayed.m4a": "-i {s} -c:a aac -movflags frag_keyframe+delay_moov -frag_duration 1000000",
    "dash.mp4": "-i {s} -c:a aac -movflags dash+delay_moov -frag_duration 1000000",
    "no_edit_list.m4a": "-i {s} -c:a aac -use_editlist 0",
    "s.m4b": "-i {s} -c:a aac -f ipod",
    "s.3gp": "-i {m} -c:a aac",
    "s.3g2": "-i {m} -c:a aac",
    "s.mov": "-i {s} -c:a aac",
    "s.f4v": "-i {s} -c:a aac",
    "s.mka": "-i {s} -c:a aac",
    "six.mkv": "-i {six} -c:a aac",
    # Opus and Vorbis
    "s.opus": "-i {s} -c:a libopus",
    "six.opus": "-i {six} -c:a libopus -b:a 256k",
    "in_opus.ogg": "-i {m} -c:a libopus -b:a 16k",
    "s.webm": "-i {s} -c:a libopus",
    "in_opus.mka": "-i {s} -c:a libopus",
    "in_opus.mp4": "-i {s} -c:a libopus",
    "in_opus_fragments.mp4": "-i {s} -c:a libopus -movflags frag_keyframe+empty_moov -frag_duration 1000000",
    "60ms.opus": "-i {m} -c:a libopus -frame_duration 60 -application voip",
    "2_5ms.opus": "-i {s} -c:a libopus -frame_duration 2.5",
    "live.webm": "-i {s} -c:a libopus -live 1",
    "s.weba": "-i {m} -c:a libopus -f webm",
    "s.ogg": "-i {s} -c:a libvorbis",
    "low.ogg": "-i {m} -c:a libvorbis -q:a 0",
    "six.ogg": "-i {six} -c:a libvorbis",
    "in_vorbis.webm": "-i {s} -c:a libvorbis",
    "in_vorbis.mka": "-i {s} -c:a libvorbis",
    # Films, with the sound at the start and later
    "film.mp4": "{v} -i {s} -c:v libx264 -c:a aac -shortest",
    "film.mov": "{v} -i {s} -c:v libx264 -c:a aac -shortest",
    "film.mkv": "{v} -i {s} -c:v libx264 -c:a aac -shortest",
    "film.m4v": "{v} -i {s} -c:v libx264 -c:a aac -f mp4 -shortest",
    "film_ac3.mkv": "{v} -i {s} -c:v libx264 -c:a ac3 -shortest",
    "film.webm": "{v} -i {s} -c:v libvpx -c:a libopus -shortest",
    "film_vorbis.webm": "{v} -i {s} -c:v libvpx -c:a libvorbis -shortest",
    "film_mp3.mkv": "{v} -i {s} -c:v libx264 -c:a libmp3lame -shortest",
    "late.mp4": "{v} -itsoffset 2 -i {s} -c:v libx264 -c:a aac",
    "late.mov": "{v} -itsoffset 2 -i {s} -c:v libx264 -c:a aac",
    "late.mkv": "{v} -itsoffset 2 -i {s} -c:v libx264 -c:a aac",
    "late.webm": "{v} -itsoffset 2 -i {s} -c:v libvpx -c:a libopus",
    "late_vorbis.webm": "{v} -itsoffset 2 -i {s} -c:v libvpx -c:a libvorbis",
    "late_fragments.mp4": "{v} -itsoffset 2 -i {s} -c:v libx264 -c:a aac -movflags frag_keyframe+empty_moov -g 10",
    "late_picture.mp4": "-i {s} -itsoffset 2 {v} -map 1:v -map 0:a -c:v libx264 -c:a aac",
    "late_picture.mkv": "-i {s} -itsoffset 2 {v} -map 1:v -map 0:a -c:v libx264 -c:a aac",
    "silent_first.mkv": "-f lavfi -i anullsrc=r=44100:cl=stereo:d=4 -i {s} -map 0 -map 1 -c:a aac -disposition:a:0 0"
    " -disposition:a:1 default",
    "two_tracks.mp4": "-i {s} -i {m} -map 0 -map 1 -c:a aac",
    # Formats that are not read
    "refused.wma": "-i {s} -c:a wmav2",
    "refused.avi": "{v} -i {s} -c:v mpeg4 -c:a libmp3lame -shortest",
    "refused.flv": "{v} -i {s} -c:v flv -c:a libmp3lame -shortest",
    "refused.ts": "-i {s} -c:a aac -f mpegts",
    "refused.ac3": "-i {s} -c:a ac3",
    "refused.wv": "-i {s} -c:a wavpack",
    "refused.tta": "-i {s} -c:a tta",
    "refused.au": "-i {s} -c:a pcm_s16be",
    "refused.spx": "-i {m} -c:a libspeex",
    "refused.mpg": "{v} -i {s} -c:v mpeg1video -r 25 -c:a mp2 -shortest",
    "refused.mxf": "{v} -i {s} -ar 48000 -c:v mpeg2video -r 25 -c:a pcm_s16le -shortest",
    "refused.latm": "-i {s} -c:a aac -f latm",
    "refused.nut": "-i {s} -c:a pcm_s16le",
}

# Files that shell commands make of others.
SHELL = {
    "pipe.wav": "ffmpeg -v error -i {s} -f wav - > {out}",
    "pipe.w64": "ffmpeg -v error -i {s} -f w64 - > {out}",
    "pipe.flac": "ffmpeg -v error -i {s} -f flac - > {out}",
    "pipe.aac": "ffmpeg -v error -i {s} -c:a aac -f adts - > {out}",
    "pipe.mp3": "ffmpeg -v error -i {s} -c:a libmp3lame -f mp3 - > {out}",
    "pipe.webm": "ffmpeg -v error -i {s} -c:a libopus -f webm - > {out}",
    "pipe.mka": "ffmpeg -v error -i {s} -c:a aac -f matroska - > {out}",
    "pipe.ogg": "ffmpeg -v error -i {s} -c:a libvorbis -f ogg - > {out}",
    "pipe.aiff": "sox {s} -t aiff - > {out}",
    "sox_pipe.wav": "sox {s} -t wav - > {out}",
    "sox.wav": "sox {s} -b 24 {out}",
    "sox_ms.wav": "sox {m} -e ms-adpcm {out}",
    "sox_ima.wav": "sox {m} -e ima-adpcm {out}",
    "sox_gsm.wav": "sox {m} -r 8000 -e gsm-full-rate {out}",
    "sox_float.wav": "sox {m} -e floating-point -b 32 {out}",
    "sox_big_endian.wav": "sox {m} -B -t wav {out}",
    "sox.aifc": "sox {s} -t aifc {out}",
    "sox.w64": "sox {s} -t w64 {out}",
    "sox.caf": "sox {s} -t caf {out}",
    "sox.ogg": "sox {s} -C 1 {out}",
    "lame_vbr.mp3": "lame --quiet -V 6 {s} {out}",
    "lame_no_tag.mp3": "lame --quiet -t -b 64 {s} {out}",
    "lame_abr.mp3": "lame --quiet --abr 48 -m m {s} {out}",
    "lame_8k.mp3": "lame --quiet --resample 8 -m m -b 16 {s} {out}",
    "lame_freeformat.mp3": "lame --quiet --freeformat -b 100 {s} {out}",
    "lame_reservoir.mp3": "lame --quiet --nores -b 96 {s} {out}",
    "flac_level_8.flac": "flac -s -8 -o {out} {s}",
    "flac_no_seektable.flac": "flac -s --no-seektable --no-padding -o {out} {s}",
    "flac_ogg.ogg": "flac -s --ogg -o {out} {s}",
    "oggenc.ogg": "oggenc -Q -q 3 -o {out} {s}",
    "opusenc.opus": "opusenc --quiet {s} {out}",
    "opusenc_voice.opus": "opusenc --quiet --bitrate 8 --framesize 60 {m} {out}",
    "opusenc_short.opus": "opusenc --quiet --framesize 2.5 {s} {out}",
    "joined_same.mp3": "cat {dir}/vbr.mp3 {dir}/vbr.mp3 > {out}",
    "joined_mono.mp3": "cat {dir}/vbr.mp3 {dir}/mono_24k.mp3 > {out}",
    "joined.aac": "cat {dir}/s.aac {dir}/s.aac > {out}",
    "chained.opus": "cat {dir}/opusenc.opus {dir}/opusenc_voice.opus > {out}",
    "chained.ogg": "cat {dir}/s.ogg {dir}/low.ogg > {out}",
    "cut_edit_list.m4a": "ffmpeg -v error -ss 1.3 -i {dir}/s.m4a -c copy {out}",
    "cut_edit_list.mov": "ffmpeg -v error -ss 1.3 -i {dir}/s.mov -c copy {out}",
    "cut_film.mp4": "ffmpeg -v error -ss 1.3 -i {dir}/film.mp4 -c copy {out}",
    "cut_film.mkv": "ffmpeg -v error -ss 1.3 -i {dir}/film.mkv -c copy {out}",
    "cut.webm": "ffmpeg -v error -ss 1.3 -i {dir}/s.webm -c copy {out}",
    "cut.mp3": "ffmpeg -v error -ss 1.3 -i {dir}/vbr.mp3 -c copy {out}",
    "cut.opus": "ffmpeg -v error -ss 1.3 -i {dir}/s.opus -c copy {out}",
    "tail.mp3": "tail -c +3000 {dir}/no_xing.mp3 > {out}",
    "tail.aac": "tail -c +3000 {dir}/s.aac > {out}",
    "gap.mkv": "ffmpeg -v error -i {dir}/s.mka -c copy -bsf:a 'noise=drop=between(pts*tb\\,1\\,2)' {out}",
    "gap.webm": "ffmpeg -v error -i {dir}/s.webm -c copy -bsf:a 'noise=drop=between(pts*tb\\,1\\,2)' {out}",
    "riff_size_0.wav": "(head -c 4 {dir}/s16.wav; printf '\\0\\0\\0\\0'; tail -c +9 {dir}/s16.wav) > {out}",
    "trailing_bytes.wav": "(cat {dir}/s16.wav; head -c 5000 /dev/urandom) > {out}",
}

# Reasons for differences, by file.
REASONS = {
    "g726.wav": "not read, and refused by name",
    "sox_gsm.wav": "not read, and refused by name",
    "sox_big_endian.wav": "not read, and refused by name",
    "film_ac3.mkv": "not read, and refused by name",
    "mulaw.caf": "not read, and refused (the reader of CAF does not know it)",
    "mulaw.mov": "not read, and refused (the reader of MP4 does not know it)",
    "alac.mov": "not read, and refused (the reader of MP4 does not know ALAC's QuickTime header)",
    "lame_freeformat.mp3": "not read, and refused; ffmpeg does not read it, either",
    "pipe.w64": "ffmpeg does not read what it wrote to a pipe; the file has 4.30 s",
    "16k.m4a": "ffmpeg keeps the padding after the end of the edit list; ffprobe's length is right",
    "s.3gp": "ffmpeg keeps the padding after the end of the edit list; ffprobe's length is right",
    "s.3g2": "ffmpeg keeps the padding after the end of the edit list; ffprobe's length is right",
    "joined_mono.mp3": "ffmpeg keeps the first rate; the parts have 4.30 s each",
    "chained.ogg": "ffmpeg takes the second part's clock for a gap; the parts have 4.30 s each",
}


def run(command):
    return subprocess.run(command, shell=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def make(folder):
    """Makes the files; returns their paths and how they were made."""
    source = ROOT / "fixtures/audio/short.flac"
    names = {"s": folder / "source_s.wav", "m": folder / "source_m.wav", "six": folder / "source_six.wav"}
    for name, options in [("s", "-ar 44100 -ac 2"), ("m", "-ar 16000 -ac 1"), ("six", "-ar 48000 -ac 6")]:
        # After a second of silence, padding that an encoder adds does not move the first turn.
        subprocess.run(shlex.split(f"ffmpeg -v error -y -i {source} -af adelay=1000 {options} {names[name]}"), check=True)
    files = {}
    for name, options in FFMPEG.items():
        files[name] = f"ffmpeg -v error {options} {{out}}"
    files.update(SHELL)
    made, failed = [], []
    for name, command in files.items():
        path = folder / name
        done = run(command.format(v=VIDEO, out=path, dir=folder, **names))
        if done.returncode != 0 or not path.exists() or path.stat().st_size == 0:
            failed.append(f"{name}: {command}: {done.stderr}")
            continue
        shown = {"s": "STEREO", "m": "MONO", "six": "SIX", "v": "PICTURE", "dir": "."}
        made.append((path, command.format(out=name, **shown)))
    if failed:
        sys.exit("\n".join(failed))
    return made


def heard(diarist, paths):
    """Length, start of the first and end of the last turn by diarist for each path, or its error;
    and its warnings."""
    with tempfile.TemporaryDirectory() as folder:
        # One call for all, in which each file needs a name of its own.
        links = {path: pathlib.Path(folder) / f"{path.name.replace('.', '_')}{path.suffix}" for path in paths}
        for path, link in links.items():
            link.symlink_to(path)
        options = ["--embedding-mode", "skip", "--format", "json"]
        done = subprocess.run([diarist, "diarize", *options, *links.values()], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
    results = {document["file_id"]: document for document in map(json.loads, done.stdout.splitlines())}
    found = {}
    for path, link in links.items():
        said = [line.split(f"{link}: ", 1) for line in done.stderr.splitlines() if f" {link}: " in line]
        document = results.get(link.stem)
        values = None
        if document:
            turns = document["turns"]
            values = (document["duration_s"], min((turn["start_s"] for turn in turns), default=0.0),
                      max((turn["end_s"] for turn in turns), default=0.0))
        found[path] = values, "; ".join(line[1].split("; convert it first")[0] for line in said)
    return found


def decode(path):
    """Decodes the default track with ffmpeg, by the container's clock; returns the file and the
    length by ffprobe."""
    entries = "stream=index,codec_type:stream_disposition=default:format=duration"
    probe = json.loads(run(f"ffprobe -v error -show_entries {entries} -of json {path}").stdout or "{}")
    audio = [stream for stream in probe.get("streams", []) if stream.get("codec_type") == "audio"]
    chosen = ([stream for stream in audio if stream["disposition"]["default"]] or audio or [{"index": 0}])[0]
    decoded = path.with_name(f"{path.name}.decoded.wav")
    run(f"ffmpeg -v error -y -i {path} -map 0:{chosen['index']} -af aresample=async=1:first_pts=0 -ac 1 -ar 16000 {decoded}")
    return decoded, probe.get("format", {}).get("duration")


def main():
    diarist = sys.argv[1]
    cells = lambda values: ["-"] * 3 if values is None else [f"{value:.2f}" for value in values]
    rows, unexplained = [], []
    with tempfile.TemporaryDirectory() as folder:
        made = make(pathlib.Path(folder))
        decoded = {path: decode(path) for path, _ in made}
        ours = heard(diarist, [path for path, _ in made])
        references = heard(diarist, [file for file, _ in decoded.values() if file.exists()])
        for path, command in made:
            file, length_s = decoded[path]
            reference, _ = references.get(file, (None, ""))
            values, said = ours[path]
            differs = values is None or reference is None or any(
                abs(a - b) > TOLERANCE_S for a, b in zip(values, reference))
            reason = REASONS.get(path.name, "") if differs else ""
            if path.name.startswith("refused") and values is None:
                reason = "not read, and refused by name"
            length = f"{float(length_s):.2f}" if length_s else "-"
            rows.append([path.name, length, *cells(reference), *cells(values), said, reason, command])
            if differs and not reason:
                unexplained.append(rows[-1])
    head = ["file", "ffprobe_s", "ffmpeg_s", "ffmpeg_first_s", "ffmpeg_last_s", "diarist_s", "diarist_first_s",
            "diarist_last_s", "messages", "reason", "made_by"]
    TABLE.write_text("".join("\t".join(row) + "\n" for row in [head, *rows]))
    for row in unexplained:
        print("\t".join(row))
    print(f"{len(rows)} files, {len(unexplained)} unexplained differences")
    sys.exit(bool(unexplained))


if __name__ == "__main__":
    main()
