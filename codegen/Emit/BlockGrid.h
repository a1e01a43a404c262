//===- BlockGrid.h - the blocks of a product as tasks -------------------------------------------------------------===//
//
// Tasks are the blocks of C, numbered along the rows or along the columns: neighbours share a block of the side that
// changes last.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_EMIT_BLOCKGRID_H
#define HADAL_CODEGEN_EMIT_BLOCKGRID_H

#include "codegen/Emit/KernelBuilder.h"

namespace hadal {

struct BlockGrid {
  int64_t rowTasks, columnTasks;
  /// Whether blocks next to each other in a column of blocks follow each other.
  bool rowsFirst;

  /// The number of the block's row of blocks, and of its column.
  struct Block {
    mlir::Value row, column;
  };
  Block find(KernelBuilder &k, mlir::Value task) const {
    mlir::Value row = rowsFirst ? k.rem(task, rowTasks) : k.div(task, columnTasks);
    mlir::Value column = rowsFirst ? k.div(task, rowTasks) : k.rem(task, columnTasks);
    return {row, column};
  }
};

} // namespace hadal

#endif // HADAL_CODEGEN_EMIT_BLOCKGRID_H
