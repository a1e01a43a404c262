// How many tokens are drafted: passes that take what they are said to take, and drafts that are right as often as they
// are said to be.
#include "runtime/programs/generate/DraftLength.h"

#include <gtest/gtest.h>

#include <random>

namespace hadal::test {
namespace {

/// Seconds of a pass by its drafts, and how often a draft is right.
struct World {
  std::vector<double> seconds;
  double acceptance;
};

/// Tokens a second of a text of so many tokens, in a world that may change halfway.
double simulate(DraftLength &length, const World &first, const World &second, int64_t tokens, uint32_t seed = 1) {
  std::mt19937 source(seed);
  std::uniform_real_distribution<double> uniform(0, 1);
  double total = 0;
  for (int64_t done = 0; done < tokens;) {
    const World &world = done < tokens / 2 ? first : second;
    int64_t drafts = length.choose(1);
    EXPECT_GE(drafts, 0);
    EXPECT_LT(drafts, static_cast<int64_t>(world.seconds.size()));
    double seconds = world.seconds[static_cast<size_t>(drafts)];
    total += seconds;
    ++done;
    for (int64_t place = 0; place < drafts; ++place) {
      bool isRight = uniform(source) < world.acceptance;
      length.recordDraft(static_cast<size_t>(place), isRight);
      if (!isRight)
        break;
      ++done;
    }
    // Others use the machine as well, and sometimes much.
    double disturbed = uniform(source) < 0.1 ? 1 + 2 * uniform(source) : 1 + 0.2 * uniform(source);
    length.recordPass(1, drafts, seconds * disturbed);
  }
  return static_cast<double>(tokens) / total;
}

/// What the best fixed number of drafts brings, against none at all: 1 with one second a plain pass.
double bestRate(const World &world) {
  double best = 0, tokens = 0, reached = 1;
  for (double seconds : world.seconds) {
    tokens += reached;
    reached *= world.acceptance;
    best = std::max(best, tokens / seconds);
  }
  return best;
}

TEST(DraftLengthTest, NeverLosesAndFindsTheBest) {
  // The prediction block is cheap, as in large models; as dear as in small ones; and one draft is the best.
  for (const std::vector<double> &seconds :
       {std::vector<double>{1, 1.1, 1.2, 1.3, 1.4}, {1, 1.6, 2.1}, {1, 1.3, 2.5, 3.5}})
    for (double acceptance : {0.0, 0.3, 0.6, 0.9})
      for (uint32_t seed = 1; seed <= 5; ++seed) {
        World world{seconds, acceptance};
        DraftLength length(static_cast<int64_t>(seconds.size()) - 1, std::nullopt);
        double rate = simulate(length, world, world, 1000, seed);
        EXPECT_GE(rate, 0.97) << seconds[1] << " " << acceptance;
        EXPECT_GE(rate, 0.93 * bestRate(world)) << seconds[1] << " " << acceptance;
      }
}

TEST(DraftLengthTest, NoticesThatDraftsBecomeRight) {
  World poor{{1, 1.2, 1.4}, 0}, good{{1, 1.2, 1.4}, 0.95};
  DraftLength length(2, std::nullopt);
  simulate(length, poor, poor, 2000);
  EXPECT_GE(simulate(length, good, good, 4000), 1.5);
}

TEST(DraftLengthTest, IsFixedWhereItIsGiven) {
  for (int64_t fixed : {0, 2}) {
    DraftLength length(3, fixed);
    for (int pass = 0; pass < 100; ++pass) {
      EXPECT_EQ(length.choose(4), fixed);
      length.recordPass(4, fixed, fixed + 1.0);
    }
  }
}

} // namespace
} // namespace hadal::test
