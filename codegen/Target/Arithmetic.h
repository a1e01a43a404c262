//===- Arithmetic.h - the order of sums ---------------------------------------------------------------------------===//
//
// The numbers of docs/rationale/arithmetic.md: how sums are cut, whatever computes them. No shape, no configuration, no
// number of threads and no class of CPU may change them, since they decide the bits of every result.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_TARGET_ARITHMETIC_H
#define HADAL_CODEGEN_TARGET_ARITHMETIC_H

#include <cstdint>

namespace hadal::arithmetic {

/// Lanes of a sum along a row: element i is added to lane i mod 16, in rising order; the lanes are then joined by
/// halves.
constexpr int64_t lanes = 16;

/// A product adds its depth in blocks of so many, counted from depth 0: one chain of fused multiply-adds from +0 in
/// each, the blocks' sums in rising order.
constexpr int64_t depthBlock = 256;

/// A product of two bf16 factors on a CPU adds its depth in steps of so many, counted from depth 0, the last one filled
/// up with zeros: a chain of fused multiply-adds from +0 over the even depths of a step and one over the odd ones,
/// their sum added to what came before. Numbers below the normal ones count as zero, what is read and what is computed.
/// It is what an instruction TDPBF16PS does with a full tile; the depth block, a whole number of steps, does not show.
constexpr int64_t depthStep = 32;
static_assert(depthBlock % depthStep == 0, "a block of the depth is packed at a time");

/// Attention walks over keys, and its gradient over queries too, in blocks of so many positions, counted from 0.
constexpr int64_t keyBlock = 128;

/// The softmax of the head walks over the vocabulary in blocks of so many tokens, counted from 0.
constexpr int64_t vocabularyBlock = 1024;

/// Sums over the rows of a tensor, column by column, are formed in blocks of so many rows, counted from 0.
constexpr int64_t rowBlock = 64;

/// Tokens of a block of a sequence whose shares are summed for the balance losses, in order.
constexpr int64_t balanceBlock = 128;

/// Elements of a parameter whose squares are summed in f32; the blocks' sums are added in f64.
constexpr int64_t normBlock = 1 << 14;

/// The orders in which the products of a kernel are summed where a target has more than one. They have different bits,
/// so which of them a kernel has never follows from a predicted time, which depends on the number of rows: the last one
/// that any strategy can give the kernel is taken, and choices are among strategies of that order.
enum class SumOrder { DepthBlocks, TensorCores };

/// NVIDIA Hopper, where they differ. Products of f32 are cut into depthBlock there, too.
namespace hopper {

/// Lanes of a sum along a row, as above.
constexpr int64_t lanes = 1024;

/// Attention by threads walks in blocks of so many positions, counted from 0. (On tensor cores the walked tile follows
/// from the widths of a head: codegen/Selection/GPU/TensorAttentionTiles.cpp.)
constexpr int64_t walkedBlock = 64;

/// Attention on latents: parts of so many keys, counted from 0, are computed apart and joined from left to right. What
/// a part leaves is a row of the latent's width for each head, so that more heads have longer parts.
constexpr int64_t latentPart(int64_t heads) { return heads > 64 ? 1024 : 512; }

/// Softmax of the head on tensor cores: parts of so many tokens of the vocabulary, counted from 0.
constexpr int64_t vocabularyPart = 64;

/// Tokens that the head works on at a time on tensor cores: so deep is a product that adds to the weight's gradient.
constexpr int64_t headChunk = 4096;

/// Sums over rows, column by column: blocks of so many rows, counted from 0.
constexpr int64_t rowBlock = 32;

/// Chains of the sum over what the blocks leave: block b goes to chain b mod 8; the chains are added in order.
constexpr int64_t rowChains = 8;

/// Tokens of a block of a sequence whose shares are summed for the balance losses: token t goes to chain t mod 8.
constexpr int64_t balanceBlock = 64;

} // namespace hopper

} // namespace hadal::arithmetic

#endif // HADAL_CODEGEN_TARGET_ARITHMETIC_H
