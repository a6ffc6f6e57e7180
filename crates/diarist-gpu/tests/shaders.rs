//! Every kernel is valid, and can be translated for Metal, DX12 and Vulkan.

use diarist_gpu::embedding::Cooperative;
use diarist_gpu::{Element, Source, embedding, segmentation, selection};
use naga::back::{hlsl, msl, spv};
use naga::valid::{Capabilities, ValidationFlags, Validator};

fn sources() -> Vec<Source> {
    let networks = [Element::F32, Element::F16]
        .map(|element| [segmentation::sources(element), embedding::sources(element)].concat());
    networks.into_iter().flatten().chain(selection::sources()).collect()
}

#[test]
fn every_kernel_can_be_translated() {
    let sources = sources();
    for source in &sources {
        let name = &source.name;
        let module = naga::front::wgsl::parse_str(&source.text)
            .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(&source.text)));
        // Subgroups and other extensions are not among them.
        let mut validator = Validator::new(ValidationFlags::all(), Capabilities::SHADER_FLOAT16);
        let info = validator.validate(&module).unwrap_or_else(|error| panic!("{name}: {error:?}"));

        let options = msl::Options { lang_version: (2, 4), fake_missing_bindings: true, ..Default::default() };
        let (metal, _) = msl::write_string(&module, &info, &options, &msl::PipelineOptions::default())
            .unwrap_or_else(|error| panic!("{name} for Metal: {error}"));
        assert!(metal.contains("kernel void main_"), "{name} for Metal");

        let options =
            hlsl::Options { shader_model: hlsl::ShaderModel::V6_2, fake_missing_bindings: true, ..Default::default() };
        let mut text = String::new();
        hlsl::Writer::new(&mut text, &options, &hlsl::PipelineOptions::default())
            .write(&module, &info, None)
            .unwrap_or_else(|error| panic!("{name} for DX12: {error}"));
        assert!(text.contains("[numthreads("), "{name} for DX12");

        let words = spv::write_vec(&module, &info, &spv::Options::default(), None)
            .unwrap_or_else(|error| panic!("{name} for Vulkan: {error}"));
        assert_eq!(words[0], 0x0723_0203, "{name} for Vulkan");
    }
    assert!(sources.len() > 60, "{} sources", sources.len());
}

/// Cooperative matrices exist for Metal and Vulkan only.
#[test]
fn convolutions_by_cooperative_matrices_can_be_translated() {
    for (size, subgroup_threads, loads_vectors) in [(8, 8, true), (8, 32, false), (16, 32, true)] {
        let offered = Cooperative { size, subgroup_threads, loads_vectors };
        for source in embedding::cooperative_sources(offered) {
            let name = &source.name;
            let module = naga::front::wgsl::parse_str(&source.text)
                .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(&source.text)));
            let capabilities = Capabilities::SHADER_FLOAT16 | Capabilities::COOPERATIVE_MATRIX;
            let info = Validator::new(ValidationFlags::all(), capabilities)
                .validate(&module)
                .unwrap_or_else(|error| panic!("{name}: {error:?}"));
            if !loads_vectors {
                let options = msl::Options { lang_version: (2, 4), fake_missing_bindings: true, ..Default::default() };
                msl::write_string(&module, &info, &options, &msl::PipelineOptions::default())
                    .unwrap_or_else(|error| panic!("{name} for Metal: {error}"));
            }
            let options = spv::Options { lang_version: (1, 6), ..Default::default() };
            spv::write_vec(&module, &info, &options, None).unwrap_or_else(|error| panic!("{name} for Vulkan: {error}"));
        }
    }
}

/// A group that needs more than any adapter must have would not start there.
#[test]
fn groups_are_small_enough_for_every_adapter() {
    for source in sources() {
        let module = naga::front::wgsl::parse_str(&source.text).unwrap();
        let [entry] = module.entry_points.as_slice() else { panic!("{}: entry points", source.name) };
        let threads: u32 = entry.workgroup_size.iter().product();
        assert!(threads <= 256, "{}: {threads} threads", source.name);
        let mut layouter = naga::proc::Layouter::default();
        layouter.update(module.to_ctx()).unwrap();
        let shared = module.global_variables.iter().filter(|(_, of)| of.space == naga::AddressSpace::WorkGroup);
        let bytes: u32 = shared.map(|(_, of)| layouter[of.ty].size).sum();
        assert!(bytes <= 16 << 10, "{}: {bytes} bytes", source.name);
        let buffers =
            module.global_variables.iter().filter(|(_, of)| matches!(of.space, naga::AddressSpace::Storage { .. }));
        assert!(buffers.count() <= 8, "{}: buffers", source.name);
    }
}
