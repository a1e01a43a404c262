// Pages are found one after the other, each by the entry before it: an entry stands for all tokens up to its end, and
// its key is short however long the prompt is. What nobody asked for longest is forgotten first, of one prompt the last
// page: without those before it it could not be found.
#include "runtime/programs/generate/PromptPages.h"

#include <iterator>

namespace hadal {

PromptPages::Key PromptPages::keyOf(uint64_t before, std::span<const int32_t> prompt, size_t page) const {
  std::span tokens = prompt.subspan(page * positionsOfPage, positionsOfPage);
  return {before, {tokens.begin(), tokens.end()}};
}

std::vector<PromptPages::Entries::iterator> PromptPages::find(std::span<const int32_t> prompt, size_t mostPages) const {
  std::vector<Entries::iterator> chain;
  while (chain.size() < mostPages) {
    auto found = byKey.find(keyOf(chain.empty() ? 0 : chain.back()->number, prompt, chain.size()));
    if (found == byKey.end())
      break;
    chain.push_back(found->second);
  }
  return chain;
}

void PromptPages::refresh(const std::vector<Entries::iterator> &chain) {
  for (auto entry = chain.rbegin(); entry != chain.rend(); ++entry)
    entries.splice(entries.end(), entries, *entry);
}

/// Gives the page back that was not asked for longest of those that no sequence holds.
bool PromptPages::forgetOne() {
  auto oldest = std::ranges::find_if(entries, [&](const Entry &entry) { return pool.holders(entry.page) == 1; });
  if (oldest == entries.end())
    return false;
  pool.giveBack(std::span(&oldest->page, 1));
  byKey.erase(oldest->key);
  entries.erase(oldest);
  return true;
}

PromptPages::Lent PromptPages::take(std::span<const int32_t> prompt, size_t count) {
  Lent lent;
  if (shares && !prompt.empty()) {
    std::vector<Entries::iterator> chain = find(prompt, (prompt.size() - 1) / positionsOfPage);
    refresh(chain);
    for (Entries::iterator entry : chain)
      lent.pages.push_back(entry->page);
    pool.hold(lent.pages);
    lent.positions = static_cast<int64_t>(chain.size() * positionsOfPage);
  }
  size_t own = count - lent.pages.size();
  while (pool.available() < own && forgetOne())
    ;
  std::ranges::copy(pool.take(own), std::back_inserter(lent.pages));
  return lent;
}

void PromptPages::remember(std::span<const int32_t> prompt, std::span<const int32_t> pages) {
  if (!shares)
    return;
  size_t full = prompt.size() / positionsOfPage;
  std::vector<Entries::iterator> chain = find(prompt, full);
  while (chain.size() < full) {
    Key key = keyOf(chain.empty() ? 0 : chain.back()->number, prompt, chain.size());
    int32_t page = pages[chain.size()];
    entries.push_back({key, ++lastNumber, page});
    byKey.emplace(std::move(key), std::prev(entries.end()));
    pool.hold(std::span(&page, 1));
    chain.push_back(std::prev(entries.end()));
  }
  refresh(chain);
}

} // namespace hadal
