"""diarist in place of pyannote.audio: the two lines that change, and what stays.

    pip install pyannote.core
    python pyannote_drop_in.py meeting.wav

What it replaces:

    from pyannote.audio import Pipeline
    pipeline = Pipeline.from_pretrained("pyannote/speaker-diarization-community-1", token="...")
    output = pipeline("meeting.wav", num_speakers=2)
    for turn, _, speaker in output.speaker_diarization.itertracks(yield_label=True):
        print(f"{turn.start:.1f} {turn.end:.1f} {speaker}")
"""

import sys

from diarist import Pipeline

# No account and no download. "exact" gives community-1's turns, the default nearly the same, much faster.
pipeline = Pipeline("exact")
# A path, {"audio": path} or {"waveform": tensor, "sample_rate": rate}; also num_speakers, min_speakers, max_speakers.
output = pipeline(sys.argv[1])

# An Annotation of pyannote.core, for everything that works on these.
for turn, _, speaker in output.to_annotation().itertracks(yield_label=True):
    print(f"{turn.start:.1f} {turn.end:.1f} {speaker}")

# Also there: the exclusive timeline, and [speakers, 256] embeddings in the order of the labels.
exclusive = output.to_annotation(exclusive=True)
embeddings = output.embeddings
assert len(embeddings) == len(exclusive.labels())
