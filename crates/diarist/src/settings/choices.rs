//! Options that a user has chosen, by name.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::LazyLock;

use serde::de::{DeserializeSeed, Deserializer, Error as DeserializeError, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::groups::Settings;
use super::options::{OPTIONS, OptionInfo, OptionKind};
use super::values::Value;
use crate::error::{Error, Result};
use crate::files;
use crate::inference::{EmbeddingMode, TrunkPasses};

/// The options that a user has given, each with its value. All others have their defaults.
///
/// ```
/// use diarist::parts::settings::Choices;
///
/// let choices: Choices = serde_json::from_str(r#"{"profile": "fast", "fb": 1.5}"#)?;
/// assert_eq!(choices.settings()?.analysis.step_s, 2.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Choices(BTreeMap<&'static str, Value>);

impl Choices {
    /// The options of a configuration file (TOML).
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if the file cannot be read, has a key that does not exist, or a
    /// value of the wrong type; [`crate::ErrorKind::InvalidOption`] for a value outside its range.
    pub fn read(path: &Path) -> Result<Self> {
        let text = files::read_text(path)?;
        let read = || {
            let choices = toml::from_str::<Self>(&text).map_err(|error| unusable(&text, &error))?;
            choices.settings().map(|_| choices)
        };
        read().map_err(|error: Error| error.at(path.display().to_string()))
    }

    /// Whether no option was chosen.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value chosen for an option.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// Chooses a value, and replaces an earlier choice.
    pub fn set(&mut self, option: &'static OptionInfo, value: Value) {
        self.0.insert(option.name, value);
    }

    /// These choices, completed by those of `base` for all other options.
    ///
    /// Values that belong to a clustering method are not taken from `base` if `self` names another
    /// method.
    #[must_use]
    pub fn over(&self, base: &Self) -> Self {
        let is_same_method = match (self.get("clustering"), self.get("profile")) {
            (None, None) => true,
            _ => self.method_name() == base.method_name(),
        };
        let mut both = self.clone();
        for option in &OPTIONS {
            if let Some(value) = base.0.get(option.name).filter(|_| is_same_method || !option.of_method) {
                both.0.entry(option.name).or_insert_with(|| value.clone());
            }
        }
        both
    }

    /// Name of the clustering method that is chosen by itself or by the profile.
    fn method_name(&self) -> Option<&'static str> {
        let mut settings = Settings::default();
        for name in ["profile", "clustering"] {
            if let (Some(option), Some(value)) = (OptionInfo::find(name), self.get(name)) {
                option.set(&mut settings, value.clone()).ok()?;
            }
        }
        Some(settings.clustering.method.name())
    }

    /// The settings for these choices.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] for a value outside its range, one that the clustering
    /// method does not have, or values that contradict each other.
    pub fn settings(&self) -> Result<Settings> {
        let mut settings = Settings::default();
        for option in &OPTIONS {
            if let Some(value) = self.0.get(option.name) {
                option.set(&mut settings, value.clone())?;
            }
        }
        // The cache holds chunks, so it needs a pass over each chunk.
        if settings.analysis.embedding_mode == EmbeddingMode::Cached && self.get("trunk").is_none() {
            settings.analysis.trunk = TrunkPasses::PerChunk;
        }
        settings.validate()?;
        Ok(settings)
    }
}

fn unusable(text: &str, error: &toml::de::Error) -> Error {
    let line = error.span().map(|span| format!("line {}: ", text[..span.start].matches('\n').count() + 1));
    Error::input(format!("{}{}", line.unwrap_or_default(), error.message()))
        .hint("the keys are the names of options, such as step or clustering")
}

impl Serialize for Choices {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let in_order = OPTIONS.iter().filter_map(|option| Some((option.name, self.0.get(option.name)?)));
        serializer.collect_map(in_order)
    }
}

impl<'de> Deserialize<'de> for Choices {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_map(ChoicesVisitor)
    }
}

struct ChoicesVisitor;

impl<'de> Visitor<'de> for ChoicesVisitor {
    type Value = Choices;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("options with their values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Choices, A::Error> {
        let mut choices = Choices::default();
        while let Some(Known(option)) = map.next_key()? {
            if choices.0.contains_key(option.name) {
                return Err(A::Error::duplicate_field(option.name));
            }
            if let Some(value) = map.next_value_seed(ValueOf(option))? {
                choices.set(option, value);
            }
        }
        Ok(choices)
    }
}

/// The name of a known option.
struct Known(&'static OptionInfo);

static NAMES: LazyLock<Vec<&'static str>> = LazyLock::new(|| OPTIONS.iter().map(|option| option.name).collect());

impl<'de> Deserialize<'de> for Known {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        OptionInfo::find(&name).map(Self).ok_or_else(|| D::Error::unknown_field(&name, &NAMES))
    }
}

/// Reads a value of the option's kind. A null chooses nothing.
struct ValueOf(&'static OptionInfo);

impl<'de> DeserializeSeed<'de> for ValueOf {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<Option<Value>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for ValueOf {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.0.kind {
            OptionKind::Number(..) => "a number",
            OptionKind::Count(_) => "a whole number",
            OptionKind::Path => "a path",
            OptionKind::Choice(..) | OptionKind::Text(_) => "a name",
        };
        write!(f, "{kind} for {}", self.0.name)
    }

    fn visit_unit<E: DeserializeError>(self) -> std::result::Result<Option<Value>, E> {
        Ok(None)
    }

    fn visit_f64<E: DeserializeError>(self, value: f64) -> std::result::Result<Option<Value>, E> {
        match self.0.kind {
            OptionKind::Number(..) => Ok(Some(Value::Number(value))),
            _ => Err(E::invalid_type(Unexpected::Float(value), &self)),
        }
    }

    fn visit_i64<E: DeserializeError>(self, value: i64) -> std::result::Result<Option<Value>, E> {
        match (self.0.kind, usize::try_from(value)) {
            (OptionKind::Number(..), _) => Ok(Some(Value::Number(value as f64))),
            (OptionKind::Count(_), Ok(count)) => Ok(Some(Value::Count(count))),
            (OptionKind::Count(_), Err(_)) => Err(E::invalid_value(Unexpected::Signed(value), &self)),
            _ => Err(E::invalid_type(Unexpected::Signed(value), &self)),
        }
    }

    fn visit_u64<E: DeserializeError>(self, value: u64) -> std::result::Result<Option<Value>, E> {
        match i64::try_from(value) {
            Ok(value) => self.visit_i64(value),
            Err(_) => Err(E::invalid_value(Unexpected::Unsigned(value), &self)),
        }
    }

    fn visit_str<E: DeserializeError>(self, text: &str) -> std::result::Result<Option<Value>, E> {
        match self.0.kind {
            OptionKind::Path => Ok(Some(Value::Path(text.into()))),
            OptionKind::Text(_) => Ok(Some(Value::Text(text.to_owned()))),
            OptionKind::Choice(choices, _) => match choices.iter().find(|choice| choice.name == text) {
                Some(choice) => Ok(Some(Value::Name(choice.name))),
                None => {
                    let names: Vec<&str> = choices.iter().map(|choice| choice.name).collect();
                    let message = format!("{} is `{text}`, but must be one of {}", self.0.name, names.join(", "));
                    Err(E::custom(message))
                }
            },
            _ => Err(E::invalid_type(Unexpected::Str(text), &self)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use crate::settings::Profile;

    fn read(text: &str) -> Result<Choices> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.toml");
        std::fs::write(&path, text).unwrap();
        Choices::read(&path)
    }

    fn chosen(values: &[(&str, Value)]) -> Choices {
        let mut choices = Choices::default();
        for (name, value) in values {
            choices.set(OptionInfo::find(name).unwrap(), value.clone());
        }
        choices
    }

    #[test]
    fn written_choices_are_read_back() {
        let all = [
            ("clustering", Value::Name("vbx")),
            ("threshold", Value::Number(0.55)),
            ("fa", Value::Number(0.1)),
            ("fb", Value::Number(3.0)),
            ("min-duration-off", Value::Number(0.25)),
            ("profile", Value::Name("fast")),
            ("step", Value::Number(2.0)),
            ("trunk", Value::Name("shared")),
            ("precision", Value::Name("bf16")),
            ("max-speakers", Value::Count(4)),
            ("threads", Value::Count(2)),
        ];
        let ahc = [("clustering", Value::Name("ahc")), ("min_cluster_size", Value::Count(7))];
        for choices in [Choices::default(), chosen(&all), chosen(&ahc)] {
            assert_eq!(read(&toml::to_string(&choices).unwrap()).unwrap(), choices);
            assert_eq!(serde_json::from_str::<Choices>(&serde_json::to_string(&choices).unwrap()).unwrap(), choices);
        }
    }

    #[test]
    fn no_choices_are_the_default_and_a_profile_is_its_settings() {
        assert_eq!(Choices::default().settings().unwrap(), Settings::default());
        for profile in Profile::ALL {
            let choices = chosen(&[("profile", Value::Name(profile.name()))]);
            assert_eq!(choices.settings().unwrap(), Settings::from(profile));
        }
    }

    #[test]
    fn names_may_have_underscores_and_null_is_no_choice() {
        let choices: Choices = serde_json::from_str(r#"{"min_duration_off": 1, "fb": null}"#).unwrap();
        assert_eq!(choices, chosen(&[("min-duration-off", Value::Number(1.0))]));
    }

    #[test]
    fn an_unusable_file_is_refused_with_its_line() {
        let cases = [
            ("fa = 0.1\n# a comment\ntreshold = 0.5", ErrorKind::Input, "line 3: unknown field `treshold`"),
            (
                "threshold = \"high\"",
                ErrorKind::Input,
                "line 1: invalid type: string \"high\", expected a number for threshold",
            ),
            ("clustering = \"ahc\"\nmin-cluster-size = 2.5", ErrorKind::Input, "line 2: invalid type"),
            ("min-cluster-size = -1", ErrorKind::Input, "line 1: invalid value: integer `-1`, expected a whole number"),
            ("embedding = 1", ErrorKind::Input, "line 1: invalid type: integer `1`, expected a path for embedding"),
            (
                "precision = \"f8\"",
                ErrorKind::Input,
                "line 1: precision is `f8`, but must be one of f32, f16, bf16, int8",
            ),
            ("step = 1\nstep = 2", ErrorKind::Input, "line 2: duplicate key"),
            ("\n[vbx]\nfa = 0.1", ErrorKind::Input, "line 2: unknown field `vbx`"),
            ("threshold =", ErrorKind::Input, "line 1: "),
            ("threshold = 3", ErrorKind::InvalidOption, "threshold is 3, but must be from 0 to 2"),
            ("fa = nan", ErrorKind::InvalidOption, "fa is NaN"),
            (
                "min-duration-off = -1.0",
                ErrorKind::InvalidOption,
                "min-duration-off is -1, but must be from 0 to 86400",
            ),
            ("step = 11", ErrorKind::InvalidOption, "step is 11, but must be from 0.01 to 10"),
            ("step = 0.015", ErrorKind::InvalidOption, "a chunk step of 0.015 s"),
            ("min-cluster-size = 3", ErrorKind::InvalidOption, "an option of ahc clustering"),
            ("clustering = \"ahc\"\nfa = 0.1", ErrorKind::InvalidOption, "an option of refined or vbx clustering"),
            ("num-speakers = 2\nmax-speakers = 1", ErrorKind::InvalidOption, "contradict each other"),
            ("embedding-mode = \"skip\"\nnum-speakers = 2", ErrorKind::InvalidOption, "without embeddings"),
        ];
        for (text, kind, expected) in cases {
            let error = read(text).unwrap_err();
            let message = error.to_string();
            assert_eq!(error.kind(), kind, "{message}");
            assert!(message.contains("some.toml: ") && message.contains(expected), "{message}");
            assert!(!message.contains('\n'), "{message}");
        }
        assert_eq!(Choices::read("missing.toml".as_ref()).unwrap_err().kind(), ErrorKind::Input);
    }

    #[test]
    fn given_choices_win_over_a_file() {
        let (low, high) = (Value::Number(0.5), Value::Number(0.7));
        let two = Value::Number(2.0);
        let file = chosen(&[("threshold", low.clone()), ("fa", Value::Number(0.2)), ("step", two.clone())]);
        let both = chosen(&[("threshold", high.clone())]).over(&file);
        assert_eq!(both, chosen(&[("threshold", high), ("fa", Value::Number(0.2)), ("step", two.clone())]));

        // A threshold for one method does not apply to another. The step does not depend on the
        // method.
        let ahc = ("clustering", Value::Name("ahc"));
        let other = chosen(std::slice::from_ref(&ahc)).over(&file);
        assert_eq!(other, chosen(&[ahc, ("step", two)]));
        assert!(other.settings().is_ok());
        let same = chosen(&[("clustering", Value::Name("refined"))]).over(&file);
        assert_eq!(same.get("threshold"), Some(&low));
        let vbx = chosen(&[("profile", Value::Name("exact"))]).over(&file);
        assert_eq!((vbx.get("threshold"), vbx.get("step")), (None, file.get("step")));
    }

    #[test]
    fn a_cache_needs_a_pass_over_each_chunk() {
        let cached = ("embedding-mode", Value::Name("cached"));
        let settings = chosen(std::slice::from_ref(&cached)).settings().unwrap();
        assert_eq!(settings.analysis.trunk, TrunkPasses::PerChunk);
        let error = chosen(&[cached, ("trunk", Value::Name("shared"))]).settings().unwrap_err();
        assert!(error.to_string().contains("the cache holds chunks"), "{error}");
    }

    #[test]
    fn every_option_has_the_default_that_its_help_names() {
        let settings = Settings::default();
        for option in &OPTIONS {
            let first = option.default.split([' ', ';', ',']).next().unwrap_or_default();
            if let Some(value) = option.get(&settings).filter(|_| option.name != "min-cluster-size") {
                assert_eq!(first, value.to_string(), "{}", option.name);
            }
            assert!(!option.help.ends_with('.') && !option.help.contains("  "), "{}", option.name);
        }
    }
}
