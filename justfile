# Short names for the repository's commands. The checks themselves are in `.ci/run`.

# list the recipes
default:
    @just --list

# everything that CI runs
ci:
    .ci/run

# compile errors only, fast
check:
    cargo check --workspace --all-targets

# every test
test:
    .ci/run test

# formatting and clippy
lint:
    .ci/run format lint

# API documentation, without warnings
doc:
    .ci/run docs

# licences, sources, advisories of the dependencies
deny:
    .ci/run deny

# diarize the sample and score it
sample:
    .ci/run sample

# check fixtures/MANIFEST
fixtures:
    .ci/run fixtures

# write fixtures/MANIFEST anew
manifest:
    tools/fixtures/manifest.sh

# write golden files anew with a script of tools/reference (its docstring lists the packages)
golden script python="python3":
    {{python}} tools/reference/{{script}}.py
    tools/fixtures/manifest.sh

# the pages in Chromium and Firefox
browser:
    .ci/run browser

# the Python wheel and its tests
python:
    .ci/run python

# the kernels' tests under AddressSanitizer
sanitize:
    .ci/run sanitize

# search for inputs on which a parser fails (fuzz/README.md)
fuzz target seconds="60" *seeds:
    mkdir -p target/fuzz-corpus/{{target}}
    RUSTC_BOOTSTRAP=1 cargo fuzz run --sanitizer none {{target}} \
        target/fuzz-corpus/{{target}} fuzz/corpus/{{target}} {{seeds}} \
        -- -max_total_time={{seconds}} -timeout=30 -rss_limit_mb=1024

# kernels and program on 64-bit ARM, emulated
aarch64:
    .ci/run aarch64

# WebAssembly: the kernels, the npm package and its page
wasm:
    .ci/run wasm

# the interface for apps in Kotlin
mobile:
    .ci/run mobile

# time the kernels
bench:
    cargo bench -p diarist-kernels

# compare the kernels' speed with the record of this processor ("write": record it anew)
record action="check":
    tools/bench/kernel_record.py {{action}}

# write include/diarist.h anew
header:
    DIARIST_WRITE_HEADER=1 cargo test -p diarist-capi --test header

# build and install the C library; PREFIX, LIBDIR, DESTDIR choose the place
install-capi:
    tools/install-capi.sh

# write the keywords of the Python package anew
python-settings:
    DIARIST_WRITE_PYTHON_SETTINGS=1 cargo test -p diarist --lib settings::python
