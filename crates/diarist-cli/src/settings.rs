//! Options of the library as arguments of commands.
//!
//! Names, values, help and defaults come from the library's table of options, which configuration
//! files use as well.

use std::marker::PhantomData;
use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Arg, ArgMatches, Command, FromArgMatches, value_parser};
use diarist::parts::settings::{Choice, Choices, Group, OPTIONS, OptionInfo, OptionKind, Value};
use diarist::{Result, Settings};

/// Name of the argument for a configuration file.
const CONFIG: &str = "config";

/// The options that a command has.
pub(crate) trait Selection {
    /// Groups of options.
    const GROUPS: &'static [Group] = &[Group::Profile, Group::Analysis, Group::Clustering, Group::Timeline];
    /// Whether the command takes a configuration file.
    const HAS_CONFIG: bool = true;
    /// Number of threads if none is given; `None` for the library's default.
    const NUM_THREADS: Option<usize> = None;
    /// Device of a command that does not let its user choose one.
    const DEVICE: Option<&str> = None;
}

/// All options.
#[derive(Debug)]
pub(crate) struct AllOptions;
impl Selection for AllOptions {}

/// All options of a command that runs beside other programs, on one thread of the CPU. Its
/// `--device` is a microphone.
#[derive(Debug)]
pub(crate) struct LiveOptions;
impl Selection for LiveOptions {
    const NUM_THREADS: Option<usize> = Some(1);
    const DEVICE: Option<&str> = Some("cpu");
}

/// Options of the networks.
#[derive(Debug)]
pub(crate) struct AnalysisOptions;
impl Selection for AnalysisOptions {
    const GROUPS: &'static [Group] = &[Group::Profile, Group::Analysis];
    const HAS_CONFIG: bool = false;
}

/// Options of clustering and timeline.
#[derive(Debug)]
pub(crate) struct ClusteringOptions;
impl Selection for ClusteringOptions {
    const GROUPS: &'static [Group] = &[Group::Profile, Group::Clustering, Group::Timeline];
}

/// The options that `S` selects, as given on the command line and in a configuration file.
#[derive(Debug)]
pub(crate) struct OptionArgs<S> {
    given: Choices,
    config: Option<PathBuf>,
    selection: PhantomData<S>,
}

impl<S: Selection> OptionArgs<S> {
    /// The options of the command line, and those of the configuration file for all others.
    pub(crate) fn choices(&self) -> Result<Choices> {
        let mut choices = match &self.config {
            Some(path) => self.given.over(&Choices::read(path)?),
            None => self.given.clone(),
        };
        if let (Some(threads), Some(num_threads)) = (OptionInfo::find("threads"), S::NUM_THREADS)
            && choices.get(threads.name).is_none()
        {
            choices.set(threads, Value::Count(num_threads));
        }
        if let (Some(option), Some(device)) = (OptionInfo::find("device"), S::DEVICE) {
            choices.set(option, Value::Text(device.to_owned()));
        }
        Ok(choices)
    }

    /// The settings that [`Self::choices`] stand for.
    pub(crate) fn settings(&self) -> Result<Settings> {
        self.choices()?.settings()
    }

    fn options() -> impl Iterator<Item = &'static OptionInfo> {
        let is_fixed = |option: &&OptionInfo| option.name == "device" && S::DEVICE.is_some();
        OPTIONS.iter().filter(|option| S::GROUPS.contains(&option.group)).filter(move |option| !is_fixed(option))
    }
}

impl<S: Selection> clap::Args for OptionArgs<S> {
    fn augment_args(command: Command) -> Command {
        let command = command.args(Self::options().map(|option| {
            let num_threads = S::NUM_THREADS.filter(|_| option.name == "threads");
            argument(option, num_threads.map(|num_threads| num_threads.to_string()))
        }));
        if !S::HAS_CONFIG {
            return command;
        }
        command.arg(
            Arg::new(CONFIG)
                .long(CONFIG)
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("Takes options from FILE, which `diarist tune` writes; options given here win")
                .help_heading("Method"),
        )
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<S: Selection> FromArgMatches for OptionArgs<S> {
    fn from_arg_matches(matches: &ArgMatches) -> std::result::Result<Self, clap::Error> {
        let mut args = Self { given: Choices::default(), config: None, selection: PhantomData };
        args.update_from_arg_matches(matches)?;
        Ok(args)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> std::result::Result<(), clap::Error> {
        for option in Self::options() {
            if let Some(value) = value(option, matches) {
                self.given.set(option, value);
            }
        }
        if let Some(path) = S::HAS_CONFIG.then(|| matches.get_one::<PathBuf>(CONFIG)).flatten() {
            self.config = Some(path.clone());
        }
        Ok(())
    }
}

/// The argument for `option`; `default` is used in place of the library's.
fn argument(option: &'static OptionInfo, default: Option<String>) -> Arg {
    let default = default.unwrap_or_else(|| option.default.to_owned());
    let help = match option.help.ends_with(&default) {
        true => option.help.to_owned(),
        false => format!("{} [default: {default}]", option.help),
    };
    let argument = Arg::new(option.name).long(option.name).help(help).help_heading(heading(option));
    match option.kind {
        // The library checks ranges, and its message has them.
        OptionKind::Number(_, name) => {
            argument.value_name(name).value_parser(value_parser!(f64)).allow_negative_numbers(true)
        }
        OptionKind::Count(_) => argument.value_name("N").value_parser(value_parser!(usize)),
        OptionKind::Text(name) => argument.value_name(name).value_parser(value_parser!(String)),
        OptionKind::Path => argument.value_name("FILE").value_parser(value_parser!(PathBuf)),
        OptionKind::Choice(choices, name) => argument.value_name(name).value_parser(possible_values(choices)),
    }
}

fn heading(option: &OptionInfo) -> &'static str {
    match option.name {
        "num-speakers" | "min-speakers" | "max-speakers" | "sensitivity" => "Number of speakers",
        "device" | "threads" => "Running",
        _ => "Method",
    }
}

fn possible_values(choices: &'static [Choice]) -> PossibleValuesParser {
    PossibleValuesParser::new(choices.iter().map(|choice| PossibleValue::new(choice.name).help(choice.help)))
}

/// The value given to `option`, if any.
fn value(option: &OptionInfo, matches: &ArgMatches) -> Option<Value> {
    match option.kind {
        OptionKind::Number(..) => matches.get_one(option.name).copied().map(Value::Number),
        OptionKind::Count(_) => matches.get_one(option.name).copied().map(Value::Count),
        OptionKind::Text(_) => matches.get_one(option.name).cloned().map(Value::Text),
        OptionKind::Path => matches.get_one(option.name).cloned().map(Value::Path),
        OptionKind::Choice(choices, _) => {
            let name: &String = matches.get_one(option.name)?;
            choices.iter().find(|choice| choice.name == name).map(|choice| Value::Name(choice.name))
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Args;

    use super::*;

    fn parse<S: Selection>(arguments: &[&str]) -> std::result::Result<OptionArgs<S>, clap::Error> {
        let command = OptionArgs::<S>::augment_args(Command::new("test"));
        let matches = command.try_get_matches_from(["test"].iter().chain(arguments))?;
        OptionArgs::from_arg_matches(&matches)
    }

    #[test]
    fn every_option_is_an_argument_with_the_values_of_the_table() {
        OptionArgs::<AllOptions>::augment_args(Command::new("test")).debug_assert();
        let mut arguments = Vec::new();
        for option in &OPTIONS {
            arguments.push(format!("--{}", option.name));
            arguments.push(match option.kind {
                OptionKind::Number(..) => "0.25".to_owned(),
                OptionKind::Count(_) => "3".to_owned(),
                OptionKind::Text(_) => "cpu".to_owned(),
                OptionKind::Path => "a/file".to_owned(),
                OptionKind::Choice(choices, _) => choices[0].name.to_owned(),
            });
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let choices = parse::<AllOptions>(&arguments).unwrap().choices().unwrap();
        for (option, value) in OPTIONS.iter().zip(arguments.iter().skip(1).step_by(2)) {
            assert_eq!(choices.get(option.name).unwrap().to_string(), *value, "{}", option.name);
        }
    }

    #[test]
    fn values_outside_their_range_are_left_to_the_library() {
        let error = parse::<AllOptions>(&["--threshold", "-1"]).unwrap().settings().unwrap_err();
        assert_eq!(error.to_string(), "threshold is -1, but must be from 0 to 2");
        assert!(parse::<AllOptions>(&["--threshold", "high"]).is_err());
        assert!(parse::<AllOptions>(&["--profile", "slow"]).is_err());
    }

    #[test]
    fn a_command_has_the_options_of_its_groups() {
        assert!(parse::<AnalysisOptions>(&["--step", "2", "--threads", "2"]).is_ok());
        assert!(parse::<AnalysisOptions>(&["--fb", "1"]).is_err());
        assert!(parse::<AnalysisOptions>(&["--config", "some.toml"]).is_err());
        assert!(parse::<ClusteringOptions>(&["--fb", "1", "--min-duration-off", "1", "--num-speakers", "2"]).is_ok());
        assert!(parse::<ClusteringOptions>(&["--step", "2"]).is_err());
    }

    #[test]
    fn live_runs_on_one_thread_unless_told_otherwise() {
        let num_threads =
            |arguments: &[&str]| parse::<LiveOptions>(arguments).unwrap().settings().unwrap().analysis.num_threads;
        assert_eq!(num_threads(&[]), Some(1));
        assert_eq!(num_threads(&["--threads", "3"]), Some(3));
        assert_eq!(parse::<AllOptions>(&[]).unwrap().settings().unwrap().analysis.num_threads, None);
    }

    #[test]
    fn the_command_line_wins_over_the_configuration_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.toml");
        std::fs::write(&path, "step = 2.0\nthreshold = 0.5\n").unwrap();
        let settings = parse::<AllOptions>(&["--config", path.to_str().unwrap(), "--step", "4"]).unwrap().settings();
        let values = |name: &str| OptionInfo::find(name).unwrap().get(settings.as_ref().unwrap());
        assert_eq!((values("step"), values("threshold")), (Some(Value::Number(4.0)), Some(Value::Number(0.5))));
    }

    #[test]
    fn help_has_the_default_once() {
        let mut command = OptionArgs::<LiveOptions>::augment_args(Command::new("test").term_width(500));
        let help = command.render_long_help().to_string();
        for part in
            ["[default: 1; fast: 2]", "does not depend on it [default: 1]", "instead of the embedded ones\n", "- int8:"]
        {
            assert!(help.contains(part), "{part} is not in\n{help}");
        }
        assert!(!help.contains("[default: the embedded ones]"));
    }
}
