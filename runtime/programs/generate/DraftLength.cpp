// The choice of how many tokens to draft.
#include "runtime/programs/generate/DraftLength.h"

#include <algorithm>
#include <cmath>

namespace hadal {

double DraftLength::Times::least() const { return *std::ranges::min_element(seconds); }

void DraftLength::recordPass(int64_t sequences, int64_t drafts, double seconds) {
  Passes &passes = bySequences[sequences];
  passes.times.resize(static_cast<size_t>(most) + 1);
  std::vector<double> &times = passes.times[static_cast<size_t>(drafts)].seconds;
  if (times.size() == window)
    times.erase(times.begin());
  times.push_back(seconds);
}

void DraftLength::recordDraft(size_t place, bool isRight) {
  constexpr double kept = 0.98; // some 50 drafts count
  Acceptance &here = acceptance[place];
  here.right = here.right * kept + isRight;
  here.seen = here.seen * kept + 1;
}

/// The tokens that a pass is expected to add to a text.
double DraftLength::tokensOf(int64_t drafts) const {
  double tokens = 1, reached = 1;
  for (int64_t place = 0; place < drafts; ++place) {
    reached *= acceptance[static_cast<size_t>(place)].rate();
    tokens += reached;
  }
  return tokens;
}

/// Whether enough passes have been seen to judge.
bool DraftLength::isKnown(const Passes &passes, int64_t drafts) const {
  return passes.times[static_cast<size_t>(drafts)].seconds.size() >= fewest;
}

int64_t DraftLength::findBest(const Passes &passes) const {
  // What gains less than this is as likely to be noise.
  constexpr double worthwhile = 1.01;
  // No pass is faster than one with fewer drafts, whatever has been measured.
  double seconds = 0;
  auto rate = [&](int64_t drafts) {
    seconds = std::max(seconds, passes.times[static_cast<size_t>(drafts)].least());
    return tokensOf(drafts) / seconds;
  };
  double bestRate = rate(0);
  int64_t best = 0;
  for (int64_t drafts = 1; drafts <= most; ++drafts)
    if (double found = isKnown(passes, drafts) ? rate(drafts) : 0; found > bestRate * worthwhile) {
      best = drafts;
      bestRate = found;
    }
  return best;
}

/// What was known of so many drafts is old.
void DraftLength::beginTrial(Passes &passes, int64_t drafts) {
  constexpr double aged = 0.75;
  passes.tried = drafts;
  passes.sinceTrial = 0;
  passes.times[static_cast<size_t>(drafts)].seconds.clear();
  for (int64_t place = passes.best; place < drafts; ++place) {
    Acceptance &ahead = acceptance[static_cast<size_t>(place)];
    ahead.right *= aged;
    ahead.seen *= aged;
  }
}

int64_t DraftLength::choose(int64_t sequences) {
  if (fixed)
    return *fixed;
  Passes &passes = bySequences[sequences];
  passes.times.resize(static_cast<size_t>(most) + 1);
  if (passes.tried >= 0 && !isKnown(passes, passes.tried))
    return passes.tried;
  passes.tried = -1;
  // From nothing on, one more as long as that was better.
  if (!isKnown(passes, 0))
    return 0;
  int64_t before = passes.best;
  passes.best = findBest(passes);
  if (passes.best < most && !isKnown(passes, passes.best + 1))
    return passes.best + 1;
  if (passes.best != before)
    passes.interval = shortest;
  if (++passes.sinceTrial < passes.interval)
    return passes.best;
  passes.interval = std::min(2 * passes.interval, longest);
  // One more and one less by turns.
  passes.triesMore = passes.best == 0 || (passes.best < most && !passes.triesMore);
  beginTrial(passes, passes.best + (passes.triesMore ? 1 : -1));
  return passes.tried;
}

} // namespace hadal
