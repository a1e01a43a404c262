// The windows of tokens that an entry point reads: its input `tokens` holds `rows` of them, each of `length` tokens
// that are read and behind them `ahead` more that are only predicted.
#ifndef HADAL_RUNTIME_PROGRAMS_TOKENWINDOWS_H
#define HADAL_RUNTIME_PROGRAMS_TOKENWINDOWS_H

#include "runtime/core/Program.h"

namespace hadal {

struct TokenWindows {
  uint32_t tensor = 0; // the input
  int64_t rows = 0, length = 0, ahead = 0;

  /// Those of an entry point of the program; fails when it has none of that name, or it reads no tokens.
  TokenWindows(const Program &program, std::string_view entry);
};

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_TOKENWINDOWS_H
