//! Convolutions of some columns give the same bits as those of all columns, and read no other
//! inputs.

use diarist_kernels::{Columns, Conv2dShape, PackedConv2d, PackedWinogradConv2d, Plane, Store, WinogradWorkspace};

use crate::common::{Random, isas, plane};

const HEIGHT: usize = 6;

/// A copy of `plane` in which every column outside `columns` is NaN.
fn only(plane: &Plane, columns: &Columns) -> Plane {
    let mut copy = Plane::default();
    copy.set_shape(plane.height(), plane.width(), plane.channels());
    for y in 0..plane.height() {
        copy.row_mut(y).fill(f32::NAN);
        for range in columns.ranges() {
            let values = range.start * plane.channels()..range.end * plane.channels();
            copy.row_mut(y)[values.clone()].copy_from_slice(&plane.row(y)[values]);
        }
    }
    copy
}

fn assert_same(found: &Plane, expected: &Plane, columns: &Columns, what: &str) {
    for y in 0..expected.height() {
        for range in columns.ranges() {
            let values = range.start * expected.channels()..range.end * expected.channels();
            assert_eq!(found.row(y)[values.clone()], expected.row(y)[values], "{what}: row {y}, columns {range:?}");
        }
    }
}

/// Sets of columns of a plane of `width`: none, all, the ends, single ones, and some that share a
/// tile.
fn sets(width: usize) -> Vec<Columns> {
    let ranges: [&[(usize, usize)]; 7] = [
        &[],
        &[(0, width)],
        &[(0, 1)],
        &[(width - 1, width)],
        &[(0, 2), (width - 3, width)],
        &[(5, 6), (7, 8)],
        &[(3, 9), (10, 13), (14, 15)],
    ];
    let set = |ranges: &[(usize, usize)]| {
        let mut columns = Columns::default();
        columns.set(ranges.iter().map(|&(start, end)| start..end));
        columns
    };
    ranges.into_iter().map(set).collect()
}

#[test]
fn direct_convolution_of_some_columns_agrees_with_all() {
    let mut random = Random::new(3);
    for isa in isas() {
        for (kernel, stride) in [(1, 1), (3, 1), (1, 2), (3, 2)] {
            let shape = Conv2dShape { in_channels: 5, out_channels: 37, kernel, stride };
            let (weight, bias) = (random.values(37 * 5 * kernel * kernel), random.values(37));
            let conv = PackedConv2d::<f32>::new(isa, shape, &weight, &bias);
            for width in [30, 61] {
                let input = plane((HEIGHT, width, 5), &random.values(HEIGHT * width * 5));
                let mut expected = Plane::<f32>::default();
                conv.run(&input, Store::default(), &mut expected);
                for columns in sets(expected.width()) {
                    let mut needed = Columns::default();
                    conv.input_columns(&columns, width, &mut needed);
                    let mut found = Plane::<f32>::default();
                    conv.run_columns(&only(&input, &needed), &columns, Store::default(), &mut found);
                    assert_same(&found, &expected, &columns, &format!("{isa:?} {shape:?} {columns:?}"));
                }
            }
        }
    }
}

#[test]
fn winograd_convolution_of_some_columns_agrees_with_all() {
    let mut random = Random::new(4);
    let channels = 17;
    for isa in isas() {
        let (weight, bias) = (random.values(channels * channels * 9), random.values(channels));
        let conv = PackedWinogradConv2d::<f32>::new(isa, channels, &weight, &bias);
        let mut workspace = WinogradWorkspace::default();
        for width in [30, 61] {
            let input = plane((HEIGHT, width, channels), &random.values(HEIGHT * width * channels));
            let carried = plane((HEIGHT, width, channels), &random.values(HEIGHT * width * channels));
            let store = Store { accumulate: true, relu: true };
            let mut expected = carried.clone();
            conv.run(&input, store, &mut expected, &mut workspace);
            for columns in sets(width) {
                let mut needed = Columns::default();
                conv.input_columns(&columns, width, &mut needed);
                let mut found = only(&carried, &columns);
                conv.run_columns(&only(&input, &needed), &columns, store, &mut found, &mut workspace);
                assert_same(&found, &expected, &columns, &format!("{isa:?} {columns:?}"));
            }
        }
    }
}
