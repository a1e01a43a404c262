// Strings that end a text, found in a stream of bytes.
//
// The string whose last byte comes first ends the text, of several that end there the longest: the text is then the
// same however it was cut into tokens. What may still become a stop string is held back until it is decided.
#ifndef HADAL_RUNTIME_SAMPLING_STOPSTRINGS_H
#define HADAL_RUNTIME_SAMPLING_STOPSTRINGS_H

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hadal {

class StopStrings {
public:
  /// Fails with HADAL_EXIT_COMMAND_LINE when one is empty.
  explicit StopStrings(std::vector<std::string> strings);

  /// Takes the next bytes and returns those that may be shown: the longest beginning of what is not shown yet that no
  /// stop string can begin in. Once a stop string was found, nothing more.
  std::string push(std::string_view bytes);
  /// The text ended otherwise: what was held back.
  std::string finish();

  /// The number of the string that ended the text.
  std::optional<size_t> found() const { return foundString; }

private:
  /// A string, and for every length of its beginning the longest shorter beginning that it ends with (Knuth, Morris,
  /// Pratt): how much is matched when the next byte does not fit.
  struct Pattern {
    std::string text;
    std::vector<size_t> shorter;
    size_t matched = 0;

    void advance(char byte);
  };

  std::vector<Pattern> patterns;
  std::string held;
  std::optional<size_t> foundString;
};

} // namespace hadal

#endif // HADAL_RUNTIME_SAMPLING_STOPSTRINGS_H
