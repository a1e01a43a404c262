// Hidden states go from the model to depth 1, and from each depth to the next. Each depth keeps those of the rows that
// it has still to compute: new ones, and those that stood before a draft.
#include "runtime/programs/generate/Drafter.h"

#include <algorithm>

namespace hadal {

Drafter::Drafter(StepRunner &runner, const Steps &steps, bool keepsLogits)
    : runner(runner), steps(steps), keepsLogits(keepsLogits) {}

size_t Drafter::countPending(const Sequence &sequence, int64_t depth) const {
  return sequence.drafts.depths[static_cast<size_t>(depth - 1)].hidden.size() / static_cast<size_t>(steps.channels);
}

/// Lets the rows end at `position`, where they reach so far; rows that follow others that are not known begin anew.
static void endAt(SequenceDrafts::Rows &rows, int64_t position, size_t channels) {
  int64_t end = rows.first + static_cast<int64_t>(rows.hidden.size() / channels);
  if (position < rows.first || position > end)
    rows = {position, {}};
  else
    rows.hidden.resize(static_cast<size_t>(position - rows.first) * channels);
}

void Drafter::follow(Sequence &sequence, size_t place, int64_t position, size_t rows) {
  sequence.drafts.depths.resize(static_cast<size_t>(steps.depths));
  SequenceDrafts::Rows &pending = sequence.drafts.depths.front();
  endAt(pending, position, static_cast<size_t>(steps.channels));
  runner.appendHidden(place, 0, rows, pending.hidden);
}

/// Rows with their tokens, and as many as are known of those that follow.
AddedRows Drafter::rowsOf(const Sequence &sequence, int64_t first, size_t count, std::span<const float> hidden,
                          std::vector<int32_t> &tokens) const {
  size_t settled = sequence.tokens.size();
  size_t end = std::min(settled + sequence.drafts.next.size(),
                        static_cast<size_t>(first) + count + static_cast<size_t>(steps.depths));
  tokens.clear();
  for (size_t position = static_cast<size_t>(first); position < end; ++position)
    tokens.push_back(position < settled ? sequence.tokens[position] : sequence.drafts.next[position - settled].token);
  return {tokens, first, sequence.pages, tokens.size() - count, hidden};
}

AddedRows Drafter::pendingRows(Sequence &sequence, int64_t depth, size_t offset, size_t count,
                               std::vector<int32_t> &tokens) const {
  const SequenceDrafts::Rows &pending = sequence.drafts.depths[static_cast<size_t>(depth - 1)];
  size_t channels = static_cast<size_t>(steps.channels);
  return rowsOf(sequence, pending.first + static_cast<int64_t>(offset), count,
                std::span(pending.hidden).subspan(offset * channels, count * channels), tokens);
}

/// What the run before has written for rows of a depth: the next depth's, or the last one's own.
void Drafter::passOn(Sequence &sequence, size_t place, int64_t depth, int64_t first, size_t count) const {
  if (depth < steps.depths) {
    SequenceDrafts::Rows &next = sequence.drafts.depths[static_cast<size_t>(depth)];
    endAt(next, first, static_cast<size_t>(steps.channels));
    runner.appendHidden(place, 0, count, next.hidden);
  } else if (steps.goesOn) {
    sequence.drafts.state.clear();
    runner.appendHidden(place, count - 1, 1, sequence.drafts.state);
  }
}

/// Leaves those of the first rows of a depth, which have been computed, all of whose tokens are settled: its caches
/// hold them for good.
void Drafter::settle(Sequence &sequence, int64_t depth, size_t computed) const {
  SequenceDrafts::Rows &pending = sequence.drafts.depths[static_cast<size_t>(depth - 1)];
  int64_t settled = static_cast<int64_t>(sequence.tokens.size()) - depth - pending.first;
  int64_t count = std::clamp<int64_t>(settled, 0, static_cast<int64_t>(computed));
  pending.first += count;
  pending.hidden.erase(pending.hidden.begin(), pending.hidden.begin() + count * steps.channels);
}

/// Computes the first rows that a depth has pending, without asking what it predicts.
void Drafter::feed(Sequence &sequence, int64_t depth, size_t count) {
  const Step &step = count <= steps.mostRows() ? steps.decode(1, count, depth) : steps.prefill(count, depth);
  std::vector<int32_t> tokens;
  for (size_t done = 0; done < count;) {
    size_t piece = std::min(count - done, static_cast<size_t>(step.rows));
    AddedRows rows = pendingRows(sequence, depth, done, piece, tokens);
    runner.run(step, std::span(&rows, 1));
    passOn(sequence, 0, depth, rows.first, piece);
    done += piece;
  }
  settle(sequence, depth, count);
}

void Drafter::readPrompt(Sequence &sequence, int64_t length) {
  for (int64_t depth = 1; depth <= steps.depths; ++depth) {
    int64_t end = length - depth;
    int64_t known = end - sequence.drafts.depths[static_cast<size_t>(depth - 1)].first;
    feed(sequence, depth, std::min(countPending(sequence, depth), static_cast<size_t>(std::max<int64_t>(known, 0))));
  }
}

void Drafter::takeDraft(Sequence &sequence, size_t place) const {
  NextToken next = runner.next(place);
  auto likeliest = std::ranges::find(next.logits, next.largest);
  // Without any (not a number) the model itself will complain; until then one token is as good as another.
  int32_t token = likeliest == next.logits.end() ? 0 : static_cast<int32_t>(likeliest - next.logits.begin());
  sequence.drafts.next.push_back({token, next.largest, next.logarithm});
  if (keepsLogits)
    sequence.drafts.next.back().logits.assign(next.logits.begin(), next.logits.end());
}

/// Computes all rows that a depth has pending, the last of which says what it predicts.
bool Drafter::runDepth(std::span<Sequence *const> sequences, int64_t depth) {
  bool madeUp = false;
  size_t mostRows = 1;
  for (Sequence *sequence : sequences) {
    size_t count = countPending(*sequence, depth);
    madeUp |= count > steps.mostRows() + static_cast<size_t>(depth);
    if (count > steps.mostRows())
      feed(*sequence, depth, count - 1);
    mostRows = std::max(mostRows, countPending(*sequence, depth));
  }
  std::vector<std::vector<int32_t>> tokens(sequences.size());
  std::vector<AddedRows> added;
  for (size_t place = 0; place < sequences.size(); ++place)
    added.push_back(pendingRows(*sequences[place], depth, 0, countPending(*sequences[place], depth), tokens[place]));
  runner.run(steps.decode(sequences.size(), mostRows, depth), added);
  for (size_t place = 0; place < sequences.size(); ++place) {
    takeDraft(*sequences[place], place);
    passOn(*sequences[place], place, depth, added[place].first, added[place].rows());
    settle(*sequences[place], depth, added[place].rows());
  }
  return madeUp;
}

/// One more draft by the last depth, from the hidden state that it left: a row at the next position.
void Drafter::goOn(std::span<Sequence *const> sequences) {
  std::vector<std::vector<int32_t>> tokens(sequences.size());
  std::vector<AddedRows> added;
  for (size_t place = 0; place < sequences.size(); ++place) {
    const Sequence &sequence = *sequences[place];
    int64_t position = static_cast<int64_t>(sequence.tokens.size() + sequence.drafts.next.size()) - 1 - steps.depths;
    added.push_back(rowsOf(sequence, position, 1, sequence.drafts.state, tokens[place]));
  }
  runner.run(steps.decode(sequences.size(), 1, steps.depths), added);
  for (size_t place = 0; place < sequences.size(); ++place) {
    takeDraft(*sequences[place], place);
    passOn(*sequences[place], place, steps.depths, added[place].first, 1);
  }
}

bool Drafter::draft(std::span<Sequence *const> sequences, int64_t most) {
  bool madeUp = false;
  for (Sequence *sequence : sequences)
    sequence->drafts.next.clear();
  for (int64_t number = 1; number <= most; ++number) {
    std::vector<Sequence *> longer;
    std::ranges::copy_if(sequences, std::back_inserter(longer),
                         [&](const Sequence *sequence) { return sequence->left(steps.mostPositions()) > number; });
    if (longer.empty())
      break;
    if (number <= steps.depths)
      madeUp |= runDepth(longer, number);
    else
      goOn(longer);
  }
  return madeUp;
}

void Drafter::rest(Sequence &sequence, int64_t positions) const {
  for (int64_t depth = 1; depth <= steps.depths; ++depth) {
    SequenceDrafts::Rows &pending = sequence.drafts.depths[static_cast<size_t>(depth - 1)];
    int64_t count = static_cast<int64_t>(countPending(sequence, depth)) - positions;
    if (count <= positions) // seldom, and many at a time
      continue;
    pending.first += count;
    pending.hidden.erase(pending.hidden.begin(), pending.hidden.begin() + count * steps.channels);
  }
}

} // namespace hadal
