//! The columns that every layer of the trunk has to compute for the wanted features.
//!
//! A feature depends on 225 fbank frames around it; columns that no wanted feature needs are not
//! computed. Widths and columns are those of the layer's own planes.

use diarist_kernels::Columns;

/// Columns of the planes of one chunk, reused from chunk to chunk.
#[derive(Debug, Default)]
pub(super) struct Needs {
    /// Output of the stem.
    pub(super) stem: Columns,
    pub(super) blocks: Vec<BlockNeeds>,
}

/// Columns of the planes of one block.
#[derive(Debug, Default)]
pub(super) struct BlockNeeds {
    /// Between the two convolutions.
    pub(super) hidden: Columns,
    /// Output of the block.
    pub(super) output: Columns,
}

impl Needs {
    /// Follows the wanted features back through `num_blocks` blocks.
    ///
    /// `hidden_columns(block, output, hidden)` sets the columns that the second convolution of a
    /// block depends on. `input_columns(block, hidden, input)` sets those that the first depends
    /// on, which include the columns that the block carries around both.
    pub(super) fn plan(
        &mut self,
        num_blocks: usize,
        features: &Columns,
        hidden_columns: impl Fn(usize, &Columns, &mut Columns),
        input_columns: impl Fn(usize, &Columns, &mut Columns),
    ) {
        self.blocks.resize_with(num_blocks, BlockNeeds::default);
        match self.blocks.last_mut() {
            Some(last) => last.output.set(features.ranges().iter().cloned()),
            None => self.stem.set(features.ranges().iter().cloned()),
        }
        for index in (0..num_blocks).rev() {
            let (before, from) = self.blocks.split_at_mut(index);
            let BlockNeeds { hidden, output } = &mut from[0];
            hidden_columns(index, output, hidden);
            input_columns(index, hidden, before.last_mut().map_or(&mut self.stem, |block| &mut block.output));
        }
    }
}
