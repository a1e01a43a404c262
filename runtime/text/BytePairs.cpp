// The piece is a linked list of tokens, the pairs that may be merged wait in a heap. A pair that was pushed may be gone
// when its turn comes, since one of its tokens has been merged with another: what stands at its place then is not what
// it was pushed for, and it is passed over. Each merge pushes two pairs at most, hence n log n.
#include "runtime/text/BytePairs.h"

#include "runtime/core/Error.h"
#include "runtime/text/TextTable.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

namespace hadal {
namespace {

uint64_t keyOf(int32_t left, int32_t right) {
  return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
}

constexpr size_t cachePlaces = size_t{1} << 15;

} // namespace

BytePairs::BytePairs() {
  for (size_t byte = 0; byte < byteTokens.size(); ++byte)
    byteTokens[byte] = static_cast<int32_t>(byte);
}

BytePairs::BytePairs(const std::array<int32_t, 256> &byteTokens, std::span<const Merge> merges)
    : byteTokens(byteTokens), rules(std::bit_ceil(2 * merges.size() + 1)) {
  int32_t rank = 0;
  for (const Merge &merge : merges) {
    uint64_t pair = keyOf(merge.left, merge.right);
    size_t place = mixBits(pair) & (rules.size() - 1);
    while (rules[place].rank >= 0 && rules[place].pair != pair)
      place = (place + 1) & (rules.size() - 1);
    rules[place] = {pair, rank++, merge.merged};
  }
}

BytePairs::BytePairs(const std::array<int32_t, 256> &byteTokens, const std::vector<std::string> &tokens)
    : byteTokens(byteTokens), byRank(true) {
  takeWholePieces(tokens);
}

void BytePairs::takeWholePieces(const std::vector<std::string> &tokens) {
  wholePieces = true;
  tokensByText.reserve(tokens.size());
  for (size_t token = 0; token < tokens.size(); ++token)
    if (!tokens[token].empty()) {
      tokensByText.emplace(tokens[token], static_cast<int32_t>(token));
      longestToken = std::max(longestToken, tokens[token].size());
    }
}

const BytePairs::Rule *BytePairs::findRule(int32_t left, int32_t right) const {
  uint64_t pair = keyOf(left, right);
  for (size_t place = mixBits(pair) & (rules.size() - 1); rules[place].rank >= 0;
       place = (place + 1) & (rules.size() - 1))
    if (rules[place].pair == pair)
      return &rules[place];
  return nullptr;
}

/// What the symbol and the next one may become together.
std::optional<BytePairs::Candidate> BytePairs::candidateAt(std::string_view piece, uint32_t index) const {
  const Symbol &left = symbols[index];
  if (left.next < 0)
    return std::nullopt;
  const Symbol &right = symbols[static_cast<size_t>(left.next)];
  if (!byRank) {
    const Rule *rule = findRule(left.token, right.token);
    return rule ? std::optional(Candidate{rule->rank, rule->merged, index}) : std::nullopt;
  }
  size_t size = size_t{left.size} + right.size;
  if (size > longestToken)
    return std::nullopt;
  auto found = tokensByText.find(piece.substr(left.begin, size));
  return found == tokensByText.end() ? std::nullopt : std::optional(Candidate{found->second, found->second, index});
}

void BytePairs::push(std::string_view piece, uint32_t symbol) {
  if (std::optional<Candidate> candidate = candidateAt(piece, symbol)) {
    candidates.push_back(*candidate);
    std::push_heap(candidates.begin(), candidates.end());
  }
}

void BytePairs::merge(std::string_view piece, std::vector<int32_t> &tokens) {
  if (piece.size() > static_cast<size_t>(std::numeric_limits<int32_t>::max()))
    fail(HADAL_EXIT_INPUT, "a piece of text has ", piece.size(), " bytes without a place to cut it; at most ",
         std::numeric_limits<int32_t>::max(), " can be encoded");
  symbols.clear();
  candidates.clear();
  int32_t count = static_cast<int32_t>(piece.size());
  for (int32_t index = 0; index < count; ++index)
    symbols.push_back({byteTokens[static_cast<uint8_t>(piece[static_cast<size_t>(index)])],
                       static_cast<uint32_t>(index), 1, index - 1, index + 1 < count ? index + 1 : -1});
  for (uint32_t index = 0; index < symbols.size(); ++index)
    if (std::optional<Candidate> candidate = candidateAt(piece, index))
      candidates.push_back(*candidate);
  std::make_heap(candidates.begin(), candidates.end());
  while (!candidates.empty()) {
    std::pop_heap(candidates.begin(), candidates.end());
    Candidate best = candidates.back();
    candidates.pop_back();
    Symbol &left = symbols[best.symbol];
    std::optional<Candidate> present = left.size ? candidateAt(piece, best.symbol) : std::nullopt;
    if (!present || present->merged != best.merged)
      continue;
    Symbol &right = symbols[static_cast<size_t>(left.next)];
    left.token = best.merged;
    left.size += right.size;
    right.size = 0;
    left.next = right.next;
    if (left.next >= 0)
      symbols[static_cast<size_t>(left.next)].previous = static_cast<int32_t>(best.symbol);
    if (left.previous >= 0)
      push(piece, static_cast<uint32_t>(left.previous));
    push(piece, best.symbol);
  }
  for (int32_t index = 0; index >= 0 && index < count; index = symbols[static_cast<size_t>(index)].next)
    tokens.push_back(symbols[static_cast<size_t>(index)].token);
}

void BytePairs::encodeAnew(std::string_view piece, std::vector<int32_t> &tokens) {
  if (wholePieces && piece.size() <= longestToken)
    if (auto found = tokensByText.find(piece); found != tokensByText.end())
      return tokens.push_back(found->second);
  merge(piece, tokens);
}

void BytePairs::encode(std::string_view piece, std::vector<int32_t> &tokens) {
  if (rules.empty() && !byRank) {
    for (char byte : piece)
      tokens.push_back(byteTokens[static_cast<uint8_t>(byte)]);
    return;
  }
  if (piece.size() > Remembered::mostBytes)
    return encodeAnew(piece, tokens);
  if (cache.empty())
    cache.resize(cachePlaces);
  Remembered &place = cache[hashOfText(piece) & (cachePlaces - 1)];
  if (place.tokens && place.bytes == piece.size() && std::memcmp(place.text, piece.data(), piece.size()) == 0) {
    tokens.insert(tokens.end(), place.ids, place.ids + place.tokens);
    return;
  }
  size_t before = tokens.size();
  encodeAnew(piece, tokens);
  size_t count = tokens.size() - before;
  if (count > Remembered::mostTokens)
    return;
  place.bytes = static_cast<uint8_t>(piece.size());
  place.tokens = static_cast<uint8_t>(count);
  std::memcpy(place.text, piece.data(), piece.size());
  std::copy(tokens.end() - static_cast<std::ptrdiff_t>(count), tokens.end(), place.ids);
}

} // namespace hadal
