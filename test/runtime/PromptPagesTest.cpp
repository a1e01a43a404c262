// Pages that prompts share, against a model of a cache that keeps what was written where.
#include "runtime/programs/generate/PromptPages.h"
#include "test/runtime/Support.h"

#include <random>

namespace hadal::test {
namespace {

using Tokens = std::vector<int32_t>;

constexpr int64_t positions = 4;

Tokens range(int32_t from, int32_t to) {
  Tokens tokens(static_cast<size_t>(to - from));
  std::iota(tokens.begin(), tokens.end(), from);
  return tokens;
}

TEST(PagePoolTest, LendsAgainWhatNobodyHolds) {
  PagePool pool(4, 7);
  Tokens first = pool.take(3);
  pool.hold(std::span(first).first(1));
  pool.giveBack(first);
  EXPECT_EQ(pool.available(), 3u);
  EXPECT_EQ(pool.holders(first[0]), 1u);
  Tokens second = pool.take(3);
  EXPECT_EQ(std::ranges::count(second, first[0]), 0);
  pool.giveBack(std::span(first).first(1));
  EXPECT_EQ(pool.available(), 1u);
}

TEST(PromptPagesTest, SharesFullPagesOfTheSameBeginning) {
  PagePool pool(16);
  PromptPages pages(pool, positions);
  Tokens prompt = range(0, 10);
  PromptPages::Lent first = pages.take(prompt, 4);
  EXPECT_EQ(first.positions, 0);
  pages.remember(prompt, first.pages);
  EXPECT_EQ(pages.remembered(), 2u); // the third page has two rows of the prompt only
  // The same prompt, a longer one, one that parts in the second page, one of other tokens.
  PromptPages::Lent same = pages.take(prompt, 4);
  EXPECT_EQ(same.positions, 8);
  EXPECT_TRUE(std::ranges::equal(std::span(same.pages).first(2), std::span(first.pages).first(2)));
  EXPECT_NE(same.pages[2], first.pages[2]);
  EXPECT_EQ(pages.take(range(0, 14), 4).positions, 8);
  Tokens parting = prompt;
  parting[7] = 99;
  EXPECT_EQ(pages.take(parting, 3).positions, 4);
  EXPECT_EQ(pages.take(range(1, 9), 3).positions, 0);
  // The same tokens behind others are another page.
  Tokens later = {9, 9, 9, 9};
  std::ranges::copy(range(0, 8), std::back_inserter(later));
  EXPECT_EQ(pages.take(later, 3).positions, 0);
}

TEST(PromptPagesTest, TheLastRowOfAPromptIsAlwaysRead) {
  PagePool pool(8);
  PromptPages pages(pool, positions);
  Tokens prompt = range(0, 8);
  pages.remember(prompt, pages.take(prompt, 2).pages);
  EXPECT_EQ(pages.remembered(), 2u);
  EXPECT_EQ(pages.take(prompt, 2).positions, 4);
  EXPECT_EQ(pages.take(range(0, 9), 3).positions, 8);
}

TEST(PromptPagesTest, ForgetsWhatWasNotAskedForLongest) {
  PagePool pool(6);
  PromptPages pages(pool, positions);
  auto readAndEnd = [&](const Tokens &prompt, size_t count) {
    PromptPages::Lent lent = pages.take(prompt, count);
    pages.remember(prompt, lent.pages);
    pool.giveBack(lent.pages);
    return lent.positions;
  };
  EXPECT_EQ(readAndEnd(range(0, 9), 3), 0);
  EXPECT_EQ(readAndEnd(range(100, 109), 3), 0);
  EXPECT_EQ(pool.available(), 2u);
  EXPECT_EQ(readAndEnd(range(0, 9), 3), 8);
  // Of the second prompt the last page goes first, and its first one stays.
  EXPECT_EQ(readAndEnd(range(200, 203), 3), 0);
  EXPECT_EQ(readAndEnd(range(0, 9), 3), 8);
  EXPECT_EQ(readAndEnd(range(100, 109), 3), 4);
}

TEST(PromptPagesTest, DoesNotForgetWhatASequenceHolds) {
  PagePool pool(6);
  PromptPages pages(pool, positions);
  Tokens prompt = range(0, 9), other = range(100, 105);
  pages.remember(prompt, pages.take(prompt, 3).pages);
  PromptPages::Lent ended = pages.take(other, 2);
  pages.remember(other, ended.pages);
  pool.giveBack(ended.pages);
  // The page of the other prompt was asked for later, and is free otherwise.
  EXPECT_EQ(pages.take(range(200, 203), 3).positions, 0);
  EXPECT_EQ(pages.remembered(), 2u);
  EXPECT_EQ(pages.take(prompt, 2).positions, 8);
}

TEST(PromptPagesTest, WithoutSharingNothingIsRemembered) {
  PagePool pool(4);
  PromptPages pages(pool, positions, /*shares=*/false);
  Tokens prompt = range(0, 6);
  PromptPages::Lent lent = pages.take(prompt, 2);
  pages.remember(prompt, lent.pages);
  pool.giveBack(lent.pages);
  EXPECT_EQ(pool.available(), 4u);
  EXPECT_EQ(pages.take(prompt, 2).positions, 0);
}

/// A row as a cache keeps it: all tokens up to it, and whether it was read as a prompt.
struct Row {
  Tokens prefix;
  bool isOfPrompt = false;
};

/// Sequences that come and go at random over few different tokens. What one finds in its pages are the rows that it
/// would have read itself, at any time until it ends.
TEST(PromptPagesTest, AnySequenceFindsItsOwnRows) {
  std::mt19937 random(3);
  constexpr size_t most = 6, places = 4;
  PagePool pool(most * places, 5);
  PromptPages pages(pool, positions);
  std::vector<std::vector<Row>> cache(most * places, std::vector<Row>(positions));
  struct Running {
    Tokens tokens, pages;
    size_t prompt;
  };
  std::vector<Running> active;
  auto rowAt = [&](const Running &sequence, size_t position) -> Row & {
    return cache[static_cast<size_t>(sequence.pages[position / positions])][position % positions];
  };
  auto write = [&](const Running &sequence, size_t position, bool isOfPrompt) {
    rowAt(sequence, position) = {
        {sequence.tokens.begin(), sequence.tokens.begin() + static_cast<int64_t>(position) + 1}, isOfPrompt};
  };
  size_t shared = 0;
  for (int round = 0; round < 4000; ++round) {
    if (active.size() < places) {
      Running sequence{.tokens = {}, .pages = {}, .prompt = 1 + random() % 20};
      while (sequence.tokens.size() < sequence.prompt)
        sequence.tokens.push_back(random() % 8 == 0);
      PromptPages::Lent lent = pages.take(sequence.tokens, most);
      ASSERT_EQ(lent.pages.size(), most);
      ASSERT_LT(static_cast<size_t>(lent.positions), sequence.prompt);
      sequence.pages = lent.pages;
      shared += static_cast<size_t>(lent.positions);
      for (size_t position = static_cast<size_t>(lent.positions); position < sequence.prompt; ++position)
        write(sequence, position, true);
      pages.remember(sequence.tokens, sequence.pages);
      active.push_back(std::move(sequence));
    }
    for (Running &sequence : active) {
      if (sequence.tokens.size() < most * positions) {
        sequence.tokens.push_back(random() % 2);
        write(sequence, sequence.tokens.size() - 1, false);
      }
      for (size_t position = 0; position < sequence.tokens.size(); ++position) {
        const Row &row = rowAt(sequence, position);
        ASSERT_EQ(row.isOfPrompt, position < sequence.prompt) << position;
        ASSERT_TRUE(std::ranges::equal(row.prefix, std::span(sequence.tokens).first(position + 1))) << position;
      }
    }
    if (random() % 3 == 0) {
      size_t ends = random() % active.size();
      pool.giveBack(active[ends].pages);
      active.erase(active.begin() + static_cast<int64_t>(ends));
    }
  }
  EXPECT_GT(shared, 1000u);
}

} // namespace
} // namespace hadal::test
