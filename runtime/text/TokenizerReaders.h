// The files that tokenizers are read from.
#ifndef HADAL_RUNTIME_TEXT_TOKENIZERREADERS_H
#define HADAL_RUNTIME_TEXT_TOKENIZERREADERS_H

#include "runtime/text/Tokenizer.h"

#include <nlohmann/json.hpp>

namespace hadal {

/// The contents of a file as JSON; fails with HADAL_EXIT_INPUT, naming the place, when they are not.
nlohmann::json readJson(const std::filesystem::path &path);

/// tokenizer.json of Hugging Face's `tokenizers`.
TokenizerParts readTokenizerJson(const std::filesystem::path &path);
/// The same from a text that has been read; `path` is for messages.
TokenizerParts parseTokenizerJson(std::string_view contents, const std::filesystem::path &path);

/// tiktoken.model, with the names of special tokens from tokenizer_config.json beside it.
TokenizerParts readTiktokenModel(const std::filesystem::path &path);
/// The same from texts that have been read; the configuration may be null.
TokenizerParts parseTiktokenModel(std::string_view contents, const nlohmann::json &configuration,
                                  const std::filesystem::path &path);

} // namespace hadal

#endif // HADAL_RUNTIME_TEXT_TOKENIZERREADERS_H
