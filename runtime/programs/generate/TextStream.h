// The text of a continuation while its tokens come: whole characters, and nothing of what may become a stop string.
#ifndef HADAL_RUNTIME_PROGRAMS_GENERATE_TEXTSTREAM_H
#define HADAL_RUNTIME_PROGRAMS_GENERATE_TEXTSTREAM_H

#include "runtime/sampling/StopStrings.h"
#include "runtime/text/Tokenizer.h"

namespace hadal {

class TextStream {
public:
  TextStream(const Tokenizer &tokenizer, const std::vector<std::string> &stops)
      : decoder(tokenizer, /*withSpecial=*/false), stops(stops) {}

  /// What may be shown now that the token has come.
  std::string add(int32_t token) { return take(stops.push(decoder.add(token))); }
  /// The text has ended: the rest of it.
  std::string finish() {
    std::string last = stops.push(decoder.finish());
    return take(last + stops.finish());
  }
  /// Whether a stop string ended it. It is no part of the text.
  bool isStopped() const { return stops.found().has_value(); }
  const std::string &text() const { return all; }

private:
  std::string take(std::string shown) {
    all += shown;
    return shown;
  }

  StreamingDecoder decoder;
  StopStrings stops;
  std::string all;
};

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_GENERATE_TEXTSTREAM_H
