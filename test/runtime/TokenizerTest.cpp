// The parts of a tokenizer, each by itself; whole ones are held against the libraries of others by the lit tests.
#include "runtime/text/Tokenizer.h"
#include "runtime/text/TokenizerReaders.h"
#include "runtime/text/Utf8.h"
#include "test/runtime/Support.h"

#include <nlohmann/json.hpp>

#include <chrono>
#include <random>

namespace hadal::test {
namespace {

using Policy = AddedTokenPolicy;

/// A byte-level tokenizer of the 256 bytes, these merges in order and these added tokens; a text is cut at spaces.
Tokenizer makeTokenizer(const std::vector<std::string> &merged, std::vector<AddedToken> added = {}) {
  TokenizerParts parts;
  parts.kind = Tokenizer::Kind::Merges;
  parts.file = "test/tokenizer.json";
  std::array<int32_t, 256> byteTokens;
  for (int byte = 0; byte < 256; ++byte) {
    parts.tokens.emplace_back(1, static_cast<char>(byte));
    byteTokens[static_cast<size_t>(byte)] = byte;
  }
  std::vector<BytePairs::Merge> merges;
  auto find = [&](std::string_view text) {
    return static_cast<int32_t>(std::ranges::find(parts.tokens, text) - parts.tokens.begin());
  };
  for (const std::string &pair : merged) { // "left|right"
    size_t bar = pair.find('|');
    int32_t left = find(pair.substr(0, bar)), right = find(pair.substr(bar + 1));
    merges.push_back({left, right, static_cast<int32_t>(parts.tokens.size())});
    parts.tokens.push_back(pair.substr(0, bar) + pair.substr(bar + 1));
  }
  parts.pairs = BytePairs(byteTokens, merges);
  parts.special.resize(parts.tokens.size());
  for (AddedToken &token : added) {
    token.id = static_cast<int32_t>(parts.tokens.size());
    parts.tokens.push_back(token.content);
    parts.special.push_back(token.special);
  }
  parts.added = added;
  parts.cuts.emplace_back(" ?[^ ]+| +", "test");
  return Tokenizer(std::move(parts));
}

/// The texts of the tokens with bars between them.
std::string piecesOf(const Tokenizer &tokenizer, const std::vector<int32_t> &tokens) {
  std::string pieces;
  for (int32_t token : tokens)
    pieces += concat(pieces.empty() ? "" : "|", tokenizer.bytes(token));
  return pieces;
}
std::string piecesOf(Tokenizer &tokenizer, std::string_view text, Policy policy = Policy::None) {
  return piecesOf(tokenizer, tokenizer.encode(text, policy));
}

TEST(Utf8Test, FindsAndRepairsWhatIsNone) {
  // Expectations of Python's bytes.decode(errors="replace"), which repairs as Unicode recommends.
  const std::pair<std::string, std::string> cases[] = {
      {"a\xc3\xa9\xe6\xb7\xb1\xf0\x9f\x8c\x8a", "a\xc3\xa9\xe6\xb7\xb1\xf0\x9f\x8c\x8a"},
      {"\xff", "?"},
      {"\xc0\x80", "??"},           // longer than it needs to be
      {"\xe0\x80\x80", "???"},      //
      {"\xed\xa0\x80", "???"},      // half of a pair
      {"\xf4\x90\x80\x80", "????"}, // beyond the last code point
      {"\xe6\xb7", "?"},            // cut off
      {"\xe6\xb7x", "?x"},          //
      {"\xf0\x9f\x8c\xc3\xa9", "?\xc3\xa9"},
      {"12345678\x80", "12345678?"},
  };
  for (const auto &[bytes, marked] : cases) {
    std::string expected;
    for (char letter : marked)
      expected += letter == '?' ? std::string(replacementCharacter) : std::string(1, letter);
    EXPECT_EQ(repairUtf8(bytes), expected);
    EXPECT_EQ(findInvalidUtf8(bytes) == std::string::npos, repairUtf8(bytes) == bytes);
  }
  EXPECT_EQ(findInvalidUtf8("12345678\x80"), 8u);
  for (char32_t codePoint = 0; codePoint < 0x110000; ++codePoint) {
    if (codePoint == 0xd800)
      codePoint = 0xe000;
    std::string text;
    appendUtf8(text, codePoint);
    ASSERT_EQ(findInvalidUtf8(text), std::string::npos);
    ASSERT_EQ(codePointOf(text), codePoint);
  }
}

TEST(BytePairsTest, MergesByRankAndFromTheLeft) {
  Tokenizer tokenizer = makeTokenizer({"b|c", "a|b", "a|a", "aa|aa", "ab|c"});
  EXPECT_EQ(piecesOf(tokenizer, "abc"), "a|bc"); // bc is merged first, and a has no merge with it
  EXPECT_EQ(piecesOf(tokenizer, "abd"), "ab|d"); //
  EXPECT_EQ(piecesOf(tokenizer, "aaa"), "aa|a"); // of equals the first
  EXPECT_EQ(piecesOf(tokenizer, "aaaaaaa"), "aaaa|aa|a");
  EXPECT_EQ(piecesOf(tokenizer, "aab"), "a|ab");
  EXPECT_EQ(piecesOf(tokenizer, ""), "");
}

/// The same in the plainest way.
std::vector<std::string> mergePlainly(std::string_view text, const std::vector<std::string> &merged) {
  std::vector<std::string> tokens;
  for (char letter : text)
    tokens.emplace_back(1, letter);
  while (true) {
    size_t best = merged.size(), place = 0;
    for (size_t index = 0; index + 1 < tokens.size(); ++index) {
      auto found = std::ranges::find(merged, tokens[index] + "|" + tokens[index + 1]);
      if (static_cast<size_t>(found - merged.begin()) < best) {
        best = static_cast<size_t>(found - merged.begin());
        place = index;
      }
    }
    if (best == merged.size())
      return tokens;
    tokens[place] += tokens[place + 1];
    tokens.erase(tokens.begin() + static_cast<std::ptrdiff_t>(place) + 1);
  }
}

TEST(BytePairsTest, AgreesWithThePlainestWay) {
  std::vector<std::string> merged = {"a|b", "b|a", "c|c", "ab|a", "a|a", "ba|c", "cc|ab", "ab|ab", "aa|b", "c|a"};
  Tokenizer tokenizer = makeTokenizer(merged);
  std::mt19937 random(1);
  for (int run = 0; run < 2000; ++run) {
    std::string text(random() % 60, 'a'), expected;
    for (char &letter : text)
      letter = static_cast<char>('a' + random() % 3);
    for (const std::string &token : mergePlainly(text, merged))
      expected += (expected.empty() ? "" : "|") + token;
    // Twice: the second time short ones come from the cache.
    ASSERT_EQ(piecesOf(tokenizer, text), expected);
    ASSERT_EQ(piecesOf(tokenizer, text), expected);
  }
}

TEST(BytePairsTest, LongPiecesTakeNoMoreThanTheirLength) {
  Tokenizer tokenizer = makeTokenizer({"a|a", "aa|aa", "aaaa|aaaa"});
  std::string text(1 << 20, 'a');
  auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(tokenizer.encode(text).size(), text.size() / 8);
  // Half a second on one core; what grows with the square would take an hour.
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(isSanitized ? 60 : 10));
}

TEST(AddedTokensTest, TheLongestOfTheLeftmostIsFoundWhereItMayBe) {
  Tokenizer tokenizer = makeTokenizer({}, {{.content = "<a>", .special = true}, {.content = "<a>b"}, {.content = "<"}});
  EXPECT_EQ(piecesOf(tokenizer, "x<a>by", Policy::All), "x|<a>b|y");
  EXPECT_EQ(piecesOf(tokenizer, "<a><<a", Policy::All), "<a>|<|<|a");
  EXPECT_EQ(tokenizer.encode("<a>", Policy::All), std::vector<int32_t>{256});
  EXPECT_EQ(piecesOf(tokenizer, "<a>", Policy::NotSpecial), "<|a|>"); // passed over as a whole
  EXPECT_EQ(tokenizer.encode("<a>", Policy::NotSpecial), (std::vector<int32_t>{'<', 'a', '>'}));
  EXPECT_EQ(tokenizer.encode("<", Policy::None), std::vector<int32_t>{'<'});
  EXPECT_EQ(tokenizer.encode("<", Policy::NotSpecial), std::vector<int32_t>{258});
}

TEST(AddedTokensTest, SpansSayWhereTokensMayBeFound) {
  Tokenizer tokenizer = makeTokenizer({"a|b", " |a"}, {{.content = "<user>", .special = true}, {.content = "<think>"}});
  auto encode = [&](std::vector<TextSpan> spans) { return piecesOf(tokenizer, tokenizer.encode(spans)); };
  EXPECT_EQ(encode({{"<user>", Policy::All}, {"<user>"}, {"<think>", Policy::All}}), "<user>|<|u|s|e|r|>|<think>");
  // A border is no place to cut a piece, and no token lies across one.
  EXPECT_EQ(encode({{"a", Policy::All}, {"b"}}), "ab");
  EXPECT_EQ(encode({{"x "}, {"ac", Policy::All}}), "x| a|c");
  EXPECT_EQ(encode({{"<us"}, {"er>", Policy::All}}), "<|u|s|e|r|>");
  EXPECT_EQ(encode({{"<us", Policy::All}, {"er>", Policy::All}}), "<|u|s|e|r|>");
  EXPECT_EQ(encode({}), "");
  EXPECT_EQ(encode({{""}, {"<user>", Policy::All}, {""}}), "<user>");
}

TEST(AddedTokensTest, FlagsTakeWhiteSpaceAndAskForWords) {
  Tokenizer tokenizer = makeTokenizer(
      {}, {{.content = "<s>", .stripsLeft = true, .stripsRight = true}, {.content = "word", .singleWord = true}});
  auto places = [&](std::string_view text) {
    std::string found;
    for (const TokenPlace &place : tokenizer.encodeWithPlaces(text, Policy::All))
      if (place.token >= 256)
        found += concat(found.empty() ? "" : " ", place.begin, "+", place.size);
    return found;
  };
  EXPECT_EQ(places("a \xe3\x80\x80<s>\t\n b"), "1+10");
  EXPECT_EQ(places("<s> <s>"), "0+4 4+3"); // the space belongs to the first
  EXPECT_EQ(places("word words sword_word (word) \xc3\xa9word"), "0+4 23+4");
}

TEST(PatternTest, SpeaksTheSyntaxOfTokenizers) {
  auto find = [](const char *pattern, std::string_view text) {
    auto match = Pattern(pattern, "test").find(text, 0);
    return match ? std::string(text.substr(match->first, match->second - match->first)) : "none";
  };
  EXPECT_EQ(find("\\s+", "a\xc2\x85\xe3\x80\x80 b"), "\xc2\x85\xe3\x80\x80 ");
  EXPECT_EQ(find("\\s", "\xe1\xa0\x8e"), "none");                           // U+180E is no white space any more
  EXPECT_EQ(find("[^\\s]", "\xe1\xa0\x8e"), "\xe1\xa0\x8e");                //
  EXPECT_EQ(find("\\p{Lu}", "\xf0\x90\xb5\x90"), "\xf0\x90\xb5\x90");       // U+10D50, new in Unicode 16
  EXPECT_EQ(find("\\P{L}", "\xf0\x90\xb5\x90"), "none");                    //
  EXPECT_EQ(find("\\p{Han}+", "\xe3\x80\x82\xe6\xb7\xb1"), "\xe6\xb7\xb1"); // the full stop is not of the script
  EXPECT_EQ(find("\\d", "\xd9\xa1"), "\xd9\xa1");
  EXPECT_EQ(find("a$", "a\nb"), "a");
  for (const char *refused :
       {"\\w", "\\h", "\\b", "(?x)a", "[a[b]]", "[a&&b]", "a{2}+", "[\\S]", "\\p{Greek}", "\\pL", "[a", "\\"})
    EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, [&] { Pattern(refused, "test"); }), "which is not supported");
}

TEST(StreamingDecoderTest, IsTheWholeTextAndNeverCutsACharacter) {
  Tokenizer tokenizer = makeTokenizer({"\xe6|\xb7"}, {{.content = "<end>", .special = true}});
  StreamingDecoder decoder(tokenizer);
  EXPECT_EQ(decoder.add('a'), "a");
  EXPECT_EQ(decoder.add(256), ""); // two bytes of three
  EXPECT_EQ(decoder.add(0xb1), "\xe6\xb7\xb1");
  EXPECT_EQ(decoder.add(0xe6), "");
  EXPECT_EQ(decoder.add(257), "\xef\xbf\xbd<end>");
  EXPECT_EQ(decoder.add(0xf0), "");
  EXPECT_EQ(decoder.add(-1), ""); // of no tokenizer
  EXPECT_EQ(decoder.add(99999), "");
  EXPECT_EQ(decoder.finish(), "\xef\xbf\xbd");
  EXPECT_EQ(decoder.finish(), "");
  std::mt19937 random(2);
  for (int run = 0; run < 500; ++run) {
    std::vector<int32_t> tokens(random() % 40);
    for (int32_t &token : tokens)
      token = static_cast<int32_t>(random() % 4 ? 0x80 + random() % 0x80 : random() % 258);
    for (bool withSpecial : {false, true}) {
      std::string streamed;
      StreamingDecoder each(tokenizer, withSpecial);
      for (int32_t token : tokens) {
        std::string text = each.add(token);
        ASSERT_EQ(findInvalidUtf8(text), std::string::npos);
        streamed += text;
      }
      ASSERT_EQ(streamed + each.finish(), tokenizer.decode(tokens, withSpecial));
    }
  }
}

TEST(TokenizerTest, KnowsBeginAndEndAsTheConfigurationsNameThem) {
  TemporaryFolder folder;
  writeFile(folder / "config.json", R"({"bos_token_id": 3, "eos_token_id": 4})");
  EXPECT_EQ(Tokenizer::open(folder.path()).beginOfText(), 3);
  writeFile(folder / "generation_config.json", R"({"eos_token_id": [5, 257]})");
  Tokenizer tokenizer = Tokenizer::open(folder.path());
  EXPECT_EQ(tokenizer.kind(), Tokenizer::Kind::Bytes);
  EXPECT_EQ(tokenizer.size(), 256u);
  EXPECT_EQ(tokenizer.beginOfText(), 3);
  EXPECT_EQ(tokenizer.endsOfText(), (std::vector<int32_t>{5, 257})); // a model of bytes has tokens without bytes
  EXPECT_EQ(tokenizer.decode(std::vector<int32_t>{'a', 257}), "a");
  EXPECT_FALSE(tokenizer.addsBeginOfText());
  writeFile(folder / "tokenizer_config.json", R"({"add_bos_token": true})");
  EXPECT_TRUE(Tokenizer::open(folder.path()).addsBeginOfText());
  writeFile(folder / "generation_config.json", R"({"eos_token_id": "x"})");
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, [&] { Tokenizer::open(folder.path()); }),
                  "generation_config.json: eos_token_id: expected a token's id, got \"x\"");
}

} // namespace
} // namespace hadal::test
