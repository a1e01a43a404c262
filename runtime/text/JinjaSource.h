// The text of a template, and how an error in it is said.
#ifndef HADAL_RUNTIME_TEXT_JINJASOURCE_H
#define HADAL_RUNTIME_TEXT_JINJASOURCE_H

#include "runtime/core/Error.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace hadal::jinja {

struct Source {
  std::string name; // of the file, for messages
  std::string text; // lines end in \n

  /// name:line:column of a byte.
  std::string describe(size_t place) const {
    std::string_view before = std::string_view(text).substr(0, place);
    size_t line = static_cast<size_t>(std::ranges::count(before, '\n')) + 1;
    size_t column = before.size() - (before.rfind('\n') + 1) + 1; // npos + 1 is 0
    return concat(name, ":", line, ":", column);
  }

  template <class... Parts> [[noreturn]] void fail(size_t place, const Parts &...parts) const {
    hadal::fail(HADAL_EXIT_INPUT, describe(place), ": ", parts...);
  }
};

} // namespace hadal::jinja

#endif // HADAL_RUNTIME_TEXT_JINJASOURCE_H
