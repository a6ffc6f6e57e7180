"""Keywords that choose settings.

`just python-settings` writes this file from the library's table of options. Do not edit it.
"""

from __future__ import annotations

import os
from typing import Literal, TypedDict


class Settings(TypedDict, total=False):
    """Settings of a diarization. Each one may be left out, or be None for its default."""

    num_speakers: int | None
    """Exact number of speakers. Default: any number."""

    min_speakers: int | None
    """Smallest number of speakers. Default: 1."""

    max_speakers: int | None
    """Largest number of speakers. Default: any number."""

    profile: Literal["exact", "balanced", "fast"] | None
    """Balance of accuracy and speed: a set of values for step, trunk, precision, clustering and
    reconstruction; each can also be given alone, and wins. `exact`: Computes what pyannote
    community-1 computes. `balanced`: Runs the trunk of the embedding network once over the
    recording instead of over each chunk, and in int8. `fast`: Also halves the number of chunks.
    Default: balanced."""

    step: float | None
    """Seconds between the starts of the 10 s chunks, at most 10: a longer step is faster and less
    exact. Default: 1; fast: 2."""

    trunk: Literal["chunk", "shared"] | None
    """Passes of the embedding network's trunk. `chunk`: One pass over each chunk, as in pyannote.
    `shared`: One pass over the recording, in pieces of 10 s. Default: shared; exact and cached
    embeddings: chunk."""

    precision: Literal["f32", "f16", "bf16", "int8"] | None
    """Arithmetic of the networks: bf16 and int8 are faster and less exact. `f32`: 32-bit floats.
    `f16`: 16-bit floats for stored weights and activations, with 32-bit arithmetic. `bf16`:
    bfloat16 with 32-bit sums; faster on processors with AVX-512 BF16. `int8`: 8-bit integers with
    exact sums. Default: int8; exact and other weights: f32."""

    embedding_mode: Literal["full", "fast", "cached", "skip"] | None
    """Computation of speaker embeddings; the result is the same with all but skip. `full`: Chunk
    after chunk on one thread. `fast`: Chunks in parallel. `cached`: As fast, but looks up chunks
    that the same call has heard before, bit for bit. `skip`: No embeddings, for statistics of
    speech and overlap: after a pause of 10 s a speaker counts as a new one. Default: fast."""

    segmentation: str | os.PathLike[str] | None
    """Segmentation weights to use instead of the embedded ones. Default: the embedded ones."""

    embedding: str | os.PathLike[str] | None
    """Embedding weights to use instead of the embedded ones. Default: the embedded ones."""

    device: str | None
    """Machine that runs the networks: cpu, gpu, gpu:N for GPU N of `diarist devices`, or auto for
    the faster one. Default: auto."""

    threads: int | None
    """Number of threads that compute; the result does not depend on it. Default: all that the
    machine has."""

    clustering: Literal["refined", "vbx", "ahc"] | None
    """Clustering method. `refined`: VBx, and tests that find speakers with similar voices and brief
    ones. `vbx`: As in pyannote community-1. `ahc`: As in pyannote speaker-diarization-3.1. Default:
    refined; exact: vbx."""

    threshold: float | None
    """Distance from 0 to 2 up to which agglomerative clustering joins voices. Default: 0.6; ahc:
    0.7046."""

    fa: float | None
    """Weight of the voices against the prior, above 0; not for ahc. Default: 0.07."""

    fb: float | None
    """Weight of the penalty on speakers, above 0: higher gives fewer of them; not for ahc. Default:
    0.6; vbx: 0.8."""

    sensitivity: float | None
    """Inclination to more speakers, between -1 and 1: above 0 finds more speakers, below 0 fewer;
    only refined. Default: 0."""

    min_cluster_size: int | None
    """Smallest group of embeddings that is a speaker; smaller ones join the nearest larger one;
    only ahc. Default: 12."""

    reconstruction: Literal["probabilities", "votes"] | None
    """Way from speakers to turns. `probabilities`: By the probabilities of the segmentation network
    and the voice of each moment. `votes`: By the votes of chunks, as in pyannote. Default:
    probabilities; exact: votes."""

    speech_threshold: float | None
    """Probability above which somebody speaks: lower finds more speech, and more that is none.
    Default: 0.5."""

    overlap_threshold: float | None
    """Probability above which two people speak at the same time. Default: 0.3."""

    min_duration_off: float | None
    """Fills silences of one speaker that are shorter than this. Default: 0."""


HELP = """\
num_speakers: Exact number of speakers. Default: any number.
min_speakers: Smallest number of speakers. Default: 1.
max_speakers: Largest number of speakers. Default: any number.
profile: Balance of accuracy and speed: a set of values for step, trunk, precision, clustering and
    reconstruction; each can also be given alone, and wins. `exact`: Computes what pyannote
    community-1 computes. `balanced`: Runs the trunk of the embedding network once over the
    recording instead of over each chunk, and in int8. `fast`: Also halves the number of chunks.
    Default: balanced.
step: Seconds between the starts of the 10 s chunks, at most 10: a longer step is faster and less
    exact. Default: 1; fast: 2.
trunk: Passes of the embedding network's trunk. `chunk`: One pass over each chunk, as in pyannote.
    `shared`: One pass over the recording, in pieces of 10 s. Default: shared; exact and cached
    embeddings: chunk.
precision: Arithmetic of the networks: bf16 and int8 are faster and less exact. `f32`: 32-bit
    floats. `f16`: 16-bit floats for stored weights and activations, with 32-bit arithmetic. `bf16`:
    bfloat16 with 32-bit sums; faster on processors with AVX-512 BF16. `int8`: 8-bit integers with
    exact sums. Default: int8; exact and other weights: f32.
embedding_mode: Computation of speaker embeddings; the result is the same with all but skip. `full`:
    Chunk after chunk on one thread. `fast`: Chunks in parallel. `cached`: As fast, but looks up
    chunks that the same call has heard before, bit for bit. `skip`: No embeddings, for statistics
    of speech and overlap: after a pause of 10 s a speaker counts as a new one. Default: fast.
segmentation: Segmentation weights to use instead of the embedded ones. Default: the embedded ones.
embedding: Embedding weights to use instead of the embedded ones. Default: the embedded ones.
device: Machine that runs the networks: cpu, gpu, gpu:N for GPU N of `diarist devices`, or auto for
    the faster one. Default: auto.
threads: Number of threads that compute; the result does not depend on it. Default: all that the
    machine has.
clustering: Clustering method. `refined`: VBx, and tests that find speakers with similar voices and
    brief ones. `vbx`: As in pyannote community-1. `ahc`: As in pyannote speaker-diarization-3.1.
    Default: refined; exact: vbx.
threshold: Distance from 0 to 2 up to which agglomerative clustering joins voices. Default: 0.6;
    ahc: 0.7046.
fa: Weight of the voices against the prior, above 0; not for ahc. Default: 0.07.
fb: Weight of the penalty on speakers, above 0: higher gives fewer of them; not for ahc. Default:
    0.6; vbx: 0.8.
sensitivity: Inclination to more speakers, between -1 and 1: above 0 finds more speakers, below 0
    fewer; only refined. Default: 0.
min_cluster_size: Smallest group of embeddings that is a speaker; smaller ones join the nearest
    larger one; only ahc. Default: 12.
reconstruction: Way from speakers to turns. `probabilities`: By the probabilities of the
    segmentation network and the voice of each moment. `votes`: By the votes of chunks, as in
    pyannote. Default: probabilities; exact: votes.
speech_threshold: Probability above which somebody speaks: lower finds more speech, and more that is
    none. Default: 0.5.
overlap_threshold: Probability above which two people speak at the same time. Default: 0.3.
min_duration_off: Fills silences of one speaker that are shorter than this. Default: 0.
"""
