#!/usr/bin/env python3
"""Times the two networks in ONNX Runtime and in diarist, in turn, and prints a Markdown table.

    pip install -r tools/bench/requirements.txt
    python tools/bench/onnxruntime_compare.py [--runs N] [--threads 1 2] [--batches 1 8]
        [--isas avx2] [--precisions f32 bf16 int8] [--int8]

The script makes both ONNX graphs from the safetensors of crates/diarist-weights. The ResNet34 trunk
takes log-mel features [B, 998, 80] around their mean and gives [B, 256, 10, 125]. The segmentation
network takes samples [B, 1, 160000] and gives logits [B, 589, 7]. ONNX Runtime runs them with its
default optimisations, except that its threads stop at the end of a run. With --int8 it also runs
them after its own static quantisation (QDQ, per channel). For diarist the script compiles the
benchmark `networks` and requests one run at a time. The input is a chunk of speech of
fixtures/golden; further chunks of a batch are shifted in time. A batch has B chunks for each
thread.

The outputs are compared first. Then every engine runs once per round. Times are medians, per chunk.
A ratio is the median over the rounds of the ratio to ONNX Runtime's f32; values above 1 are faster.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load, load_file

REPOSITORY = Path(__file__).resolve().parents[2]
WEIGHTS = REPOSITORY / "crates/diarist-weights"
GOLDEN = REPOSITORY / "fixtures/golden"


class Graph:
    """Collects nodes and constants; every operator returns the name of its output."""

    def __init__(self):
        self.nodes, self.constants = [], []

    def constant(self, array):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def add(self, operator, *inputs, **attributes):
        name = f"n{len(self.nodes)}"
        inputs = [self.constant(x) if isinstance(x, np.ndarray) else x for x in inputs]
        self.nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def save(self, path, input_shape, output, output_shape):
        self.nodes[-1].output[0] = "output"
        graph = helper.make_graph(
            self.nodes,
            path.stem,
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, input_shape)],
            [helper.make_tensor_value_info("output", TensorProto.FLOAT, output_shape)],
            self.constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(model)
        onnx.save(model, path)


def save_trunk(path):
    weights = load(b"".join((WEIGHTS / f"embedding/{part}/part.bin").read_bytes() for part in (1, 2, 3)))
    g = Graph()

    def conv(x, name, kernel, stride):
        weight, bias = weights[f"resnet.{name}.weight"], weights[f"resnet.{name}.bias"]
        return g.add("Conv", x, weight, bias, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[kernel // 2] * 4)

    x = g.add("Unsqueeze", g.add("Transpose", "input", perm=[0, 2, 1]), np.array([1]))
    x = g.add("Relu", conv(x, "conv1", 3, 1))
    for stage, num_blocks in enumerate([3, 4, 6, 3], 1):
        for i in range(num_blocks):
            reduces = stage > 1 and i == 0
            hidden = g.add("Relu", conv(x, f"layer{stage}.{i}.conv1", 3, 2 if reduces else 1))
            hidden = conv(hidden, f"layer{stage}.{i}.conv2", 3, 1)
            x = conv(x, f"layer{stage}.{i}.shortcut.0", 1, 2) if reduces else x
            x = g.add("Relu", g.add("Add", hidden, x))
    g.save(path, ["B", 998, 80], x, ["B", 256, 10, 125])


def save_segmentation(path):
    weights = load_file(WEIGHTS / "data/segmentation-3.0.safetensors")
    g = Graph()

    def norm(x, name):
        return g.add("InstanceNormalization", x, weights[f"{name}.weight"], weights[f"{name}.bias"], epsilon=1e-5)

    def gates(name):  # PyTorch: input, forget, cell, output; ONNX: input, output, forget, cell
        i, f, c, o = np.split(weights[name], 4)
        return np.concatenate([i, o, f, c])

    def both(name, layer):
        return np.stack([gates(f"lstm.{name}_l{layer}{direction}") for direction in ("", "_reverse")])

    def linear(x, name):
        return g.add("Add", g.add("MatMul", x, weights[f"{name}.weight"].T), weights[f"{name}.bias"])

    x = norm("input", "sincnet.wav_norm1d")
    filters = np.load(GOLDEN / "pyannet/sinc_filters.npy").reshape(80, 1, 251)
    x = g.add("Abs", g.add("Conv", x, filters, kernel_shape=[251], strides=[10]))
    for i in range(3):
        if i > 0:
            name = f"sincnet.conv1d.{i}"
            x = g.add("Conv", x, weights[f"{name}.weight"], weights[f"{name}.bias"], kernel_shape=[5])
        x = norm(g.add("MaxPool", x, kernel_shape=[3], strides=[3]), f"sincnet.norm1d.{i}")
        x = g.add("LeakyRelu", x, alpha=0.01)
    x = g.add("Transpose", x, perm=[2, 0, 1])
    for layer in range(4):
        bias = np.concatenate([both("bias_ih", layer), both("bias_hh", layer)], axis=1)
        w, r = both("weight_ih", layer), both("weight_hh", layer)
        x = g.add("LSTM", x, w, r, bias, hidden_size=128, direction="bidirectional")
        x = g.add("Reshape", g.add("Transpose", x, perm=[0, 2, 1, 3]), np.array([0, 0, -1]))
    x = g.add("Transpose", x, perm=[1, 0, 2])
    for i in range(2):
        x = g.add("LeakyRelu", linear(x, f"linear.{i}"), alpha=0.01)
    x = linear(x, "classifier")
    g.save(path, ["B", 1, 160000], x, ["B", 589, 7])


def trunk_input(num_chunks):
    fbank = np.load(GOLDEN / "resnet34/chunk_fbank.npy").astype(np.float32) / 256
    fbank -= fbank.mean(axis=0)
    return np.stack([np.roll(fbank, 97 * i, axis=0) for i in range(num_chunks)])


def segmentation_input(num_chunks):
    samples = np.load(GOLDEN / "pyannet/samples.npy").astype(np.float32) / 32768
    return np.stack([np.roll(samples, 15551 * i)[None] for i in range(num_chunks)])


def trunk_output(values, num_chunks):
    return values.reshape(num_chunks, 10, 125, 256).transpose(0, 3, 1, 2)


def segmentation_output(values, num_chunks):
    return values.reshape(num_chunks, 589, 7)


NETWORKS = {
    "trunk": (save_trunk, trunk_input, trunk_output),
    "segmentation": (save_segmentation, segmentation_input, segmentation_output),
}


class OnnxRuntime:
    def __init__(self, path, threads):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        # Threads that spin until the next run would slow down the engine whose turn it is.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def run(self, x):
        start = time.perf_counter()
        (output,) = self.session.run(None, {"input": x})
        return (time.perf_counter() - start) * 1e3, output


class Diarist:
    """The benchmark as a process that runs on request."""

    def __init__(self, executable, isa):
        environment = dict(os.environ, DIARIST_ISA=isa) if isa else os.environ
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([executable, "--serve"], stdin=pipe, stdout=pipe, text=True, env=environment)

    def run(self, network, precision, threads, path, output="-"):
        print(network, precision, threads, path, output, file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline())


def build():
    command = ["cargo", "bench", "-p", "diarist", "--bench", "networks", "--no-run", "--locked", "--message-format=json"]
    lines = subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()
    artifacts = [json.loads(line) for line in lines if line.startswith("{")]
    return next(a["executable"] for a in artifacts if a.get("executable") and a["target"]["name"] == "networks")


def quantised(path, make_input):
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Reader(CalibrationDataReader):
        def __init__(self):
            self.chunks = [{"input": chunk[None]} for chunk in make_input(4)]

        def get_next(self):
            return self.chunks.pop() if self.chunks else None

    out = path.with_suffix(".int8.onnx")
    types = {"activation_type": QuantType.QUInt8, "weight_type": QuantType.QInt8}
    quantize_static(path, out, Reader(), quant_format=QuantFormat.QDQ, per_channel=True, **types)
    return out


def difference(found, expected):
    """Cosine, largest difference relative to the largest value, share of equal classes.

    The classes are the positions of the largest values along the last axis.
    """
    a, b = found.astype(np.float64).ravel(), expected.astype(np.float64).ravel()
    cosine = a @ b / np.sqrt((a @ a) * (b @ b))
    relative = np.abs(a - b).max() / np.abs(b).max()
    return cosine, relative, (found.argmax(-1) == expected.argmax(-1)).mean()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 8])
    parser.add_argument("--precisions", nargs="+", default=["f32"])
    parser.add_argument("--isas", nargs="*", default=[], help="run diarist also on these lower instruction sets")
    parser.add_argument("--int8", action="store_true", help="also ONNX Runtime's own int8")
    args = parser.parse_args()
    executable = build()
    served = {isa: Diarist(executable, isa) for isa in [None, *args.isas]}
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        for network in args.networks:
            save, make_input, make_output = NETWORKS[network]
            graphs = {"f32": folder / f"{network}.onnx"}
            save(graphs["f32"])
            if args.int8:
                graphs["int8"] = quantised(graphs["f32"], make_input)
            for threads in args.threads:
                sessions = {name: OnnxRuntime(path, threads) for name, path in graphs.items()}
                for batch in args.batches:
                    num_chunks = batch * threads
                    x = make_input(num_chunks)
                    path = folder / f"{network}-{num_chunks}.f32"
                    x.tofile(path)
                    engines = {f"ONNX Runtime {name}": lambda s=s: s.run(x)[0] for name, s in sessions.items()}
                    expected = sessions["f32"].run(x)[1]
                    for name, session in sessions.items():
                        if name != "f32":
                            print_difference(network, num_chunks, threads, f"ONNX Runtime {name}", session.run(x)[1], expected)
                    for isa, server in served.items():
                        for precision in args.precisions:
                            name = f"diarist {precision}" + (f" ({isa})" if isa else "")
                            output = folder / "output.f32"
                            server.run(network, precision, threads, path, output)
                            found = make_output(np.fromfile(output, np.float32), num_chunks)
                            print_difference(network, num_chunks, threads, name, found, expected)
                            # f32 sums in another order, over some 40 layers.
                            if precision == "f32" and not np.abs(found - expected).max() <= 2e-4 * np.abs(expected).max():
                                raise SystemExit("the outputs differ")
                            engines[name] = lambda s=server, p=precision, f=path: s.run(network, p, threads, f)
                    times = {name: [] for name in engines}
                    for _ in range(args.runs):
                        for name, run in engines.items():
                            times[name].append(run() / num_chunks)
                    rows += [(network, threads, num_chunks, name, t, times["ONNX Runtime f32"]) for name, t in times.items()]
    print(f"\nONNX Runtime {onnxruntime.__version__}, {args.runs} rounds\n")
    print("| network | threads | chunks | engine | ms per chunk | fastest | times ONNX Runtime f32 |")
    print("|---|---|---|---|---|---|---|")
    for network, threads, num_chunks, name, t, reference in rows:
        ratio = statistics.median(r / x for r, x in zip(reference, t))
        print(f"| {network} | {threads} | {num_chunks} | {name} | {statistics.median(t):.1f} | {min(t):.1f} | {ratio:.2f} |")


def print_difference(network, num_chunks, threads, name, found, expected):
    cosine, relative, classes = difference(found, expected)
    text = f", equal classes {classes:.2%}" if network == "segmentation" else ""
    print(f"{network}, {num_chunks} chunks, {threads} threads, {name}: cosine {cosine:.7f}, largest difference {relative:.1e}{text}", flush=True)


if __name__ == "__main__":
    main()
