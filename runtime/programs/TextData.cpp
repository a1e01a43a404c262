// From the options about a text to its tokens.
#include "runtime/programs/TextData.h"

#include "runtime/core/Error.h"
#include "runtime/io/File.h"
#include "runtime/programs/Report.h"

#include <chrono>
#include <cstdio>

namespace hadal {

void requireWithin(int64_t vocabulary, const Tokenizer &tokenizer) {
  if (tokenizer.size() > static_cast<uint64_t>(vocabulary))
    fail(HADAL_EXIT_INPUT, "the tokenizer ", tokenizer.file().string(), " has ", tokenizer.size(),
         " tokens, more than the model's vocabulary of ", vocabulary);
}

std::optional<Tokenizer> openTokenizer(const TextOptions &options, int64_t vocabulary) {
  if (options.tokenizer.empty())
    return std::nullopt;
  Tokenizer tokenizer = Tokenizer::open(options.tokenizer);
  if (tokenizer.kind() == Tokenizer::Kind::Bytes)
    fail(HADAL_EXIT_INPUT, "--tokenizer: ", options.tokenizer.string(),
         " has neither tokenizer.json nor tiktoken.model; leave --tokenizer out where bytes are the tokens");
  requireWithin(vocabulary, tokenizer);
  return tokenizer;
}

std::optional<std::vector<int32_t>> encodeText(const std::filesystem::path &path, const TextOptions &options,
                                               std::optional<Tokenizer> &tokenizer) {
  if (!tokenizer || path.extension() != ".txt")
    return std::nullopt;
  auto begin = std::chrono::steady_clock::now();
  std::string text = readText(path);
  std::vector<int32_t> tokens;
  try {
    tokens = tokenizer->encode(text, options.special ? AddedTokenPolicy::All : AddedTokenPolicy::None);
  } catch (const Error &error) {
    throw Error(error.code(), concat(path.string(), ": ", error.what()));
  }
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  char line[128];
  std::snprintf(line, sizeof line, ": %zu bytes are %zu tokens (%.2f bytes each), encoded in %.1f s", text.size(),
                tokens.size(),
                static_cast<double>(text.size()) / static_cast<double>(tokens.empty() ? 1 : tokens.size()), seconds);
  writeMessage(concat("text ", path.string(), line));
  return tokens;
}

} // namespace hadal
