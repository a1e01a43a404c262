//===- Threads.h - what threads of a block have and share ---------------------------------------------------------===//
//
// What selection counts and GPUStage emits: how many numbers a thread moves at a time, and the shared memory of a
// reduction over a block.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_SELECTION_GPU_THREADS_H
#define HADAL_CODEGEN_SELECTION_GPU_THREADS_H

#include "llvm/ADT/ArrayRef.h"
#include <cstdint>

namespace hadal {

constexpr int64_t warpSize = 32;

/// Bytes of shared memory for a reduction of so many values, of which every thread has `bytes`; none when the row is
/// a warp's.
inline int64_t reductionBytes(int64_t values, int64_t sharers, int64_t bytes = 4) {
  return sharers <= warpSize ? 0 : values * sharers * bytes;
}

/// The largest power of two, at most `limit`, that divides all the numbers: elements of a vector access.
int64_t commonLanes(int64_t limit, llvm::ArrayRef<int64_t> numbers);

} // namespace hadal

#endif // HADAL_CODEGEN_SELECTION_GPU_THREADS_H
