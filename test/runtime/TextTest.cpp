// Documents and windows of a text that is scored.
#include "runtime/programs/evaluate/Text.h"
#include "test/runtime/Support.h"

namespace hadal::test {
namespace {

/// The windows of a text of bytes as "first+targets first+targets ...".
std::string windowsOf(const std::string &bytes, int64_t length, std::optional<int32_t> separator) {
  TemporaryFolder folder;
  writeFile(folder / "a.txt", bytes);
  TokenFile file(folder / "a.txt", 256);
  Text text(file, length, separator);
  Text::Cursor cursor(text);
  std::string found;
  uint64_t windows = 0, targets = 0;
  while (std::optional<Window> window = cursor.next()) {
    found += concat(found.empty() ? "" : " ", window->first, "+", window->targets);
    ++windows;
    targets += window->targets;
  }
  EXPECT_EQ(windows, text.windows());
  EXPECT_EQ(targets, text.targets());
  EXPECT_EQ(text.boundaries().back(), bytes.size());
  EXPECT_EQ(text.documents(), text.boundaries().size() - 1);
  return found;
}

TEST(TextTest, CutsAFileIntoWindows) {
  EXPECT_EQ(windowsOf("abcdefghi", 4, std::nullopt), "0+4 4+4");
  EXPECT_EQ(windowsOf("abcdefgh", 4, std::nullopt), "0+4 4+3");
  EXPECT_EQ(windowsOf("abcde", 4, std::nullopt), "0+4");
  EXPECT_EQ(windowsOf("ab", 4, std::nullopt), "0+1");
  EXPECT_EQ(windowsOf("a", 4, std::nullopt), "");
  EXPECT_EQ(windowsOf("", 4, std::nullopt), "");
}

TEST(TextTest, BeginsAWindowWithEveryDocument) {
  EXPECT_EQ(windowsOf("abc\ndefghi\nj", 4, '\n'), "0+3 4+4 8+2");
  EXPECT_EQ(windowsOf("ab\n", 4, '\n'), "0+2");
  EXPECT_EQ(windowsOf("\n\nab", 4, '\n'), "2+1");
  EXPECT_EQ(windowsOf("\n", 4, '\n'), "");
  EXPECT_EQ(windowsOf("abc", 4, '\n'), "0+2");
}

TEST(TextTest, FindsSeparatorsBehindTheFirstBlock) {
  std::string bytes(40000, 'a');
  bytes[16383] = bytes[16384] = bytes[39998] = '\n';
  EXPECT_EQ(windowsOf(bytes, 1 << 20, '\n'), "0+16383 16385+23613");
}

} // namespace
} // namespace hadal::test
