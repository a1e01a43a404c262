//===- Threads.cpp - what threads of a block have and share -------------------------------------------------------===//
//
// A vector access wants its place and its length to be multiples of the vector.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Selection/GPU/Threads.h"

using namespace llvm;

int64_t hadal::commonLanes(int64_t limit, ArrayRef<int64_t> numbers) {
  int64_t lanes = limit;
  for (int64_t number : numbers)
    while (number % lanes != 0)
      lanes /= 2;
  return lanes;
}
