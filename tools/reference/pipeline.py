"""Writes golden files of the whole offline pipeline: community-1 of pyannote.audio on the samples.

    pipeline.py --pipeline DIR --audio FILE... --out fixtures/golden/pipeline

--pipeline is a local folder with config.yaml, segmentation/, embedding/ and plda/ of
speaker-diarization-community-1 (the same weights as in crates/diarist-weights). For each recording
<name> the script writes <name>.rttm, <name>.exclusive.rttm, and <name>.<key>.npy with

    segmentation  u8  [chunks, 589]   bit s is set if local speaker s is active
    count         u8  [frames]        speaker count
    embeddings    f32 [slots, 256]    of the active local speakers, chunk by chunk
    train         u32 [n, 2]          (chunk, local speaker) of the embeddings used for clustering
    ahc           i32 [n]             labels that start VBx
    gamma, pi     f64 [n, k], [k]     responsibilities and priors that VBx ends with
    hard          i8  [chunks, 3]     cluster of each local speaker, -2 for none
    centroids     f64 [speakers, 256] in the order of the labels

The files from train to pi exist only for recordings with embeddings to cluster.

Made with pyannote.audio 4.0.7, torch 2.11.0 (CPU, one thread), scipy 1.17.1, scikit-learn 1.9.1.
"""

import argparse
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")
import numpy as np
import soundfile as sf
import torch
from pyannote.audio import Pipeline
from pyannote.audio.pipelines import clustering


def rttm(annotation, name):
    return "".join(
        f"SPEAKER {name} 1 {s.start:.3f} {s.duration:.3f} <NA> <NA> {label} <NA> <NA>\n"
        for s, _, label in annotation.itertracks(yield_label=True)
    )


def spy_on(owner, name, seen):
    """Keeps copies of the arguments and results of the last call of owner.name in seen[name]."""
    original = getattr(owner, name)

    def wrapper(*args, **kwargs):
        kept = [np.copy(a) if isinstance(a, np.ndarray) else a for a in args]
        result = original(*args, **kwargs)
        seen.setdefault(name, (kept, kwargs, result))
        return result

    setattr(owner, name, wrapper)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pipeline", required=True)
    parser.add_argument("--audio", nargs="+", required=True)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    pipeline = Pipeline.from_pretrained(Path(args.pipeline))
    seen = {}
    spy_on(clustering, "cluster_vbx", seen)
    spy_on(pipeline.clustering, "filter_embeddings", seen)
    spy_on(pipeline, "reconstruct", seen)
    for path in map(Path, args.audio):
        seen.clear()
        artifacts = {}

        def hook(step, artifact=None, **_):
            if artifact is not None:
                artifacts[step] = artifact

        samples, rate = sf.read(path, dtype="float32", always_2d=True)
        result = pipeline({"waveform": torch.tensor(samples.T.copy()), "sample_rate": rate, "uri": path.stem}, hook=hook)
        segmentation = artifacts["segmentation"].data
        active = segmentation.sum(axis=1) > 0
        arrays = {
            "segmentation": (segmentation @ [1, 2, 4]).astype(np.uint8),
            "count": artifacts["speaker_counting"].data[:, 0].astype(np.uint8),
            "centroids": result.speaker_embeddings.astype(np.float64),
        }
        if active.any():
            arrays["embeddings"] = artifacts["embeddings"][active].astype(np.float32)
            hard = seen["reconstruct"][0][1]
            hard[~active] = -2
            arrays["hard"] = hard.astype(np.int8)
            _, chunk, speaker = seen["filter_embeddings"][2]
            arrays["train"] = np.stack([chunk, speaker], 1).astype(np.uint32)
        if "cluster_vbx" in seen:
            arrays["ahc"] = np.asarray(seen["cluster_vbx"][0][0], dtype=np.int32)
            arrays["gamma"], arrays["pi"] = (np.asarray(a, dtype=np.float64) for a in seen["cluster_vbx"][2][:2])
        for key, array in arrays.items():
            np.save(out / f"{path.stem}.{key}.npy", np.ascontiguousarray(array))
        (out / f"{path.stem}.rttm").write_text(rttm(result.speaker_diarization, path.stem))
        (out / f"{path.stem}.exclusive.rttm").write_text(rttm(result.exclusive_speaker_diarization, path.stem))
        print(path.stem, {key: array.shape for key, array in arrays.items()})


if __name__ == "__main__":
    main()
