// Stop strings in a stream of bytes, against a search in the whole text.
#include "runtime/sampling/StopStrings.h"
#include "test/runtime/Support.h"

#include <random>

namespace hadal::test {
namespace {

/// The text up to the stop string whose end comes first.
std::string reference(const std::string &text, const std::vector<std::string> &stops) {
  for (size_t end = 1; end <= text.size(); ++end) {
    size_t longest = 0;
    for (const std::string &stop : stops)
      if (std::string_view(text).substr(0, end).ends_with(stop))
        longest = std::max(longest, stop.size());
    if (longest > 0)
      return text.substr(0, end - longest);
  }
  return text;
}

TEST(StopStringsTest, ACutDoesNotShow) {
  std::mt19937 generator(1);
  auto word = [&](size_t length) {
    std::string text;
    while (text.size() < length)
      text += "ab"[generator() % 2];
    return text;
  };
  size_t ended = 0;
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::string> stops;
    for (size_t i = generator() % 4; i-- > 0;)
      stops.push_back(word(1 + generator() % 6));
    std::string text = word(20), shown;
    StopStrings stream(stops);
    for (size_t begin = 0; begin < text.size();) {
      size_t length = generator() % 5;
      shown += stream.push(std::string_view(text).substr(begin, length));
      begin += length;
      ASSERT_TRUE(reference(text, stops).starts_with(shown)) << "shown too early: " << shown;
    }
    ended += stream.found().has_value();
    EXPECT_EQ(stream.found().has_value(), reference(text, stops) != text);
    EXPECT_EQ(shown + stream.finish(), reference(text, stops));
  }
  EXPECT_GT(ended, 500u);
}

TEST(StopStringsTest, NoMoreIsHeldBackThanMayBecomeAStop) {
  StopStrings stream({"</s>", "<end>"});
  EXPECT_EQ(stream.push("so <"), "so ");
  EXPECT_EQ(stream.push("e"), "");
  EXPECT_EQ(stream.push("x"), "<ex");
  EXPECT_EQ(stream.push("<<end"), "<");
  EXPECT_EQ(stream.push("> and more"), "");
  EXPECT_EQ(stream.found(), 1u);
  EXPECT_EQ(stream.push("more"), "");
  EXPECT_EQ(stream.finish(), "");
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_COMMAND_LINE, [] { StopStrings({"a", ""}); }), "--stop: the string is empty");
}

} // namespace
} // namespace hadal::test
