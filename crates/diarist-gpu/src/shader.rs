//! The sources of the kernels.

use std::fmt::Write;

use crate::element::Element;

/// A WGSL file.
///
/// A file uses the type `Element` for stored numbers, and constants in capitals that the caller
/// sets. Both are declared before its first line. Binding 0 is a uniform with the shapes of a call,
/// the other bindings are storage buffers.
#[derive(Debug, Clone, Copy)]
pub struct Shader {
    /// Name of the file without its ending.
    pub name: &'static str,
    /// Text of the file.
    pub text: &'static str,
}

/// A WGSL file as it is compiled.
#[derive(Debug, Clone)]
pub struct Source {
    /// Name of the file and values of its constants.
    pub name: String,
    /// The whole text.
    pub text: String,
}

impl Shader {
    /// The file for numbers stored as `element`, with its constants.
    pub fn source(&self, element: Element, constants: &[(&str, u32)]) -> Source {
        let mut head = String::new();
        if element == Element::F16 {
            head.push_str("enable f16;\n");
        }
        _ = writeln!(head, "alias Element = {};", element.name());
        self.source_after(head, format!("{} {}", self.name, element.name()), constants)
    }

    /// The file after the declarations `head`, with its constants; `name` is the start of the
    /// source's name.
    pub(crate) fn source_after(&self, head: String, name: String, constants: &[(&str, u32)]) -> Source {
        let (mut text, mut name) = (head, name);
        for (constant, value) in constants {
            _ = writeln!(text, "const {constant} = {value}u;");
            _ = write!(name, " {constant}={value}");
        }
        text.push_str(self.text);
        Source { name, text }
    }
}

impl Source {
    /// The same with one more type, for numbers that are not stored as the rest.
    pub fn with_alias(mut self, alias: &str, element: Element) -> Self {
        _ = write!(self.name, " {alias}={}", element.name());
        _ = writeln!(self.text, "\nalias {alias} = {};", element.name());
        self
    }
}

/// Declares a [`Shader`] from a file of `kernels`.
macro_rules! shader {
    ($name:literal) => {
        crate::shader::Shader {
            name: $name,
            text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/kernels/", $name, ".wgsl")),
        }
    };
}
pub(crate) use shader;
