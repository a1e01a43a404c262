// Byte-pair encoding: from the bytes of a piece to its tokens.
//
// A piece begins as one token per byte. Of all pairs of neighbours that may be merged the one with the least rank is,
// the first of equals, until there is none. Two kinds of tokenizers say what may be merged: those with a list of merges
// (tokenizer.json), where a pair's rank is its line, and those with ranks alone (tiktoken.model), where any pair may be
// whose bytes together are a token, with the rank of that token.
#ifndef HADAL_RUNTIME_TEXT_BYTEPAIRS_H
#define HADAL_RUNTIME_TEXT_BYTEPAIRS_H

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace hadal {

class BytePairs {
public:
  struct Merge {
    int32_t left, right, merged;
  };

  /// No pair is merged: every byte is the token of its number.
  BytePairs();
  /// `byteTokens` are the tokens of the 256 bytes; a merge's rank is its place in the list, of equal pairs the last.
  BytePairs(const std::array<int32_t, 256> &byteTokens, std::span<const Merge> merges);
  /// By rank: a token's rank is its number.
  BytePairs(const std::array<int32_t, 256> &byteTokens, const std::vector<std::string> &tokens);

  /// Pieces that are a token as a whole are this token, whatever the merges say. By rank it is always so.
  void takeWholePieces(const std::vector<std::string> &tokens);

  /// Appends the tokens of a piece. Takes n log n steps for n bytes, and no memory once it has seen a piece of the
  /// length.
  void encode(std::string_view piece, std::vector<int32_t> &tokens);

private:
  struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  using TokensByText = std::unordered_map<std::string, int32_t, TextHash, std::equal_to<>>;

  /// A pair that may be merged, and into what; rank -1: no pair.
  struct Rule {
    uint64_t pair = 0;
    int32_t rank = -1, merged = 0;
  };
  /// A token of the piece in the list of those that are left.
  struct Symbol {
    int32_t token;
    uint32_t begin, size; // no bytes: merged into the one before
    int32_t previous, next;
  };
  struct Candidate {
    int32_t rank, merged;
    uint32_t symbol; // the left one
    bool operator<(const Candidate &other) const {
      return rank != other.rank ? rank > other.rank : symbol > other.symbol;
    }
  };
  /// What a short piece has become before. A piece replaces the one whose place it has, so that the cache never grows.
  struct Remembered {
    static constexpr size_t mostBytes = 22, mostTokens = 8;
    uint8_t bytes = 0, tokens = 0;
    char text[mostBytes];
    int32_t ids[mostTokens];
  };

  std::array<int32_t, 256> byteTokens;
  std::vector<Rule> rules; // a hash table, a power of two of places
  TokensByText tokensByText;
  bool byRank = false, wholePieces = false;
  size_t longestToken = 0;

  std::vector<Symbol> symbols;
  std::vector<Candidate> candidates; // a heap
  std::vector<Remembered> cache;

  const Rule *findRule(int32_t left, int32_t right) const;
  std::optional<Candidate> candidateAt(std::string_view piece, uint32_t symbol) const;
  void push(std::string_view piece, uint32_t symbol);
  void merge(std::string_view piece, std::vector<int32_t> &tokens);
  void encodeAnew(std::string_view piece, std::vector<int32_t> &tokens);
};

} // namespace hadal

#endif // HADAL_RUNTIME_TEXT_BYTEPAIRS_H
