//===- HadalInterfaces.h - the interfaces behaviour hangs on ------------------------------------------------------===//
//
// Declares the operation interfaces of HadalInterfaces.td and the plain types that their methods exchange.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_DIALECT_INTERFACES_HADALINTERFACES_H
#define HADAL_DIALECT_INTERFACES_HADALINTERFACES_H

#include "dialect/IR/Attributes.h"
#include "dialect/Interfaces/Contraction.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpDefinition.h"
#include <string>

namespace hadal {

class LayerWriter;
namespace reference {
class LayerRunner;
struct Tensor;
} // namespace reference

/// A parameter that an operation reads.
struct ParameterSlot {
  /// Hugging Face name, relative to the scope of the operation; `{e}` stands for an expert's number along dimension 0.
  std::string name;
  /// Its static shape and element type.
  mlir::RankedTensorType type;
  Initializer initializer;
  /// Whether it has a gradient.
  bool trainable = true;
};

/// What scoring the tokens of a batch yields: the mean of their losses, as training forms it, and the logarithm of the
/// probability of each.
struct TokenScores {
  mlir::Value loss, logProbabilities;
};

/// What a loss of tokens is in a program that generates: the logits of rows, and for each row the largest logit and the
/// logarithm of the sum of exponentials from there.
struct TokenLogits {
  mlir::Value logits, normalizers;
};

/// The rows and the weight whose product rows · weightᵀ a tensor is.
struct ProductOfRows {
  /// Batch × sequence × depth, and columns × depth.
  mlir::Value rows, weight;
  /// The type that the model asks for this product to be formed in; null: none.
  mlir::Type requested;
};

/// Where the rows of a run stand, in a program that generates.
struct CachedRows {
  /// The position of every row in its sequence, i32, batch × sequence; -1: an empty place.
  mlir::Value positions;
  /// How many positions of each sequence there are behind this run, i32, batch.
  mlir::Value lengths;
  /// Positions lie below it.
  int64_t positionLimit;
  /// Keeps the rows of a tensor (batch × sequence × channels) for the runs that follow, and yields those of all
  /// positions so far: batch × position × channels.
  llvm::function_ref<mlir::Value(mlir::Value rows)> remember;
  /// In which pages of the caches the positions of each sequence lie, i32, batch × pages of a sequence.
  mlir::Value pages;
  /// Keeps rows as well, and yields the cache in which those of all positions lie: pages × positions of a page ×
  /// channels (hadal.write_pages).
  llvm::function_ref<mlir::Value(mlir::Value rows)> keep;
  /// What a tensor is the product of, where `remember` keeps these rows instead of the tensor's own.
  llvm::function_ref<std::optional<ProductOfRows>(mlir::Value rows)> findProduct;
};

/// Consecutive columns of a result: those of an operand from `first` on, or its only column, repeated.
struct ColumnRange {
  unsigned operand;
  int64_t columns;
  int64_t first = 0;
};

namespace detail {
/// Exactly one of names and weights is there, and weights have the types of the slots.
llvm::LogicalResult verifyParameters(mlir::Operation *op);
} // namespace detail

} // namespace hadal

#include "dialect/Interfaces/HadalInterfaces.h.inc"

namespace hadal {
/// The trait of operations that decide by small differences of their operands: whatever the program's precision, these
/// stay f32, and the products that make them are formed in f32.
template <typename ConcreteType> class FullPrecision : public mlir::OpTrait::TraitBase<ConcreteType, FullPrecision> {};

/// Refuses attributes that the operation does not define, but for those of dialects (`hadal.aliases`).
llvm::LogicalResult verifyKnownAttributes(mlir::Operation *op);

/// The trait of operations with that check.
template <typename ConcreteType>
class KnownAttributesOnly : public mlir::OpTrait::TraitBase<ConcreteType, KnownAttributesOnly> {
public:
  static llvm::LogicalResult verifyTrait(mlir::Operation *op) { return verifyKnownAttributes(op); }
};

/// Refuses operands, results and arguments of regions with more elements than can be counted (see Checks.h).
llvm::LogicalResult verifyCountableTensors(mlir::Operation *op);

/// The trait of operations with that check.
template <typename ConcreteType>
class CountableTensors : public mlir::OpTrait::TraitBase<ConcreteType, CountableTensors> {
public:
  static llvm::LogicalResult verifyTrait(mlir::Operation *op) { return verifyCountableTensors(op); }
};

/// Refuses operands, results and arguments of regions whose types have an encoding, where the operation does not say by
/// EncodedTensorsOpInterface that it takes one. Whoever walks over operations of other dialects asks it of each.
llvm::LogicalResult verifyEncodings(mlir::Operation *op);

/// The trait of operations with that check.
template <typename ConcreteType> class KnownEncodings : public mlir::OpTrait::TraitBase<ConcreteType, KnownEncodings> {
public:
  static llvm::LogicalResult verifyTrait(mlir::Operation *op) { return verifyEncodings(op); }
};

/// What the user wrote for the parameter at the given place: a name, or a prefix; empty when there is none or the
/// parameters are bound.
std::string getParameterName(ParametersOpInterface op, unsigned index);
} // namespace hadal

#endif // HADAL_DIALECT_INTERFACES_HADALINTERFACES_H
