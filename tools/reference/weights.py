"""Writes small checkpoints of both networks, and the tensors expected from them.

    python3 tools/reference/weights.py

Writes to fixtures/golden/weights.

Needs torch 2.11.0, pyannote.audio 4.0.7, onnx 1.23.2 and numpy. The tensors have the names and
shapes of pyannote's own modules, and their values are synthetic. In the checkpoints all tensors are
overlapping strided views of one short storage. In the ONNX model they repeat a short pattern, which
compresses well. So the files are small although the networks are not, and a reader must handle
offset, stride and shared storage.

Expected values come from torch: batch normalisation is folded by torch.nn.utils.fusion in double
precision.
"""

import gzip
import io
import json
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")
import numpy as np
import onnx
import torch
from pyannote.audio.core.task import Problem, Resolution, Specifications
from pyannote.audio.models.embedding import WeSpeakerResNet34
from pyannote.audio.models.segmentation import PyanNet
from torch.nn.utils.fusion import fuse_conv_bn_weights

OUTPUT = Path(__file__).parents[2] / "fixtures/golden/weights"
generator = torch.Generator().manual_seed(20)
VALUES = torch.randn(8192, generator=generator) * 0.1
POSITIVE = torch.rand(1024, generator=generator) + 0.5
STRIDES = {0: (), 1: (1,), 2: (3, 1), 3: (7, 3, 1), 4: (7, 5, 3, 1)}


def synthetic(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The same names and shapes, as views of the two short storages; integers stay."""
    out = {}
    for i, (name, tensor) in enumerate(state.items()):
        if not tensor.is_floating_point():
            out[name] = tensor
            continue
        storage = POSITIVE if name.endswith("running_var") else VALUES
        strides = STRIDES[tensor.ndim]
        extent = sum((size - 1) * stride for size, stride in zip(tensor.shape, strides)) + 1
        out[name] = storage.as_strided(tensor.shape, strides, (37 * i) % (len(storage) - extent + 1))
    return out


def checkpoint(net, state: dict[str, torch.Tensor], problem: Problem) -> dict:
    """The dictionary that Lightning and pyannote write."""
    kind = type(net)
    return {
        "state_dict": state,
        "hyper_parameters": dict(net.hparams),
        "pytorch-lightning_version": "2.0.2",
        "pyannote.audio": {
            "versions": {"torch": "2.11.0", "pyannote.audio": "4.0.7"},
            "architecture": {"module": kind.__module__, "class": kind.__name__},
            "specifications": Specifications(problem=problem, resolution=Resolution.FRAME, duration=10.0),
        },
    }


def save(data, name: str) -> None:
    """torch.save with an archive name and time stamps that do not depend on the machine."""
    buffer = io.BytesIO()
    torch.save(data, buffer)
    (OUTPUT / name).write_bytes(buffer.getvalue())


def folded(net) -> dict[str, torch.Tensor]:
    """ResNet34's tensors with every batch normalisation folded into its convolution."""
    r = net.resnet
    layers = [("conv1", r.conv1, r.bn1)]
    for s, stage in enumerate((r.layer1, r.layer2, r.layer3, r.layer4), 1):
        for b, block in enumerate(stage):
            layers += [(f"layer{s}.{b}.conv{i}", getattr(block, f"conv{i}"), getattr(block, f"bn{i}")) for i in (1, 2)]
            if len(block.shortcut):
                layers.append((f"layer{s}.{b}.shortcut.0", *block.shortcut))
    out = {}
    for name, conv, bn in layers:
        values = (conv.weight, conv.bias, bn.running_mean, bn.running_var)
        values = [None if value is None else value.detach().double() for value in values]
        weight, bias = fuse_conv_bn_weights(*values, bn.eps, bn.weight.detach().double(), bn.bias.detach().double())
        out[f"resnet.{name}.weight"], out[f"resnet.{name}.bias"] = weight, bias
    out["resnet.seg_1.weight"], out["resnet.seg_1.bias"] = r.seg_1.weight, r.seg_1.bias
    return out


def summary(tensors: dict[str, torch.Tensor]) -> dict:
    """Shape, sum, sum of squares and eight values of each tensor."""
    out = {}
    for name, tensor in sorted(tensors.items()):
        flat = tensor.detach().double().numpy().ravel()
        indices = np.unique(np.linspace(0, flat.size - 1, 8).astype(int))
        out[name] = {
            "shape": list(tensor.shape),
            "sum": float(flat.sum()),
            "sum_of_squares": float((flat**2).sum()),
            "samples": [[int(i), float(flat[i])] for i in indices],
        }
    return out


class Exported(torch.nn.Module):
    """The network as WeSpeaker exports it: from features to the embedding minus a mean vector."""

    def __init__(self, net):
        super().__init__()
        self.resnet = net.resnet
        self.mean_vec = VALUES[100:356].clone()

    def forward(self, feats):
        return self.resnet(feats)[1] - self.mean_vec


def patterned(net) -> None:
    """Fills the network with repeating patterns, batch normalisation of unit scale."""
    with torch.no_grad():
        for i, (name, tensor) in enumerate(net.resnet.state_dict().items()):
            if name.endswith("running_var"):
                tensor.fill_(1 - 1e-5)
            elif tensor.ndim == 1 and (".bn" in name or name.startswith("bn") or "shortcut.1" in name) and name.endswith("weight"):
                tensor.fill_(1)
            elif tensor.is_floating_point():
                length = min(tensor.numel(), 27 + i)
                pattern = VALUES[i : i + length]
                tensor.copy_(pattern.repeat(tensor.numel() // length + 1)[: tensor.numel()].view(tensor.shape))


def main() -> None:
    OUTPUT.mkdir(parents=True, exist_ok=True)
    expected = {}

    net = PyanNet(sincnet={"stride": 10}, lstm={"hidden_size": 128, "num_layers": 4, "bidirectional": True, "monolithic": True, "dropout": 0.5})
    net.specifications = Specifications(
        problem=Problem.MONO_LABEL_CLASSIFICATION, resolution=Resolution.FRAME, duration=10.0,
        classes=["speaker#1", "speaker#2", "speaker#3"], powerset_max_classes=2,
    )
    net.build()
    state = synthetic(net.state_dict())
    save(checkpoint(net, state, Problem.MONO_LABEL_CLASSIFICATION), "pyannet.ckpt")
    expected["pyannet.ckpt"] = summary(state)
    wrong = checkpoint(net, state, Problem.MONO_LABEL_CLASSIFICATION)
    wrong["hyper_parameters"]["sincnet"] = {"stride": 5, "sample_rate": 16000}
    save(wrong, "pyannet-stride-5.ckpt")

    net = WeSpeakerResNet34().eval()
    state = synthetic(net.state_dict())
    save(checkpoint(net, state, Problem.REPRESENTATION), "resnet34.ckpt")
    save({name.removeprefix("resnet."): tensor for name, tensor in state.items()}, "avg_model.pt")
    net.load_state_dict(state)
    expected["resnet34.ckpt"] = summary(folded(net))

    patterned(net)
    exported = Exported(net)
    path = OUTPUT / "resnet34.onnx"
    torch.onnx.export(
        exported, torch.zeros(1, 200, 80), str(path), input_names=["feats"], output_names=["embs"],
        dynamic_axes={"feats": {0: "B", 1: "T"}, "embs": {0: "B"}}, opset_version=14, dynamo=False,
    )
    model = onnx.load(path)
    path.unlink()
    (OUTPUT / "resnet34.onnx.gz").write_bytes(gzip.compress(model.SerializeToString(deterministic=True), 9, mtime=0))
    tensors = folded(net)
    tensors["resnet.seg_1.bias"] = tensors["resnet.seg_1.bias"] - exported.mean_vec
    expected["resnet34.onnx"] = summary(tensors)

    (OUTPUT / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")
    for file in sorted(OUTPUT.iterdir()):
        print(file.stat().st_size, file.name)


if __name__ == "__main__":
    main()
