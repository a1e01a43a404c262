// The data of a program that runs a model: a file of tokens, or a text and the tokenizer of the model.
#ifndef HADAL_RUNTIME_PROGRAMS_TEXTDATA_H
#define HADAL_RUNTIME_PROGRAMS_TEXTDATA_H

#include "runtime/programs/OptionGroups.h"
#include "runtime/text/Tokenizer.h"

#include <filesystem>
#include <optional>
#include <vector>

namespace hadal {

/// How a text becomes tokens. An empty path: its bytes are.
struct TextOptions {
  std::filesystem::path tokenizer;
  bool special = false; // the text may name special tokens

  /// --tokenizer and --special.
  void add(OptionGroup &group);
  /// What these options cannot check by themselves; `data` is the file that they are about.
  void check(const std::filesystem::path &data) const;
};

/// Fails when a tokenizer has more tokens than the model's vocabulary: it is that of another model.
void requireWithin(int64_t vocabulary, const Tokenizer &tokenizer);

/// The tokenizer that the options name, or none. Fails when it has more tokens than the model's vocabulary.
std::optional<Tokenizer> openTokenizer(const TextOptions &options, int64_t vocabulary);

/// The tokens of a text as a TokenFile takes them, nothing where there is no tokenizer or the file is no .txt. A text
/// is encoded as a whole.
std::optional<std::vector<int32_t>> encodeText(const std::filesystem::path &path, const TextOptions &options,
                                               std::optional<Tokenizer> &tokenizer);

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_TEXTDATA_H
