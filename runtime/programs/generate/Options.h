// The command line of a program that generates.
#ifndef HADAL_RUNTIME_PROGRAMS_GENERATE_OPTIONS_H
#define HADAL_RUNTIME_PROGRAMS_GENERATE_OPTIONS_H

#include "runtime/core/Program.h"
#include "runtime/programs/MachineOptions.h"
#include "runtime/programs/generate/Chat.h"
#include "runtime/sampling/SamplingOptions.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace hadal {

struct Steps;

/// An empty path means that the option was not given.
struct GenerateOptions {
  std::filesystem::path load;
  /// One of the four says what is to be continued.
  std::optional<std::string> prompt;
  std::filesystem::path promptFile, prompts;
  bool interactive = false;
  ChatOptions chat;
  /// Whether texts may name special tokens.
  bool special = false;
  /// Whether texts begin with their prompts.
  bool echo = false;
  std::filesystem::path output, logits, trace;
  /// A folder for the weights as the program keeps them, and logits of another program that its own are compared with.
  std::filesystem::path savePacked, quality;

  /// Whether there is anything to continue.
  bool hasPrompts() const { return prompt || !promptFile.empty() || !prompts.empty() || interactive; }

  /// Where the tokenizer is; empty: where the weights are.
  std::filesystem::path tokenizer;
  int64_t maxTokens = 256;
  /// Texts for each prompt.
  int64_t samples = 1;
  std::vector<std::string> stops, logitBias;
  SamplingOptions sampling = {.temperature = 0};
  /// Tokens that are drafted before they are verified, as given ("auto") and as understood; nothing: as many as save
  /// time.
  std::string speculation = "auto";
  std::optional<int64_t> speculate;
  /// A coin that falls so often on `right` takes the place of the comparison of drafts.
  std::optional<double> syntheticAcceptance;
  /// How the statistics are written: "text", "json".
  std::string stats = "text";
  bool plan = false;
  /// Tokens of a prompt that are read at a time; 0: as many as the program was compiled for.
  int64_t prefillChunk = 0;
  /// Permutes the pages that sequences get.
  std::optional<uint64_t> pageSeed;
  /// Whether every prompt is read as if there were no others.
  bool readsAlone = false;
  MachineOptions machine;
};

/// Parses and checks the command line. Returns an exit code when there is nothing to run: after --help, or after an
/// error, which has then been reported.
std::optional<int> parseOptions(int argc, const char *const *argv, const Program &program, const Steps &steps,
                                GenerateOptions &options);

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_GENERATE_OPTIONS_H
