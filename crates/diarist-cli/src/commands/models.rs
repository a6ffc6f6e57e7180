//! `diarist models`: embedded models, contents of files of weights, and conversion to safetensors.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use diarist::parts::files;
use diarist::parts::models::stored::{self, Form, Granularity};
use diarist::parts::models::{Architecture, Dtype, Encoding, TensorInfo, Tensors};
use diarist::{Error, ErrorKind};
use diarist_weights::{Model, manifest};
use sha2::{Digest, Sha256};

use crate::{exit, output, terminal};

const EXAMPLES: &str = "\
Examples:
  diarist models list                                              embedded models with source and licence
  diarist models inspect segmentation-3.0                          tensors of a model
  diarist models verify mine.safetensors                           check of a file of weights
  diarist models convert pytorch_model.bin mine.safetensors        for --embedding or --segmentation
  diarist models quantize segmentation-3.0 --form palette8 --output-dir small";

/// Lists, inspects, verifies, converts and shrinks the weights of networks
#[derive(Debug, clap::Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{}", exit::HELP))]
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
    /// Checkpoints and ONNX are shown as diarist uses them, with batch normalisation folded into
    /// the convolutions.
    Inspect {
        /// An embedded model's name, or a file: safetensors, a PyTorch checkpoint, or ONNX
        model: PathBuf,
    },
    /// Checks the embedded models against their SHA-256, and a file's tensors against its
    /// architecture
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
    /// Stores networks in fewer bytes, each as NAME.safetensors in a folder
    ///
    /// Other commands take these files with `--segmentation` and `--embedding`, and compute with
    /// the rounded weights. `DIARIST_WEIGHTS_DIR=DIR cargo build --release` puts them into the
    /// binary.
    Quantize {
        /// Embedded models' names, or files as for `inspect`
        #[arg(required = true)]
        models: Vec<PathBuf>,
        /// Stored form of large tensors
        #[arg(long, value_enum)]
        form: FormName,
        /// Values that share the table of a palette [default: tensor]
        #[arg(long, value_enum)]
        granularity: Option<GranularityName>,
        /// The folder to write to (made if missing)
        #[arg(long, value_name = "DIR")]
        output_dir: PathBuf,
    },
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum FormName {
    /// 16-bit floats
    F16,
    /// 8-bit integers with a scale for each output channel
    Linear8,
    /// As linear8 with coarser steps in larger tensors: smaller once it is deflated
    Compact,
    /// Positions in a table of 256 values
    Palette8,
    /// Positions in a table of 64 values
    Palette6,
    /// Positions in a table of 16 values
    Palette4,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum GranularityName {
    /// All values of a tensor
    Tensor,
    /// The values of an output channel, if its table is smaller than its positions
    Channel,
}

impl FormName {
    fn form(self, granularity: Option<GranularityName>) -> diarist::Result<Form> {
        let shared = match granularity {
            Some(GranularityName::Channel) => Granularity::Channel,
            Some(GranularityName::Tensor) | None => Granularity::Tensor,
        };
        match self {
            Self::F16 | Self::Linear8 | Self::Compact if granularity.is_some() => {
                Err(Error::invalid_option("--granularity is for palettes only").hint("leave it out"))
            }
            Self::F16 => Ok(Form::F16),
            Self::Linear8 => Ok(Form::Linear8),
            Self::Compact => Ok(Form::Compact),
            Self::Palette8 => Ok(Form::Palette8(shared)),
            Self::Palette6 => Ok(Form::Palette6(shared)),
            Self::Palette4 => Ok(Form::Palette4(shared)),
        }
    }
}

/// Runs `diarist models`.
pub(crate) fn run(args: &ModelsArgs) -> anyhow::Result<()> {
    let mut out = terminal::stdout();
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
        Command::Convert { input, output } => {
            output::check_extension(output, "safetensors", "a network")?;
            convert(input, output, &mut out)?;
        }
        Command::Quantize { models, form, granularity, output_dir } => {
            quantize(models, form.form(*granularity)?, output_dir, &mut out)?;
        }
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

/// The embedded model with this name, else the file.
fn load(model: &Path) -> diarist::Result<Tensors<'static>> {
    match manifest().models.iter().find(|entry| Path::new(&entry.name) == model) {
        Some(entry) => Ok(Tensors::parse(&embedded(entry)?, &entry.name)?.into_owned()),
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
    let rows: Vec<[String; 5]> = tensors
        .iter()
        .map(|tensor| {
            let bytes = tensor.num_bytes.to_string();
            [terminal::cell(tensor.name), stored_as(&tensor), shape(&tensor), bytes, statistics(tensors, &tensor)]
        })
        .collect();
    let header = ["tensor", "stored as", "shape", "bytes", "min, max, mean, standard deviation"].map(str::to_owned);
    let width = |column: usize| rows.iter().chain([&header]).map(|row| row[column].len()).max().unwrap_or(0);
    let [names, types, shapes, sizes] = [width(0), width(1), width(2), width(3)];
    for [name, stored_as, shape, bytes, statistics] in [&header].into_iter().chain(&rows) {
        writeln!(out, "{name:names$}  {stored_as:types$}  {shape:shapes$}  {bytes:>sizes$}  {statistics}")?;
    }
    let architecture = Architecture::recognise(tensors).map_or("unknown", Architecture::name);
    let parameters: usize = tensors.iter().map(|tensor| tensor.shape.iter().product::<usize>()).sum();
    let bytes: usize = tensors.iter().map(|tensor| tensor.num_bytes).sum();
    writeln!(out, "architecture {architecture}, {} tensors, {parameters} parameters, {bytes} bytes", rows.len())
}

fn stored_as(tensor: &TensorInfo<'_>) -> String {
    match tensor.encoding {
        Encoding::Linear8 => "linear8".to_owned(),
        Encoding::Palette { num_tables: 1, num_entries } => format!("palette of {num_entries}"),
        Encoding::Palette { num_tables, num_entries } => format!("{num_tables} palettes of {num_entries}"),
        _ => tensor.dtype.to_string(),
    }
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

fn embedded(model: &Model) -> diarist::Result<Vec<u8>> {
    model.data().ok_or_else(|| {
        Error::new(ErrorKind::Internal, "the manifest names a model that is not embedded").at(model.name.as_str())
    })
}

fn verify_embedded(model: &Model) -> diarist::Result<()> {
    let data = embedded(model)?;
    let found = sha256(&data);
    if found != model.sha256 {
        return Err(Error::weights(format!("sha256 is {found}, expected {}", model.sha256))
            .at(model.name.as_str())
            .hint("this copy of diarist is damaged; install it again"));
    }
    let tensors = Tensors::parse(&data, &model.name)?;
    Architecture::recognise(&tensors)?.check(&tensors)
}

/// A file of weights, complete and of a known architecture.
fn open(path: &Path) -> diarist::Result<(Tensors<'static>, Architecture)> {
    let tensors = Tensors::open(path)?;
    let architecture = Architecture::recognise(&tensors)?;
    architecture.check(&tensors)?;
    Ok((tensors, architecture))
}

fn convert(input: &Path, output: &Path, out: &mut impl Write) -> anyhow::Result<()> {
    files::check_writable(output)?;
    let (tensors, architecture) = open(input)?;
    let bytes = tensors.to_safetensors(architecture.name())?;
    files::write(output, &bytes)?;
    writeln!(out, "{}: {}, sha256 {}", output.display(), architecture.name(), sha256(&bytes))?;
    Ok(())
}

fn quantize(models: &[PathBuf], form: Form, output_dir: &Path, out: &mut impl Write) -> anyhow::Result<()> {
    files::prepare_folder(output_dir)?;
    for model in models {
        let tensors = load(model)?;
        let bytes = stored::quantize(&tensors, form)?;
        let name = match manifest().models.iter().any(|entry| Path::new(&entry.name) == model) {
            true => Some(model.as_os_str()),
            false => model.file_stem(),
        };
        let mut file = name.unwrap_or_default().to_owned();
        file.push(".safetensors");
        let path = output_dir.join(file);
        files::write(&path, &bytes)?;
        writeln!(out, "{}: {form}, {} bytes, sha256 {}", path.display(), bytes.len(), sha256(&bytes))?;
    }
    Ok(())
}

/// Lower-case hexadecimal.
fn sha256(data: &[u8]) -> String {
    Sha256::digest(data).iter().map(|byte| format!("{byte:02x}")).collect()
}
