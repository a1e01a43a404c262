//===- BalanceTest.cpp - tasks given out to teams, and rows to experts --------------------------------------------===//
//
// Small teams whose end can be reckoned by hand.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Report/Balance.h"
#include <gtest/gtest.h>
#include <numeric>

using namespace hadal;

namespace {

TEST(BalanceTest, WhoeverIsFreeTakesTheNextChunk) {
  // 3 | 1 1 1: the second thread does all the small ones.
  EXPECT_EQ(simulateTeam({3, 1, 1, 1}, 1, 2), 3);
  // The large one comes last, when nothing is left to do beside it.
  EXPECT_EQ(simulateTeam({1, 1, 1, 3}, 1, 2), 4);
  EXPECT_EQ(simulateTeam({1, 1, 1, 3}, 1, 1), 6);
  EXPECT_EQ(simulateTeam({1, 1, 1, 3}, 1, 64), 3);
  // In chunks of two.
  EXPECT_EQ(simulateTeam({1, 1, 1, 3}, 2, 2), 4);
  EXPECT_EQ(simulateTeam({1, 1, 1, 1, 1}, 2, 2), 3);
  EXPECT_EQ(simulateTeam({}, 1, 2), 0);
}

TEST(BalanceTest, EveryRowHasAnExpert) {
  for (ExpertLoad load : {ExpertLoad::Even, ExpertLoad::Zipf})
    for (int64_t experts : {1, 7, 64}) {
      auto sizes = spreadRows(1000, experts, load);
      EXPECT_EQ(int64_t(sizes.size()), experts);
      EXPECT_EQ(std::accumulate(sizes.begin(), sizes.end(), int64_t(0)), 1000);
      EXPECT_EQ(spreadRows(1000, experts, load), sizes);
      auto [least, most] = std::minmax_element(sizes.begin(), sizes.end());
      EXPECT_GE(*least, 0);
      if (load == ExpertLoad::Even)
        EXPECT_LE(*most - *least, 1);
    }
  // 1/1 of the sum to 1/4.
  auto sizes = spreadRows(2500, 4, ExpertLoad::Zipf);
  std::sort(sizes.begin(), sizes.end());
  EXPECT_EQ(sizes, llvm::SmallVector<int64_t>({300, 400, 600, 1200}));
}

} // namespace
