// A complete training program with hand-written kernels: the logits of the next token (and, as its second head, of the
// one after) are the token's row of a table plus a sum of four "experts" that do not look at the input. It has a
// stacked parameter, an alias, a parameter that is no gradient's owner, and a state, as real programs do.
#ifndef HADAL_TEST_RUNTIME_BIGRAMMODEL_H
#define HADAL_TEST_RUNTIME_BIGRAMMODEL_H

#include "test/runtime/ProgramBuilder.h"

namespace hadal::test {

struct BigramModel {
  static constexpr int64_t vocabulary = 256, experts = 4, microBatch = 2, sequence = 8, ahead = 2;
  static constexpr int64_t rows = microBatch * sequence;

  ProgramBuilder builder;

  BigramModel();
  const struct hadal_program &program() { return builder.build(); }
};

} // namespace hadal::test

#endif // HADAL_TEST_RUNTIME_BIGRAMMODEL_H
