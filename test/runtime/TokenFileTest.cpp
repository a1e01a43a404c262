// Token files and the order of samples.
#include "runtime/io/TokenFile.h"
#include "test/runtime/Support.h"

#include <algorithm>
#include <numeric>
#include <set>

namespace hadal::test {
namespace {

template <class Token> std::string rawTokens(const std::vector<Token> &tokens) {
  return {reinterpret_cast<const char *>(tokens.data()), tokens.size() * sizeof(Token)};
}

TEST(TokenFileTest, ReadsEveryFormat) {
  TemporaryFolder folder;
  writeFile(folder / "a.txt", "az\xff");
  writeFile(folder / "a.u16", rawTokens<uint16_t>({1, 300, 65535}));
  writeFile(folder / "a.u32", rawTokens<uint32_t>({1, 70000, 2}));
  auto read = [&](const char *name, int64_t vocabulary) {
    TokenFile file(folder / name, vocabulary);
    std::vector<int32_t> tokens(file.size());
    file.read(0, tokens);
    return tokens;
  };
  EXPECT_EQ(read("a.txt", 256), (std::vector<int32_t>{'a', 'z', 255}));
  EXPECT_EQ(read("a.u16", 65536), (std::vector<int32_t>{1, 300, 65535}));
  EXPECT_EQ(read("a.u32", 70001), (std::vector<int32_t>{1, 70000, 2}));
}

TEST(TokenFileTest, NamesTheFirstTokenOutsideTheVocabulary) {
  TemporaryFolder folder;
  std::vector<uint16_t> tokens(10000, 5);
  tokens[7777] = 600;
  tokens[9999] = 700;
  writeFile(folder / "a.u16", rawTokens(tokens));
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, [&] { TokenFile(folder / "a.u16", 512); }),
                  "a.u16: token 7777 (byte 15554) is 600, outside the model's vocabulary of 512");
  writeFile(folder / "a.u32", rawTokens<uint32_t>({1, 4000000000}));
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, [&] { TokenFile(folder / "a.u32", 512); }),
                  "token 1 (byte 4) is 4000000000");
  writeFile(folder / "a.txt", "ab\xf0");
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, [&] { TokenFile(folder / "a.txt", 128); }), "token 2 (byte 2) is 240");
}

TEST(TokenFileTest, TextIsForModelsOfBytes) {
  TemporaryFolder folder;
  writeFile(folder / "a.txt", "bytes");
  for (int64_t vocabulary : {128, 256, 257, 264})
    EXPECT_EQ(TokenFile(folder / "a.txt", vocabulary).size(), 5u);
  for (int64_t vocabulary : {1, 127, 129, 255, 265, 1000, 65536, 102400, 1 << 20})
    EXPECT_CONTAINS(
        failureOf(HADAL_EXIT_INPUT, [&] { TokenFile(folder / "a.txt", vocabulary); }),
        concat("a.txt: text is read as a token per byte, but the model's vocabulary of ", vocabulary,
               " is not one of bytes (128, or 256 to 264): give the model's own tokenizer with --tokenizer DIR, "
               "or turn the text into ids with it and write them as raw little-endian numbers to a ",
               vocabulary > 65536 ? ".u32 file" : ".u16 or .u32 file"));
  writeFile(folder / "a.u16", rawTokens<uint16_t>({1, 2}));
  EXPECT_EQ(TokenFile(folder / "a.u16", 102400).size(), 2u); // ids are ids
}

TEST(TokenFileTest, TheDigestDependsOnEveryTokenAndOnNothingElse) {
  TemporaryFolder folder;
  constexpr size_t count = (size_t{1} << 15) + 3; // blocks, and a rest that is no multiple of the lanes
  std::vector<uint16_t> tokens(count);
  for (size_t i = 0; i < count; ++i)
    tokens[i] = static_cast<uint16_t>(i * 7919 % 65521);
  auto digest = [&](const std::vector<uint16_t> &ids) {
    writeFile(folder / "a.u16", rawTokens(ids));
    return TokenFile(folder / "a.u16", 65536).digest();
  };
  std::string whole = digest(tokens);
  EXPECT_EQ(whole.size(), 16u);
  writeFile(folder / "a.u32", rawTokens(std::vector<uint32_t>(tokens.begin(), tokens.end())));
  EXPECT_EQ(TokenFile(folder / "a.u32", 65536).digest(), whole);
  std::set<std::string> digests = {whole};
  for (size_t place :
       {size_t{0}, size_t{1}, size_t{2}, size_t{3}, (size_t{1} << 14) - 1, size_t{1} << 14, count - 2, count - 1}) {
    std::vector<uint16_t> changed = tokens;
    changed[place] ^= 1;
    EXPECT_TRUE(digests.insert(digest(changed)).second) << place;
    changed = tokens;
    std::swap(changed[place], changed[(place + 4) % count]); // in the same lane
    EXPECT_TRUE(digests.insert(digest(changed)).second) << place;
  }
  std::vector<uint16_t> shorter(tokens.begin(), tokens.end() - 1);
  EXPECT_TRUE(digests.insert(digest(shorter)).second);
  EXPECT_TRUE(digests.insert(digest(std::vector<uint16_t>(8))).second);
  EXPECT_TRUE(digests.insert(digest(std::vector<uint16_t>(9))).second);
  EXPECT_TRUE(digests.insert(digest({})).second);
}

TEST(TokenFileTest, AFileThatChangesWhileItIsReadIsNoticed) {
  TemporaryFolder folder;
  auto path = folder / "a.u16";
  writeFile(path, rawTokens<uint16_t>({1, 2, 3, 4}));
  TokenFile file(path, 512);
  std::vector<int32_t> tokens(3);
  std::filesystem::resize_file(path, 5);
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, [&] { file.read(1, tokens); }),
                  "a.u16: the file has changed during training: it ends before byte 8, at the start it had 8");
  writeFile(path, rawTokens<uint16_t>({1, 2, 600, 4})); // in place
  EXPECT_CONTAINS(
      failureOf(HADAL_EXIT_INPUT, [&] { file.read(1, tokens); }),
      "the file has changed during training: token 2 (byte 4) is 600, outside the model's vocabulary of 512");
}

TEST(TokenFileTest, ReadsMoreThanABlock) {
  TemporaryFolder folder;
  std::vector<uint32_t> ids(50000);
  std::iota(ids.begin(), ids.end(), 0);
  writeFile(folder / "a.u32", rawTokens(ids));
  std::vector<int32_t> tokens(49000);
  TokenFile(folder / "a.u32", 50000).read(1000, tokens);
  for (size_t i = 0; i < tokens.size(); ++i)
    ASSERT_EQ(tokens[i], static_cast<int32_t>(i) + 1000);
}

TEST(TokenFileTest, RefusesOtherNamesAndSizes) {
  TemporaryFolder folder;
  writeFile(folder / "a.bin", "abc");
  writeFile(folder / "a.u32", "abc");
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, [&] { TokenFile(folder / "a.bin", 256); }), "must end in .txt");
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, [&] { TokenFile(folder / "a.u32", 256); }), "3 bytes are no multiple of");
}

TEST(SamplesTest, SampleKReadsFromKTimesT) {
  TemporaryFolder folder;
  std::vector<uint32_t> tokens(23);
  std::iota(tokens.begin(), tokens.end(), 0);
  writeFile(folder / "a.u32", rawTokens(tokens));
  TokenFile file(folder / "a.u32", 100);
  Samples samples(file, 4, 2); // T + 1 + D = 6 tokens
  EXPECT_EQ(samples.tokensPerSample(), 6u);
  EXPECT_EQ(samples.count(), 5u); // the last begins at 16 and ends at 21
  std::vector<int32_t> sample(6);
  samples.read(4, sample);
  EXPECT_EQ(sample, (std::vector<int32_t>{16, 17, 18, 19, 20, 21}));
  EXPECT_EQ(Samples(file, 22, 1).count(), 1u);
  EXPECT_EQ(Samples(file, 22, 2).count(), 0u);
}

TEST(SampleOrderTest, WithoutShuffleEpochsRepeatTheFile) {
  SampleOrder order(5, false, 1);
  for (uint64_t position = 0; position < 20; ++position)
    EXPECT_EQ(order.sampleAt(position), position % 5);
}

TEST(SampleOrderTest, EveryEpochIsAPermutation) {
  for (uint64_t count : {1, 2, 3, 5, 64, 65, 1000, 4097}) {
    SampleOrder order(count, true, 3);
    std::vector<uint64_t> previous;
    for (uint64_t epoch = 0; epoch < 3; ++epoch) {
      std::vector<uint64_t> visited(count);
      for (uint64_t i = 0; i < count; ++i)
        visited[i] = order.sampleAt(epoch * count + i);
      if (count >= 64)
        EXPECT_NE(visited, previous);
      previous = visited;
      std::ranges::sort(visited);
      for (uint64_t i = 0; i < count; ++i)
        ASSERT_EQ(visited[i], i);
    }
  }
}

TEST(SampleOrderTest, PermutationsLookRandom) {
  // A random permutation of n has one fixed point on average, and neighbours are n / 3 apart.
  constexpr uint64_t count = 10000;
  SampleOrder order(count, true, 5), other(count, true, 6);
  uint64_t fixed = 0, same = 0;
  double distance = 0;
  for (uint64_t i = 0; i < count; ++i) {
    fixed += order.sampleAt(i) == i;
    same += order.sampleAt(i) == other.sampleAt(i);
    distance += std::abs(static_cast<double>(order.sampleAt(i)) - static_cast<double>(order.sampleAt((i + 1) % count)));
  }
  EXPECT_LT(fixed, 8u);
  EXPECT_LT(same, 8u);
  EXPECT_NEAR(distance / count / count, 1.0 / 3, 0.02);
}

} // namespace
} // namespace hadal::test
