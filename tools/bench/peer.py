#!/usr/bin/env python3
"""Diarizes a 16 kHz mono WAV file with another diarizer on the CPU and prints RTTM.

    peer.py pyannote --models DIR --threads N FILE
    peer.py speakrs  --models DIR --threads N FILE

For pyannote, DIR has config.yaml, segmentation/, embedding/ and plda/ of community-1. For speakrs
it has the safetensors and .npy files that speakrs loads. Used for comparison with diarist, with
pyannote.audio 4.0.7 (torch 2.11.0) and speakrs 0.7.0 from PyPI, on the weights that diarist embeds.
"""

import argparse
import os
import warnings
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("peer", choices=["pyannote", "speakrs"])
parser.add_argument("--models", required=True, type=Path)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("file", type=Path)
args = parser.parse_args()
# Thread pools read these when their library is loaded.
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "SPEAKRS_AHC_THREADS"):
    os.environ[variable] = str(args.threads)
warnings.filterwarnings("ignore")


def with_pyannote(path):
    import soundfile
    import torch
    from pyannote.audio import Pipeline

    torch.set_num_threads(args.threads)
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    pipeline = Pipeline.from_pretrained(args.models)
    result = pipeline({"waveform": torch.tensor(samples.T.copy()), "sample_rate": rate, "uri": path.stem})
    return [(s.start, s.duration, label) for s, _, label in result.speaker_diarization.itertracks(yield_label=True)]


def with_speakrs(path):
    import speakrs

    pipeline = speakrs.Pipeline.from_prepared(speakrs.prepare("cpu", model_dir=str(args.models)))
    result = pipeline.diarize_file(str(path), file_id=path.stem)
    return [(s.start, s.end - s.start, s.speaker) for s in result.segments]


for start, duration, speaker in {"pyannote": with_pyannote, "speakrs": with_speakrs}[args.peer](args.file):
    print(f"SPEAKER {args.file.stem} 1 {start:.3f} {duration:.3f} <NA> <NA> {speaker} <NA> <NA>")
