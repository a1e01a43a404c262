// Drafts tokens that are likely to follow a sequence, for the model to verify several at a time.
//
// Depth 1 reads the hidden states that the model has for positions whose next token is known, depth 2 those of depth 1,
// and so on; depth D says of the row at a position which token stands D + 1 further. So behind the last token, at
// position n, depth 1 drafts token n + 1 from row n - 1, and depth 2 token n + 2 from the same row and the draft. A
// last depth that goes on by itself instead takes its own hidden state for that of a next row. Every depth has caches
// of its own, in the pages of the sequence.
//
// A draft is a guess: nothing here can change a text. Rows that drafts went into are computed again when the tokens in
// their place are known, with the model's hidden states.
#ifndef HADAL_RUNTIME_PROGRAMS_GENERATE_DRAFTER_H
#define HADAL_RUNTIME_PROGRAMS_GENERATE_DRAFTER_H

#include "runtime/programs/generate/Sequence.h"
#include "runtime/programs/generate/Steps.h"

#include <cstdint>
#include <span>
#include <vector>

namespace hadal {

class Drafter {
public:
  Drafter(StepRunner &runner, const Steps &steps, bool keepsLogits);

  /// The run before added rows of the model to a sequence, from a position on: their hidden states are kept.
  void follow(Sequence &sequence, size_t place, int64_t position, size_t rows);
  /// Takes what has been kept of a prompt of so many tokens into the caches, but for its last row.
  void readPrompt(Sequence &sequence, int64_t length);
  /// Drafts up to `most` tokens behind each sequence, none beyond those that it may still have. Returns whether rows
  /// were made up for that had been left while nothing was drafted, which takes its time.
  bool draft(std::span<Sequence *const> sequences, int64_t most);
  /// Forgets what is kept for drafts, but for so many positions or twice as many: nothing is drafted for a while.
  void rest(Sequence &sequence, int64_t positions) const;

private:
  AddedRows rowsOf(const Sequence &sequence, int64_t first, size_t count, std::span<const float> hidden,
                   std::vector<int32_t> &tokens) const;
  AddedRows pendingRows(Sequence &sequence, int64_t depth, size_t offset, size_t count,
                        std::vector<int32_t> &tokens) const;
  size_t countPending(const Sequence &sequence, int64_t depth) const;
  void passOn(Sequence &sequence, size_t place, int64_t depth, int64_t first, size_t count) const;
  void settle(Sequence &sequence, int64_t depth, size_t computed) const;
  void feed(Sequence &sequence, int64_t depth, size_t count);
  bool runDepth(std::span<Sequence *const> sequences, int64_t depth);
  void goOn(std::span<Sequence *const> sequences);
  void takeDraft(Sequence &sequence, size_t place) const;

  StepRunner &runner;
  const Steps &steps;
  bool keepsLogits;
};

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_GENERATE_DRAFTER_H
