//===- ContractionBlocks.cpp - blocks of contraction kernels on CPUs ----------------------------------------------===//
//
// A task is a block of C. Tasks next to each other share a block of A or of B, which is then still in the cache of the
// core that packs it again: the side that is kept is the larger one, unless rows are grouped by expert, where
// neighbours share their rows so that an expert's weights are read in one go. All blocks of a batch come before those
// of the next.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Selection/CPU/ContractionBlocks.h"

using namespace hadal;

void hadal::selectContraction(const Contraction &contraction, const TargetDescription &target,
                              KernelConfiguration &configuration) {
  ProductTiles tiles = chooseProductTiles(contraction.shape, target);
  tiles.record(configuration);
  int64_t rowTasks = contraction.rowTasks(tiles.rowBlock), columnTasks = contraction.columnTasks(tiles.columnBlock);
  bool grouped = contraction.grouping != ContractionGrouping::None;
  configuration.set("row_tasks", rowTasks);
  configuration.set("column_tasks", columnTasks);
  configuration.set("rows_first", !grouped && contraction.rows <= contraction.columns);
  configuration.addStage("product", std::max<int64_t>(1, contraction.products() * rowTasks * columnTasks));
  configuration.scratch = tiles.scratch(contraction.shape, target.lanes) * 4;
}
