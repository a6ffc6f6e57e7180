"""Uses diarist in place of pyannote.audio: two lines change.

    pip install pyannote.core
    python pyannote_drop_in.py meeting.wav

The same program with pyannote.audio:

    from pyannote.audio import Pipeline
    pipeline = Pipeline.from_pretrained(
        "pyannote/speaker-diarization-community-1", token="..."
    )
    output = pipeline("meeting.wav", num_speakers=2)
    for turn, _, speaker in output.speaker_diarization.itertracks(yield_label=True):
        print(f"{turn.start:.1f} {turn.end:.1f} {speaker}")
"""

import sys

from diarist import Diarizer

# Needs no account and no download. "exact" gives the turns of community-1; the default gives
# nearly the same turns, much faster.
diarizer = Diarizer("exact")
# The input is a path, {"audio": path} or {"waveform": tensor, "sample_rate": rate}.
# min_speakers and max_speakers can also be given.
output = diarizer(sys.argv[1])

# to_annotation() gives an Annotation of pyannote.core, for code that works with those.
for turn, _, speaker in output.to_annotation().itertracks(yield_label=True):
    print(f"{turn.start:.1f} {turn.end:.1f} {speaker}")

# The output also has the exclusive timeline, and embeddings [speakers, 256] in the order of
# the labels.
exclusive = output.to_annotation(exclusive=True)
embeddings = output.embeddings
assert len(embeddings) == len(exclusive.labels())
