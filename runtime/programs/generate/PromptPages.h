// Pages of prompts that have been read, for prompts that begin alike: samples of one prompt, prompts with one system
// message, the next turn of a conversation.
//
// A page serves another prompt when it is full, all of its rows were read as rows of a prompt, and all tokens up to its
// end are the same. Rows that were generated may have another arithmetic than those of a prompt (rule 9 of
// docs/rationale/arithmetic.md): their pages serve nobody, and a text that becomes part of a prompt is read again. So
// what a prompt finds here is to the bit what it would have computed.
//
// Shared pages are never written: a sequence writes from its first own page on. The page in which two prompts part, and
// the last one of a prompt, is read by each for itself.
#ifndef HADAL_RUNTIME_PROGRAMS_GENERATE_PROMPTPAGES_H
#define HADAL_RUNTIME_PROGRAMS_GENERATE_PROMPTPAGES_H

#include "runtime/programs/generate/PagePool.h"

#include <cstdint>
#include <list>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace hadal {

class PromptPages {
public:
  /// Holds what it remembers, and gives it back when the pool has nothing else. Without sharing it remembers nothing.
  PromptPages(PagePool &pool, int64_t positionsOfPage, bool shares = true)
      : pool(pool), positionsOfPage(static_cast<size_t>(positionsOfPage)), shares(shares) {}

  /// Pages for a sequence, held for it, the first of which have the beginning of its prompt.
  struct Lent {
    std::vector<int32_t> pages;
    int64_t positions = 0; // that need not be read; at least the last one of the prompt has to be
  };
  /// The pool and what is remembered have so many.
  Lent take(std::span<const int32_t> prompt, size_t count);

  /// The pages have all rows of the prompt now.
  void remember(std::span<const int32_t> prompt, std::span<const int32_t> pages);

  size_t remembered() const { return entries.size(); }

private:
  /// A page is known by the one before it, which stands for all tokens up to there, and its own tokens.
  using Key = std::pair<uint64_t, std::vector<int32_t>>;
  struct Entry {
    Key key;
    uint64_t number; // of its own; 0 stands for the beginning of all prompts
    int32_t page;
  };
  using Entries = std::list<Entry>;

  PagePool &pool;
  size_t positionsOfPage;
  bool shares;
  uint64_t lastNumber = 0;
  Entries entries; // the one that was not asked for longest first
  std::map<Key, Entries::iterator> byKey;

  std::vector<Entries::iterator> find(std::span<const int32_t> prompt, size_t mostPages) const;
  Key keyOf(uint64_t before, std::span<const int32_t> prompt, size_t page) const;
  void refresh(const std::vector<Entries::iterator> &chain);
  bool forgetOne();
};

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_GENERATE_PROMPTPAGES_H
