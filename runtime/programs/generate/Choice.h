// Which token follows: the likeliest one, of equals the one with the lower id.
#ifndef HADAL_RUNTIME_PROGRAMS_GENERATE_CHOICE_H
#define HADAL_RUNTIME_PROGRAMS_GENERATE_CHOICE_H

#include <algorithm>
#include <cstdint>
#include <span>

namespace hadal {

inline int32_t chooseToken(std::span<const float> logits) {
  return static_cast<int32_t>(std::ranges::max_element(logits) - logits.begin());
}

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_GENERATE_CHOICE_H
