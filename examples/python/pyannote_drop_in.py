"""Uses diarist in place of pyannote.audio: one line changes.

    python pyannote_drop_in.py meeting.wav

The same program with pyannote.audio has another first line:

    from pyannote.audio import Pipeline
"""

import sys

from diarist import Pipeline

# The token is ignored: there is no account and no download. The profile is "exact", which gives the
# turns of community-1; diarist.Diarizer() gives nearly the same turns, much faster.
pipeline = Pipeline.from_pretrained("pyannote/speaker-diarization-community-1", token="...")
# The input is a path, {"audio": path} or {"waveform": tensor, "sample_rate": rate}.
# min_speakers and max_speakers can also be given.
output = pipeline(sys.argv[1])

for turn, _, speaker in output.speaker_diarization.itertracks(yield_label=True):
    print(f"{turn.start:.1f} {turn.end:.1f} {speaker}")

# The output also has the exclusive timeline, and embeddings [speakers, 256] in the order of
# the labels.
exclusive = output.exclusive_speaker_diarization
assert len(output.speaker_embeddings) == len(exclusive.labels())
