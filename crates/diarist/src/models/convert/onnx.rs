//! ResNet34 as an ONNX graph, as WeSpeaker and pyannote export it: batch normalisation is folded,
//! and layers have no names.
//!
//! Only the messages and fields of `onnx.proto` (ONNX 1.x,
//! <https://onnx.ai/onnx/repo-docs/IR.html>) that hold weights and the order of the layers are
//! declared. Nested messages stay undecoded bytes until they are counted, so that a small file
//! cannot ask for much memory.

use std::borrow::Cow;

use prost::Message;
use prost::bytes::Bytes;

use crate::error::{Error, ErrorKind, Result};
use crate::models::architecture::{Architecture, resnet34_convolutions};
use crate::models::tensors::{Dtype, Tensors};

/// Largest model that is read, in bytes. ResNet34 has 27 MB in f32, and decoding may take several
/// times the size of the file.
const MAX_BYTES: usize = 64 << 20;
/// Most nodes, and most initialisers, of a graph. ResNet34 has about 120 and 80.
const MAX_ITEMS: usize = 10_000;

#[derive(Clone, PartialEq, Message)]
struct Model {
    #[prost(bytes = "bytes", tag = "7")]
    graph: Bytes,
}

#[derive(Clone, PartialEq, Message)]
struct Graph {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    nodes: Vec<Bytes>,
    #[prost(bytes = "bytes", repeated, tag = "5")]
    initializers: Vec<Bytes>,
}

#[derive(Clone, PartialEq, Message)]
struct Node {
    #[prost(string, repeated, tag = "1")]
    inputs: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    outputs: Vec<String>,
    #[prost(string, tag = "4")]
    op_type: String,
    #[prost(message, repeated, tag = "5")]
    attributes: Vec<Attribute>,
}

#[derive(Clone, PartialEq, Message)]
struct Attribute {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(float, tag = "2")]
    float: f32,
    #[prost(int64, tag = "3")]
    int: i64,
    #[prost(bytes = "bytes", tag = "5")]
    tensor: Bytes,
}

#[derive(Clone, PartialEq, Message)]
struct Initializer {
    #[prost(int64, repeated, tag = "1")]
    dims: Vec<i64>,
    #[prost(int32, tag = "2")]
    data_type: i32,
    #[prost(float, repeated, tag = "4")]
    float_data: Vec<f32>,
    #[prost(string, tag = "8")]
    name: String,
    #[prost(bytes = "bytes", tag = "9")]
    raw_data: Bytes,
    /// 1 if the values are in another file.
    #[prost(int32, tag = "14")]
    data_location: i32,
}

/// Reads the weights of ResNet34 out of an ONNX model.
pub(in crate::models) fn parse(bytes: Vec<u8>, what: &str) -> Result<Tensors<'static>> {
    if bytes.len() > MAX_BYTES {
        return Err(Error::weights(format!("the ONNX model is larger than {} MiB", MAX_BYTES >> 20)).at(what));
    }
    let graph = decode(bytes.into(), what).and_then(|model: Model| decode::<Graph>(model.graph, what))?;
    if graph.nodes.len() > MAX_ITEMS || graph.initializers.len() > MAX_ITEMS {
        return Err(Error::weights(format!("the graph has more than {MAX_ITEMS} nodes or initialisers")).at(what));
    }
    let mut stored = Tensors::empty(what);
    for bytes in graph.initializers {
        store(decode(bytes, what)?, &mut stored)?;
    }
    let nodes = graph.nodes.into_iter().map(|bytes| decode(bytes, what)).collect::<Result<Vec<Node>>>()?;
    for node in nodes.iter().filter(|node| node.op_type == "Constant") {
        if let ([output], [value]) = (node.outputs.as_slice(), node.attributes.as_slice()) {
            let constant: Initializer = decode(value.tensor.clone(), what)?;
            store(Initializer { name: output.clone(), ..constant }, &mut stored)?;
        }
    }
    let mut tensors = Tensors::empty(what);
    convolutions(&nodes, &stored, &mut tensors)?;
    linear(&nodes, &stored, &mut tensors)?;
    Ok(tensors)
}

fn decode<M: Message + Default>(bytes: Bytes, what: &str) -> Result<M> {
    M::decode(bytes).map_err(|error| Error::weights("not a readable ONNX model").at(what).caused_by(error))
}

/// Adds an initialiser or constant to `stored`, unless it is of a type that holds no weights.
fn store(proto: Initializer, stored: &mut Tensors<'_>) -> Result<()> {
    let name = proto.name;
    let what = stored.what().to_owned();
    let fault = |reason: &str| Error::weights(format!("initialiser {name} {reason}")).at(what);
    if proto.data_location == 1 {
        return Err(fault("is in another file").hint("export the model into a single file"));
    }
    let (dtype, size) = match proto.data_type {
        1 => (Dtype::F32, 4),
        10 => (Dtype::F16, 2),
        11 => (Dtype::F64, 8),
        16 => (Dtype::BF16, 2),
        _ => return Ok(()),
    };
    let data = if dtype == Dtype::F32 && proto.raw_data.is_empty() {
        proto.float_data.iter().flat_map(|value| value.to_le_bytes()).collect()
    } else {
        Vec::from(proto.raw_data)
    };
    let Some(shape) = proto.dims.iter().map(|&dim| usize::try_from(dim).ok()).collect::<Option<Vec<usize>>>() else {
        return Err(fault("has a negative dimension"));
    };
    if shape.iter().try_fold(size, |bytes: usize, &dim| bytes.checked_mul(dim)) != Some(data.len()) {
        return Err(fault(&format!("has shape {shape:?} but {} bytes", data.len())));
    }
    stored.insert(&name, dtype, shape, Cow::Owned(data));
    Ok(())
}

/// Gives the convolutions their names.
///
/// Nodes are in forward order, but the shortcut of a block may stand anywhere among the block's
/// convolutions. Each layer therefore takes the first of the next three convolutions that has its
/// shape; in a block with a shortcut all three shapes differ.
fn convolutions(nodes: &[Node], stored: &Tensors<'_>, tensors: &mut Tensors<'_>) -> Result<()> {
    let what = stored.what();
    let mut pending = Vec::new();
    for node in nodes.iter().filter(|node| node.op_type == "Conv") {
        let [_, weight, bias] = node.inputs.as_slice() else {
            return Err(Error::weights("a convolution has no bias, so batch normalisation is not folded into it")
                .at(what)
                .hint("export the network in evaluation mode"));
        };
        pending.push((weight, bias));
    }
    for (layer, shape) in resnet34_convolutions() {
        let fits = |(weight, _): &(&String, &String)| stored.shape(weight) == Some(&shape);
        let Some(index) = pending.iter().take(3).position(fits) else {
            let found = pending.first().and_then(|(weight, _)| stored.shape(weight));
            let found = found.map_or_else(|| "is missing".to_owned(), |found| format!("has shape {found:?}"));
            return Err(Error::weights(format!("the convolution for resnet.{layer} {found}, expected {shape:?}"))
                .at(what)
                .hint("only WeSpeaker's ResNet34 is read from ONNX"));
        };
        let (weight, bias) = pending.remove(index);
        tensors.insert_f32(&format!("resnet.{layer}.weight"), shape.to_vec(), &stored.f32(weight, &shape)?);
        tensors.insert_f32(&format!("resnet.{layer}.bias"), shape[..1].to_vec(), &stored.f32(bias, &shape[..1])?);
    }
    match pending.len() {
        0 => Ok(()),
        more => Err(Error::weights(format!("the graph has {more} more convolutions than ResNet34")).at(what)),
    }
}

/// Reads the last layer, `y = weight x + bias`. An export may subtract the mean of its training
/// data from the output, which becomes part of the bias.
fn linear(nodes: &[Node], stored: &Tensors<'_>, tensors: &mut Tensors<'_>) -> Result<()> {
    let fault = |reason: &str| Error::weights(reason).at(stored.what());
    let mut layers = nodes.iter().filter(|node| node.op_type == "Gemm");
    let (Some(node), None) = (layers.next(), layers.next()) else {
        return Err(fault("the graph does not have exactly one Gemm node, the layer resnet.seg_1"));
    };
    let ([_, weight, bias], [output]) = (node.inputs.as_slice(), node.outputs.as_slice()) else {
        return Err(fault("the Gemm node has no bias"));
    };
    let mut transposed = false;
    for attribute in &node.attributes {
        match (attribute.name.as_str(), attribute.int, attribute.float) {
            ("transB", int, _) => transposed = int == 1,
            ("transA", 0, _) | ("alpha" | "beta", _, 1.0) => {}
            (name, ..) => return Err(fault(&format!("the Gemm node has an unexpected value of {name}"))),
        }
    }
    let shapes = Architecture::ResNet34.tensors();
    let [.., (weight_name, weight_shape), (bias_name, bias_shape)] = shapes.as_slice() else {
        return Err(Error::new(ErrorKind::Internal, "ResNet34 has no last layer"));
    };
    let weight = if transposed {
        stored.f32(weight, weight_shape)?
    } else {
        let (rows, columns) = (weight_shape[0], weight_shape[1]);
        let values = stored.f32(weight, &[columns, rows])?;
        (0..rows * columns).map(|index| values[index % columns * rows + index / columns]).collect()
    };
    let mut bias = stored.f32(bias, bias_shape)?;
    for node in nodes.iter().filter(|node| node.op_type == "Sub" && node.inputs.first() == Some(output)) {
        let mean = stored.f32(&node.inputs.get(1).cloned().unwrap_or_default(), bias_shape)?;
        bias.iter_mut().zip(mean).for_each(|(bias, mean)| *bias -= mean);
    }
    tensors.insert_f32(weight_name, weight_shape.clone(), &weight);
    tensors.insert_f32(bias_name, bias_shape.clone(), &bias);
    Ok(())
}
