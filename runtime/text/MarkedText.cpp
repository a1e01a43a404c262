// Runs of one origin, of which neighbours are always different.
#include "runtime/text/MarkedText.h"

#include <algorithm>

namespace hadal {

bool MarkedText::hasGiven() const { return std::ranges::any_of(origins, &Run::isGiven); }

void MarkedText::append(std::string_view more, bool isGiven) {
  if (more.empty())
    return;
  text += more;
  if (!origins.empty() && origins.back().isGiven == isGiven)
    origins.back().end = text.size();
  else
    origins.push_back({text.size(), isGiven});
}

void MarkedText::append(const MarkedText &more) {
  if (&more == this)
    return append(MarkedText(more));
  size_t begin = 0;
  for (const Run &run : more.origins) {
    append(std::string_view(more.text).substr(begin, run.end - begin), run.isGiven);
    begin = run.end;
  }
}

MarkedText MarkedText::slice(size_t begin, size_t end) const {
  MarkedText part;
  auto run = std::ranges::upper_bound(origins, begin, {}, &Run::end);
  for (; begin < end; ++run) {
    size_t stop = std::min(run->end, end);
    part.append(std::string_view(text).substr(begin, stop - begin), run->isGiven);
    begin = stop;
  }
  return part;
}

MarkedText MarkedText::withBytes(std::string bytes) const {
  MarkedText result = *this;
  result.text = std::move(bytes);
  return result;
}

} // namespace hadal
