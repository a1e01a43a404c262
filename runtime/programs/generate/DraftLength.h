// How many tokens to draft before the model verifies them: a number that is given, or the one that has brought most
// tokens in a second so far. It shows in how long a text takes, and never in the text.
//
// A pass with k drafts takes the time T(k) and adds 1 + a(1) + a(1) a(2) + ... + a(1)...a(k) tokens to a text, where
// a(i) is how often the i-th draft is right when those before it are. Times are the medians of a few passes, for each
// number of texts that the program has steps for; other numbers of drafts than the best one are tried again now and
// then, for a few passes and at growing intervals, so that trying costs little.
#ifndef HADAL_RUNTIME_PROGRAMS_GENERATE_DRAFTLENGTH_H
#define HADAL_RUNTIME_PROGRAMS_GENERATE_DRAFTLENGTH_H

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace hadal {

class DraftLength {
public:
  /// Up to `most` drafts; always as many as `fixed` says, where it says so.
  DraftLength(int64_t most, std::optional<int64_t> fixed) : most(most), fixed(fixed), acceptance(most) {}

  /// The drafts of the next pass, over texts of which the program's step takes so many.
  int64_t choose(int64_t sequences);
  /// A pass with so many drafts took so long.
  void recordPass(int64_t sequences, int64_t drafts, double seconds);
  /// The draft at this place (from 0 on), before which all had been right, was right or not.
  void recordDraft(size_t place, bool isRight);

private:
  /// How often drafts at one place are right; what is long ago counts little.
  struct Acceptance {
    double right = 0, seen = 0;
    double rate() const { return (right + 0.5) / (seen + 1); }
  };
  /// The last few passes with one number of drafts.
  struct Times {
    std::vector<double> seconds;
    double least() const;
  };
  /// What is known of passes over one number of texts.
  struct Passes {
    std::vector<Times> times;
    int64_t best = 0, tried = -1; // the number of drafts that is being tried; -1: none
    int64_t sinceTrial = 0, interval = shortest;
    bool triesMore = false;
  };

  static constexpr size_t fewest = 2, window = 7;
  static constexpr int64_t shortest = 32, longest = 256;

  double tokensOf(int64_t drafts) const;
  bool isKnown(const Passes &passes, int64_t drafts) const;
  int64_t findBest(const Passes &passes) const;
  void beginTrial(Passes &passes, int64_t drafts);

  int64_t most;
  std::optional<int64_t> fixed;
  std::vector<Acceptance> acceptance;
  std::map<int64_t, Passes> bySequences;
};

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_GENERATE_DRAFTLENGTH_H
