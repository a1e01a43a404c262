//===- Contraction.h - what a kernel of the contraction kind computes ---------------------------------------------===//
//
// Reads the body of a contraction kernel: its anchor, a product that states its form (ContractionOpInterface), rows
// gathered on the way in, and where the product's numbers lie in the kernel's operands and results. Which operation the
// anchor is plays no part.
//
// Strategies see a product as one of three:
//
//   plain           C = A B
//   batches         one C for every batch: `hasBatches`. A task finds its batch first; A, B and C of a batch lie a
//   fixed
//                   number of elements from those of the one before, and with depth grouped by offsets their part of
//                   the depth follows from the offsets
//   grouped rows    one C, each of whose rows belongs to the batch that the offsets say, and is multiplied with its B
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_ANATOMY_CONTRACTION_H
#define HADAL_CODEGEN_ANATOMY_CONTRACTION_H

#include "codegen/Anatomy/KernelBody.h"
#include "codegen/Anatomy/ProductShape.h"
#include "dialect/IR/KernelParts.h"

namespace hadal {

/// One side of the product, a matrix in memory whose rows lie `columns` elements apart. They are the rows of A or the
/// columns of B, and neighbours in them lie along the depth; or, where the depth is not contiguous, the other way
/// round.
struct ContractionOperand {
  /// The argument of the kernel that holds it.
  mlir::BlockArgument tensor;
  int64_t columns = 0;
  /// The element at which the matrix begins.
  int64_t start = 0;
  /// Elements from the matrix of a batch to that of the next.
  int64_t batchStride = 0;
  /// Where the matrices of batches are stretches of the rows of one matrix, how many rows that has; else 0.
  int64_t stretchedRows = 0;
  /// With gathered rows: the argument that holds the indices, and what they are divided by.
  mlir::BlockArgument pairs = {};
  int64_t topK = 1;
  bool depthContiguous = true;
  /// Where the matrix lies in panels (see below): columns of a panel, and its depth; else 0.
  int64_t panelColumns = 0, panelDepth = 0;
  /// Whether these are panels of tiles: the depth of a panel is then that of all its tiles.
  bool isInTiles = false;

  /// Where the matrix is in codes, which lie in panels: their format, and the argument that holds the scales.
  std::optional<CodeFormat> codes = std::nullopt;
  mlir::BlockArgument scales = {};

  bool isPacked() const { return panelColumns > 0; }
  /// Whether every stretch begins with a panel of that form; so does any other matrix.
  bool beginsWithPanels(int64_t panelColumns, int64_t panelDepth) const;
};

/// The tiles of AMX: columns of B, and numbers along the depth, of which two are a pair.
constexpr int64_t tileColumns = 16, tileDepth = 32;

/// The layout of panels, in which register tiles read B: `columns` columns by `depth` of the depth, of each depth the
/// columns side by side; first come all panels of the first part of the depth. Null where `operand` is not the last two
/// dimensions of `type`, matrix after matrix, nor stretches of a matrix that begin with panels.
LayoutAttr getPanelLayout(const ContractionOperand &operand, mlir::RankedTensorType type, int64_t columns,
                          int64_t depth);
/// The layout of AMX's tiles of B: panels of 16 columns through the whole depth, tile after tile; in a tile sixteen
/// pairs of the depth, each for all columns. Null as above.
LayoutAttr getTileLayout(const ContractionOperand &operand, mlir::RankedTensorType type);

/// Finds out in which panels a B of so many columns lies, where it has a layout. False where it has one that products
/// do not read.
bool readPanels(ContractionOperand &operand, mlir::RankedTensorType type, int64_t columns, int64_t depth);
/// Lets a B of this depth be in codes.
void setCodes(ContractionOperand &operand, CodeFormat format, mlir::BlockArgument scales, int64_t depth);
/// What products read, for messages.
std::string describeReadableLayouts();

struct Contraction {
  mlir::Operation *anchor = nullptr;
  ContractionOperand lhs, rhs;
  ContractionGrouping grouping = ContractionGrouping::None;
  /// Grouped: the argument with the first row of every batch, and how many rows there are in all.
  mlir::BlockArgument offsets = {};
  /// Where a batch may have fewer rows than there is room for: the argument that says how many.
  mlir::BlockArgument rowCounts = {};
  int64_t batches = 1, groupedRows = 0;
  /// Of one product; with groups, of a batch with its share of the rows.
  ProductShape shape;
  /// Extents of one product: the numbers that do not depend on the batch.
  int64_t rows = 0, columns = 0, depth = 0;
  /// The result as rows of so many columns, as its type has them, and where C's element (b, i, j) lies in it: at row
  /// b · batchRows + i · rowStep, column b · batchColumns + j.
  int64_t resultColumns = 0, rowStep = 1, batchRows = 0, batchColumns = 0;

  /// Whether every batch has a C of its own.
  bool hasBatches() const {
    return grouping == ContractionGrouping::Depth || (grouping == ContractionGrouping::None && batches > 1);
  }
  /// How many products there are.
  int64_t products() const { return hasBatches() ? batches : 1; }
  /// The largest power of two, at most `limit`, that divides the place of C(b, i, 0) in the result for every row:
  /// columns of C that it divides are then aligned to it in memory.
  int64_t alignedColumns(int64_t limit) const;

  /// Blocks of rows that tasks are made of (an upper bound where batches' shares differ), and blocks of columns.
  int64_t rowTasks(int64_t rowBlock) const;
  int64_t columnTasks(int64_t columnBlock) const;

  /// How the epilogue reads an argument of the kernel: all of them are one of these, see checkEpilogue.
  Access access(mlir::Value argument) const;
};

/// The contraction in a kernel's body, rowwise operations written out. The whole body is checked: what is not the
/// product computes each of its results from the same place of the product and of the kernel's operands (see Access).
/// Failure, without a diagnostic but with the reason in `refusals`, when the body holds anything else.
mlir::FailureOr<Contraction> analyzeContraction(KernelOp kernel, const KernelParts &parts, Refusals &refusals);

} // namespace hadal

#endif // HADAL_CODEGEN_ANATOMY_CONTRACTION_H
