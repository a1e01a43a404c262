// The entry points of a program that generates, and what they read and write by name.
//
//   decode.B, prefill.C   read   tokens       sequences x rows, and behind each sequence's rows places for targets,
//                                             which nothing reads
//                                positions    of every row in its sequence; -1: an empty place, for which nothing is
//                                             computed
//                                lengths      positions of every sequence behind the run; 0: an empty place
//                                pages        of every sequence, in which pages of the caches its positions lie
//                                rows         prefill: the row of every sequence whose logits are asked for
//                         write  logits       of every row, or of the one that was asked for
//                                normalizers  two numbers for each of them, from which log-probabilities follow
//                                cache.N      states that all of them share: pages x positions of a page x channels
#ifndef HADAL_RUNTIME_PROGRAMS_GENERATE_STEPS_H
#define HADAL_RUNTIME_PROGRAMS_GENERATE_STEPS_H

#include "runtime/core/Session.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace hadal {

/// An entry point: it adds `rows` rows to each of so many sequences, or fewer.
struct Step {
  uint32_t entry = 0;
  int64_t sequences = 0, rows = 0, width = 0;
  uint32_t tokens = 0, positions = 0, lengths = 0, pages = 0, logits = 0, normalizers = 0;
  /// Of a step that yields the logits of one row of each sequence only.
  std::optional<uint32_t> pick;
};

/// What the tables say of all steps. Fails unless they fit each other.
struct Steps {
  explicit Steps(const Program &program);

  /// The smallest step that adds a generated row to each of so many sequences, and the one that adds most rows of a
  /// prompt to one: how a row attends follows from which of the two it is, not from how many there are.
  const Step &decode(size_t sequences) const;
  const Step &prefill() const;

  std::vector<Step> all; // in rising order of sequences
  /// The pages of all sequences and of one, and positions of a page.
  int64_t pages = 0, pagesOfSequence = 0, positionsOfPage = 0;
  int64_t mostSequences = 0, vocabulary = 0;
  /// Bytes that the caches hold for a position.
  uint64_t bytesOfPosition = 0;

  int64_t mostPositions() const { return pagesOfSequence * positionsOfPage; }

private:
  void verifyCaches(const Program &program);
};

/// The rows that a step adds to one sequence: these tokens, from position `first` on. Its pages reach behind the last.
struct AddedRows {
  std::span<const int32_t> tokens;
  int64_t first;
  std::span<const int32_t> pages;
};

/// What a step says of the token behind a row.
struct NextToken {
  std::span<const float> logits;
  float largest, logarithm;

  /// In the order in which scoring and training form it: the same bits.
  float logProbability(int32_t token) const { return -((largest - logits[static_cast<size_t>(token)]) + logarithm); }
};

/// Runs steps.
class StepRunner {
public:
  StepRunner(Session &session, const Steps &steps);

  /// Adds rows, at most those of the step to each sequence.
  void run(const Step &step, std::span<const AddedRows> added);
  /// What the run before says of the token behind the last row of a sequence; valid until the next run.
  NextToken next(size_t sequence) const;

private:
  Session &session;
  const Steps &steps;
  std::vector<size_t> lastRows; // of each sequence of the run
  std::vector<int32_t> tokens, positions, lengths, pages, picked;
  std::vector<float> logits, normalizers;
};

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_GENERATE_STEPS_H
