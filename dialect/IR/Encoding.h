//===- Encoding.h - how tensors lie in memory ---------------------------------------------------------------------===//
//
// Accessors of the encoding of a tensor's type (EncodingAttrs.td), and what follows from it: how memory is cut, where
// an element lies, how many bytes there are. Whoever turns a tensor into memory asks here, so that a layout is told
// once.
//
//   for (MemoryDimension part : getMemoryDimensions(type))   // the slowest first
//     place = place * part.length + (index[part.dimension] / part.divisor) % part.length;
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_DIALECT_IR_ENCODING_H
#define HADAL_DIALECT_IR_ENCODING_H

#include "dialect/IR/Attributes.h"
#include "mlir/IR/BuiltinTypes.h"

namespace hadal {

/// Whether a type is a tensor with an encoding, the dialect's or another.
bool isEncoded(mlir::Type type);
/// The dialect's encoding of a tensor's type, and its parts; null, or empty, where there is none.
EncodingAttr getEncoding(mlir::Type type);
LayoutAttr getLayout(mlir::Type type);
llvm::ArrayRef<BoundAttr> getBounds(mlir::Type type);
ShardAttr getShard(mlir::Type type);

/// The type in another layout; null: row by row. The other parts of its encoding stay.
mlir::RankedTensorType withLayout(mlir::RankedTensorType type, LayoutAttr layout);
/// The type without its encoding.
mlir::RankedTensorType withoutEncoding(mlir::RankedTensorType type);

/// Whether every length is closed, or open with a bound.
bool isBounded(mlir::RankedTensorType type);
/// The lengths, those that have a bound as long as they may be. The type is bounded.
llvm::SmallVector<int64_t> getBoundedShape(mlir::RankedTensorType type);
/// For every length the bound that it has, or null.
llvm::SmallVector<BoundAttr> getBoundOfEachDimension(mlir::RankedTensorType type);

/// One dimension of memory: of index i of a tensor's dimension, the part (i / divisor) % length.
struct MemoryDimension {
  unsigned dimension;
  int64_t divisor, length;
};
/// The dimensions of memory of a bounded type, the slowest first; the last is contiguous.
llvm::SmallVector<MemoryDimension> getMemoryDimensions(mlir::RankedTensorType type);
/// Where the element of the indices lies, in elements.
int64_t getElementPlace(llvm::ArrayRef<MemoryDimension> memory, llvm::ArrayRef<int64_t> indices);
/// Elements of memory, padding included.
int64_t getMemorySize(mlir::RankedTensorType type);
/// Bytes of memory, padding included.
int64_t getByteSize(mlir::Type type);
/// Elements from one index to the next, for each dimension of a bounded type that lies row by row.
llvm::SmallVector<int64_t> getStrides(mlir::RankedTensorType type);

} // namespace hadal

#endif // HADAL_DIALECT_IR_ENCODING_H
