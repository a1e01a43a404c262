//===- Arithmetic.h - the order of sums ---------------------------------------------------------------------------===//
//
// The numbers of docs/rationale/arithmetic.md: how sums are cut, whatever computes them. No shape, no configuration, no
// number of threads and no class of CPU may change them, since they decide the bits of every result.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_KERNELS_ARITHMETIC_H
#define HADAL_CODEGEN_KERNELS_ARITHMETIC_H

#include <cstdint>

namespace hadal::arithmetic {

/// Lanes of a sum along a row: element i is added to lane i mod 16, in rising order; the lanes are then joined by
/// halves.
constexpr int64_t lanes = 16;

/// A product adds its depth in blocks of so many, counted from depth 0: one chain of fused multiply-adds from +0 in
/// each, the blocks' sums in rising order.
constexpr int64_t depthBlock = 256;

/// Attention walks over keys, and its gradient over queries too, in blocks of so many positions, counted from 0.
constexpr int64_t keyBlock = 128;

/// The softmax of the head walks over the vocabulary in blocks of so many tokens, counted from 0.
constexpr int64_t vocabularyBlock = 1024;

/// Sums over the rows of a tensor, column by column, are formed in blocks of so many rows, counted from 0.
constexpr int64_t rowBlock = 64;

} // namespace hadal::arithmetic

#endif // HADAL_CODEGEN_KERNELS_ARITHMETIC_H
