//! `diarist models`: what is embedded, what a file of weights holds, and conversion to safetensors.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use diarist::models::{Architecture, Dtype, TensorInfo, Tensors};
use diarist::{Error, ErrorKind};
use diarist_weights::{Model, manifest};
use sha2::{Digest, Sha256};

/// Lists, inspects, verifies and converts the weights of networks
#[derive(Debug, clap::Args)]
pub(crate) struct ModelsArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Lists the embedded models: architecture, size, licence and source
    List,
    /// Lists the tensors of a model: type, shape and statistics
    ///
    /// Checkpoints and ONNX are shown as diarist uses them: batch normalisation folded into the convolutions.
    Inspect {
        /// An embedded model's name, or a file: safetensors, a PyTorch checkpoint, or ONNX
        model: PathBuf,
    },
    /// Checks the embedded models against their SHA-256, and a file's tensors against its architecture
    Verify {
        /// A file of weights to check as well
        file: Option<PathBuf>,
    },
    /// Converts a pyannote or WeSpeaker checkpoint, or a ResNet34 ONNX model, to safetensors
    Convert {
        /// `pytorch_model.bin`, `avg_model.pt`, an ONNX model, or safetensors
        input: PathBuf,
        /// The safetensors file to write
        output: PathBuf,
    },
}

/// Runs `diarist models`.
pub(crate) fn run(args: &ModelsArgs) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match &args.command {
        Command::List => manifest().models.iter().try_for_each(|model| list(model, &mut out))?,
        Command::Inspect { model } => inspect(&load(model)?, &mut out)?,
        Command::Verify { file } => {
            for model in &manifest().models {
                verify_embedded(model)?;
                writeln!(out, "{}: embedded, {}, sha256 {}", model.name, model.architecture, model.sha256)?;
            }
            if let Some(file) = file {
                let (_, architecture) = open(file)?;
                writeln!(out, "{}: loads as {}", file.display(), architecture.name())?;
            }
        }
        Command::Convert { input, output } => convert(input, output, &mut out)?,
    }
    Ok(())
}

fn list(model: &Model, out: &mut impl Write) -> io::Result<()> {
    let source = &model.source;
    writeln!(out, "{}", model.name)?;
    writeln!(out, "  {}", model.title)?;
    writeln!(out, "  architecture  {}", model.architecture)?;
    writeln!(out, "  parameters    {} in {} tensors", model.parameters, model.tensors)?;
    writeln!(out, "  size          {:.1} MB", model.bytes as f64 / 1e6)?;
    writeln!(out, "  licence       {}", model.licence)?;
    writeln!(out, "  attribution   {}", model.attribution)?;
    writeln!(out, "  source        {} {} {}", source.registry, source.package, source.version)?;
    for file in &source.files {
        writeln!(out, "                {}", file.path)?;
    }
    writeln!(out, "  changes       {}", model.changes)
}

/// The embedded model of this name, else the file.
fn load(model: &Path) -> diarist::Result<Tensors<'static>> {
    match manifest().models.iter().find(|entry| Path::new(&entry.name) == model) {
        Some(entry) => Tensors::parse(embedded(entry)?, &entry.name),
        None => {
            let names: Vec<&str> = manifest().models.iter().map(|model| model.name.as_str()).collect();
            if !model.exists() {
                return Err(Error::weights("no such file or embedded model")
                    .at(model.display().to_string())
                    .hint(format!("embedded are {}", names.join(", "))));
            }
            Tensors::open(model)
        }
    }
}

fn inspect(tensors: &Tensors<'_>, out: &mut impl Write) -> io::Result<()> {
    let rows: Vec<[String; 4]> = tensors
        .iter()
        .map(|tensor| [tensor.name.to_owned(), tensor.dtype.to_string(), shape(&tensor), statistics(tensors, &tensor)])
        .collect();
    let header = ["tensor", "type", "shape", "min, max, mean, standard deviation"].map(str::to_owned);
    let width = |column: usize| rows.iter().chain([&header]).map(|row| row[column].len()).max().unwrap_or(0);
    let [name_width, type_width, shape_width] = [width(0), width(1), width(2)];
    for [name, dtype, shape, statistics] in [&header].into_iter().chain(&rows) {
        writeln!(out, "{name:name_width$}  {dtype:type_width$}  {shape:shape_width$}  {statistics}")?;
    }
    let architecture = Architecture::recognise(tensors).map_or("unknown", Architecture::name);
    let parameters: usize = tensors.iter().map(|tensor| tensor.shape.iter().product::<usize>()).sum();
    writeln!(out, "architecture {architecture}, {} tensors, {parameters} parameters", rows.len())
}

fn shape(tensor: &TensorInfo<'_>) -> String {
    let dims: Vec<String> = tensor.shape.iter().map(ToString::to_string).collect();
    format!("[{}]", dims.join(", "))
}

fn statistics(tensors: &Tensors<'_>, tensor: &TensorInfo<'_>) -> String {
    if !matches!(tensor.dtype, Dtype::F16 | Dtype::BF16 | Dtype::F32 | Dtype::F64) {
        return "not floating-point".to_owned();
    }
    let Ok(values) = tensors.f64(tensor.name, tensor.shape) else {
        return "holds values that are not finite".to_owned();
    };
    if values.is_empty() {
        return "empty".to_owned();
    }
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
    let min = values.iter().copied().fold(f64::INFINITY, f64::min);
    let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    [min, max, mean, variance.sqrt()].map(|value| format!("{value:>11.4e}")).join(" ")
}

fn embedded(model: &Model) -> diarist::Result<&'static [u8]> {
    model.data().ok_or_else(|| {
        Error::new(ErrorKind::Internal, "the manifest names a model that is not embedded").at(model.name.as_str())
    })
}

fn verify_embedded(model: &Model) -> diarist::Result<()> {
    let data = embedded(model)?;
    let found = sha256(data);
    if found != model.sha256 {
        return Err(Error::weights(format!("sha256 is {found}, expected {}", model.sha256))
            .at(model.name.as_str())
            .hint("this copy of diarist is damaged, install it again"));
    }
    let tensors = Tensors::parse(data, &model.name)?;
    Architecture::recognise(&tensors)?.check(&tensors)
}

/// A file of weights, complete and of one of our architectures.
fn open(path: &Path) -> diarist::Result<(Tensors<'static>, Architecture)> {
    let tensors = Tensors::open(path)?;
    let architecture = Architecture::recognise(&tensors)?;
    architecture.check(&tensors)?;
    Ok((tensors, architecture))
}

fn convert(input: &Path, output: &Path, out: &mut impl Write) -> anyhow::Result<()> {
    let (tensors, architecture) = open(input)?;
    let bytes = tensors.to_safetensors(architecture.name())?;
    fs::write(output, &bytes).map_err(|error| {
        Error::new(ErrorKind::Output, "cannot be written").at(output.display().to_string()).caused_by(error)
    })?;
    writeln!(out, "{}: {}, sha256 {}", output.display(), architecture.name(), sha256(&bytes))?;
    Ok(())
}

/// Lower-case hexadecimal.
fn sha256(data: &[u8]) -> String {
    Sha256::digest(data).iter().map(|byte| format!("{byte:02x}")).collect()
}
