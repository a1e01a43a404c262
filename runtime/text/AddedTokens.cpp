// The search is that of `tokenizers`, with its order of decisions: a match that a flag discards is passed over as a
// whole, and white space that a token takes on its right does not keep the next match from being one.
#include "runtime/text/AddedTokens.h"

#include "runtime/text/Utf8.h"

#include <algorithm>

namespace hadal {
namespace {

/// The last character of valid UTF-8.
std::string_view lastCharacter(std::string_view text) {
  size_t begin = text.size() - 1;
  while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xc0) == 0x80)
    --begin;
  return text.substr(begin);
}

/// White_Space of Unicode.
bool isWhiteSpace(char32_t c) {
  return (c >= 0x9 && c <= 0xd) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) ||
         c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

/// Characters of words as Unicode defines them for regular expressions: what is alphabetic (letters, letter-like
/// numbers and the enclosed letters), marks, digits, connectors and joiners.
constexpr std::string_view wordCharacters = "[\\p{L}\\p{M}\\p{Nd}\\p{Nl}\\p{Pc}\u200c\u200d\u24b6-\u24e9\U0001f130-"
                                            "\U0001f149\U0001f150-\U0001f169\U0001f170-\U0001f189]";

size_t whiteSpaceAtEnd(std::string_view text) {
  size_t size = text.size();
  while (size > 0 && isWhiteSpace(codePointOf(lastCharacter(text.substr(0, size)))))
    size -= lastCharacter(text.substr(0, size)).size();
  return text.size() - size;
}

size_t whiteSpaceAtBegin(std::string_view text) {
  size_t size = 0;
  while (size < text.size() && isWhiteSpace(codePointOf(text.substr(size))))
    size += readUtf8(text.substr(size)).size;
  return size;
}

/// Text that continues the last part becomes a part of it.
void append(std::vector<TextPart> &parts, TextPart part) {
  if (part.begin >= part.end)
    return;
  bool continues = !parts.empty() && parts.back().token == TextPart::noToken && part.token == TextPart::noToken;
  if (continues)
    parts.back().end = part.end;
  else
    parts.push_back(part);
}

} // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens) {
  for (AddedToken &token : tokens) {
    if (token.singleWord && !wordCharacter)
      wordCharacter.emplace(wordCharacters, "characters of words");
    rounds[token.normalized].add(std::move(token));
  }
  for (Round &round : rounds)
    std::ranges::sort(round.tokens, {}, &AddedToken::content);
}

void AddedTokens::Round::add(AddedToken token) {
  begins[static_cast<unsigned char>(token.content[0])] = true;
  tokens.push_back(std::move(token));
}

/// The longest token that the text begins with. Byte by byte the range of tokens that still agree becomes smaller.
const AddedToken *AddedTokens::Round::longestAt(std::string_view text) const {
  auto first = tokens.begin(), last = tokens.end();
  const AddedToken *longest = nullptr;
  for (size_t depth = 0; first != last; ++depth) {
    if (first->content.size() == depth)
      longest = &*first++;
    if (depth == text.size())
      break;
    auto byteAt = [&](const AddedToken &token) { return static_cast<unsigned char>(token.content[depth]); };
    auto same = std::ranges::equal_range(first, last, static_cast<unsigned char>(text[depth]), {}, byteAt);
    first = same.begin();
    last = same.end();
  }
  return longest;
}

/// Whether a letter or its like touches the token that lies there.
bool AddedTokens::isPartOfWord(std::string_view sentence, size_t begin, size_t end) {
  auto isOfWord = [&](std::string_view character) { return wordCharacter->find(character, 0).has_value(); };
  std::string_view after = sentence.substr(end);
  return (begin > 0 && isOfWord(lastCharacter(sentence.substr(0, begin)))) ||
         (!after.empty() && isOfWord(after.substr(0, readUtf8(after).size)));
}

void AddedTokens::splitPart(const Round &round, std::string_view text, TextRegion part, std::vector<TextPart> &parts) {
  std::string_view sentence = text.substr(part.begin, part.end - part.begin);
  size_t done = 0;
  auto add = [&](size_t begin, size_t end, int32_t token) {
    append(parts, {part.begin + begin, part.begin + end, token});
  };
  for (size_t place = 0; part.policy != AddedTokenPolicy::None && place < sentence.size();) {
    bool mayBegin = round.begins[static_cast<unsigned char>(sentence[place])];
    const AddedToken *token = mayBegin ? round.longestAt(sentence.substr(place)) : nullptr;
    if (!token) {
      ++place;
      continue;
    }
    size_t begin = place, end = place + token->content.size();
    place = end;
    if ((token->special && part.policy == AddedTokenPolicy::NotSpecial) ||
        (token->singleWord && isPartOfWord(sentence, begin, end)))
      continue;
    if (token->stripsLeft)
      begin = std::max(begin - whiteSpaceAtEnd(sentence.substr(0, begin)), done);
    if (token->stripsRight)
      end += whiteSpaceAtBegin(sentence.substr(end));
    add(done, begin, TextPart::noToken);
    add(begin, end, token->id);
    done = end;
  }
  add(done, sentence.size(), TextPart::noToken);
}

std::vector<TextPart> AddedTokens::split(std::string_view text, std::span<const TextRegion> regions) {
  std::vector<TextPart> parts, cut;
  append(parts, {0, text.size(), TextPart::noToken});
  for (const Round &round : rounds) {
    if (round.tokens.empty())
      continue;
    cut.clear();
    const TextRegion *region = regions.data();
    for (const TextPart &part : parts) {
      if (part.token != TextPart::noToken) {
        append(cut, part);
        continue;
      }
      while (region->end <= part.begin)
        ++region;
      // What lies between two regions within a part is no place to cut: `append` joins the text.
      for (const TextRegion *of = region; of != regions.data() + regions.size() && of->begin < part.end; ++of)
        splitPart(round, text, {std::max(part.begin, of->begin), std::min(part.end, of->end), of->policy}, cut);
    }
    parts.swap(cut);
  }
  return parts;
}

} // namespace hadal
