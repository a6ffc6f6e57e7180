//! On macOS a module leaves Python's symbols open only if the linker is told so.

fn main() {
    pyo3_build_config::add_extension_module_link_args();
}
