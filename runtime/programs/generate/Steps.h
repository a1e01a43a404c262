// The entry points of a program that generates, and what they read and write by name.
//
//   decode.B, decode.B.Q, prefill.C
//                         read   tokens       sequences x rows, and behind each sequence's rows places for the tokens
//                                             that follow, which drafts read
//                                positions    of every row in its sequence; -1: an empty place, for which nothing is
//                                             computed
//                                lengths      positions of every sequence behind the run; 0: an empty place
//                                pages        of every sequence, in which pages of the caches its positions lie
//                                rows         prefill: the row of every sequence whose logits are asked for
//                         write  logits       of every row, or of the one that was asked for
//                                normalizers  two numbers for each of them, from which log-probabilities follow
//                                hidden       where tokens are drafted: of every row, what the first depth reads
//                                cache.N      states that all of them share: pages x positions of a page x channels
//   draft.D. and each of these names: what depth D predicts behind one row of every sequence, the token D + 1 ahead of
//   it
//                         read   the same, and
//                                hidden       of every row, as the depth before it has written it, or the model itself
//                                rows         the row of every sequence whose logits are asked for
//                         write  the same; its own caches, and hidden where a further depth can go on from it
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
  /// Of a step that drafts: which depth does.
  int64_t depth = 0;
  /// The hidden states that it reads, and those that it writes.
  std::optional<uint32_t> given, hidden;
  /// Whether its rows are those of a prompt.
  bool isPrefill = false;
};

/// What the tables say of all steps. Fails unless they fit each other.
struct Steps {
  explicit Steps(const Program &program);

  /// The smallest step that adds so many generated rows to each of so many sequences, and the smallest that adds so many
  /// rows of a prompt to one, or else the largest: how a row attends follows from which of the two it is, not from how
  /// many there are.
  const Step &decode(size_t sequences, size_t rows = 1, int64_t depth = 0) const;
  const Step &prefill(size_t rows, int64_t depth = 0) const;
  /// The parameters that only steps that draft read.
  std::vector<uint32_t> parametersOfDrafts(const Program &program) const;
  /// Most rows of a prompt that are added at a time.
  size_t mostPromptRows() const;
  /// Most rows that are added to each of many sequences.
  size_t mostRows() const { return static_cast<size_t>(mostDrafts) + 1; }

  std::vector<Step> all;
  /// The pages of all sequences and of one, and positions of a page.
  int64_t pages = 0, pagesOfSequence = 0, positionsOfPage = 0;
  int64_t mostSequences = 0, vocabulary = 0;
  /// How many depths draft tokens, how many tokens can be verified at a time, and the channels of hidden states.
  int64_t depths = 0, mostDrafts = 0, channels = 0;
  /// Whether the last depth can go on from its own hidden states.
  bool goesOn = false;
  /// Bytes that the caches hold for a position.
  uint64_t bytesOfPosition = 0;

  int64_t mostPositions() const { return pagesOfSequence * positionsOfPage; }

private:
  void verifyCaches(const Program &program);
  void verifyDrafts(const Program &program);
};

/// The rows that a step adds to one sequence: these tokens, from position `first` on. Its pages reach behind the last.
struct AddedRows {
  std::span<const int32_t> tokens;
  int64_t first;
  std::span<const int32_t> pages;
  /// The last so many tokens are no rows, but what follows them.
  size_t behind = 0;
  /// Of a step that drafts: the hidden states of the rows.
  std::span<const float> hidden = {};

  size_t rows() const { return tokens.size() - behind; }
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

  /// Adds rows, at most those of the step to each sequence. The recorder, if any, learns when its commands ran.
  void run(const Step &step, std::span<const AddedRows> added, CommandRecorder *recorder = nullptr);
  /// What the run before says of the token behind the last row of a sequence, or behind any, where the step yields the
  /// logits of all; valid until the next run.
  NextToken next(size_t sequence) const { return read(lastRows[sequence]); }
  NextToken next(size_t sequence, size_t row) const { return read(sequence * static_cast<size_t>(latest->rows) + row); }
  /// Appends the hidden states that the run before has written for rows of a sequence.
  void appendHidden(size_t sequence, size_t row, size_t count, std::vector<float> &states) const;

private:
  NextToken read(size_t row) const;

  Session &session;
  const Steps &steps;
  const Step *latest = nullptr;
  std::vector<size_t> lastRows; // of each sequence of the run
  std::vector<int32_t> tokens, positions, lengths, pages, picked;
  std::vector<float> hidden, logits, normalizers;
};

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_GENERATE_STEPS_H
