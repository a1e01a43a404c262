// libFuzzer target for the readers of tokenizers: whatever the bytes are, a reader either returns a tokenizer whose
// tokens give a text again, or throws an Error with a message.
//
//   fuzz_tokenizer --make-corpus=DIR    writes a few well-formed and broken files to begin with
//   fuzz_tokenizer DIR -max_total_time=600
//
// A file that begins with '{' is a tokenizer.json. Vocabularies of bytes are long: '@' in the place of one stands for
// it.
#include "runtime/core/Error.h"
#include "runtime/text/TokenizerReaders.h"
#include "runtime/text/Utf8.h"

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace hadal;

/// GPT-2's characters of all bytes, as the beginning of a vocabulary.
static std::string byteVocabulary() {
  std::string entries;
  char32_t next = 256;
  for (unsigned byte = 0; byte < 256; ++byte) {
    bool prints = (byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    std::string character;
    if (byte == '"' || byte == '\\')
      character = "\\";
    appendUtf8(character, prints ? byte : next++);
    entries += concat(byte ? "," : "", "\"", character, "\":", byte);
  }
  return entries;
}

/// The bytes as a tiktoken.model has them.
static std::string byteRanks() {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string lines;
  for (unsigned byte = 0; byte < 256; ++byte)
    lines += concat(digits[byte >> 2], digits[(byte & 3) << 4], "== ", byte, "\n");
  return lines;
}

static const std::string json =
    R"json({"version":"1.0","truncation":null,"padding":null,"added_tokens":[{"id":258,"content":"<s>","single_word":true,)json"
    R"json("lstrip":true,"rstrip":false,"normalized":false,"special":true}],"normalizer":null,"pre_tokenizer":{"type":)json"
    R"json("Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"\\s?[\\p{L}a-z]+|\\s+(?!\\S)"},"behavior":)json"
    R"json("Isolated","invert":false},{"type":"Digits","individual_digits":true},{"type":"ByteLevel","add_prefix_space":)json"
    R"json(false,"use_regex":true}]},"post_processor":{"type":"ByteLevel"},"decoder":{"type":"ByteLevel"},"model":{"type":)json"
    R"json("BPE","vocab":{@,"ab":256,"abc":257},"merges":["a b",["ab","c"]]}})json";

static void makeCorpus(const std::filesystem::path &folder) {
  std::filesystem::create_directories(folder);
  const std::string files[] = {json, json.substr(0, 300), "@YWI= 256\nYWJj 257\n", "@YWI= 257\n", "{}", "YQ== 0\n"};
  int number = 0;
  for (const std::string &file : files)
    std::ofstream(folder / ("seed-" + std::to_string(number++)), std::ios::binary) << file;
}

extern "C" int LLVMFuzzerInitialize(int *argc, char ***argv) {
  constexpr std::string_view flag = "--make-corpus=";
  for (int i = 1; i < *argc; ++i)
    if (std::string_view((*argv)[i]).starts_with(flag)) {
      makeCorpus((*argv)[i] + flag.size());
      std::exit(0);
    }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const std::string vocabulary = byteVocabulary(), ranks = byteRanks();
  std::string file(reinterpret_cast<const char *>(data), size);
  bool isJson = file.starts_with('{');
  if (size_t place = file.find('@'); place != std::string::npos)
    file.replace(place, 1, isJson ? vocabulary : ranks);
  try {
    Tokenizer tokenizer(isJson ? parseTokenizerJson(file, "fuzzed") : parseTiktokenModel(file, {}, "fuzzed"));
    // Added tokens that take white space give less than the text again.
    std::string text = repairUtf8(std::string_view(reinterpret_cast<const char *>(data), size)) + " abc<s> 12\xc3\xa9";
    if (tokenizer.decode(tokenizer.encode(text)) != text)
      std::abort();
    tokenizer.encode(text, AddedTokenPolicy::All);
  } catch (const Error &error) {
    if (!*error.what())
      std::abort();
  }
  return 0;
}
