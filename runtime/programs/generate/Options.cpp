// Declaration of the options and the checks that span several of them.
#include "runtime/programs/generate/Options.h"

#include "runtime/io/Paths.h"
#include "runtime/io/Safetensors.h"
#include "runtime/programs/OptionGroups.h"
#include "runtime/programs/generate/Outputs.h"
#include "runtime/programs/generate/Steps.h"

#include <array>

namespace hadal {
namespace {

void addPrompts(CommandLine &line, GenerateOptions &options) {
  OptionGroup group(line, "Model and prompts");
  group.add("--load", options.load, "DIR", "the weights: a Hugging Face directory, or a checkpoint of train");
  group.add("--prompt", options.prompt, "TEXT", "the text to continue");
  group.add("--prompt-file", options.promptFile, "FILE", "a file with the text to continue, all of it");
  group.add("--prompts", options.prompts, "FILE.jsonl",
            "many: in each line {\"prompt\": TEXT or [IDS], \"id\": ..., \"max_tokens\": N}");
  group.add("--max-tokens", options.maxTokens, "N", "most tokens of a continuation (default: 256)")->check(positive);
  group.flag("--ignore-eos", options.ignoreEnd, "go on behind the token that ends a text");
}

void addOutputs(CommandLine &line, const Steps &steps, GenerateOptions &options) {
  OptionGroup group(line, "Outputs and machine");
  group.add("-o,--output", options.output, "FILE.jsonl",
            "with --prompts: id, text, tokens and finish_reason of each, in their order (default: standard output)");
  group.add("--logits", options.logits, "FILE.safetensors",
            "write logits, log-probabilities and tokens of everything that was generated");
  group.add("--stats", options.stats, "text|json", "how statistics are written to standard error (default: text)")
      ->check(valueCheck([](const std::string &text) { return text == "text" || text == "json"; }, "text or json"));
  group.flag("--plan", options.plan, "print what the program needs of memory, and end without loading anything");
  group
      .addRare("--prefill-chunk", options.prefillChunk, "N",
               "tokens of a prompt that are read at a time (default: as compiled)")
      ->check(integerCheck<int64_t>(1, steps.prefill().rows));
  group.addRare("--page-seed", options.pageSeed, "N", "permute the pages of the cache that sequences get")
      ->check(integerCheck<uint64_t>(0));
  addMachineOptions(group, options.machine);
}

/// What a single option cannot check by itself.
void checkTogether(const GenerateOptions &options) {
  auto require = [](bool condition, const auto &...parts) {
    if (!condition)
      fail(HADAL_EXIT_COMMAND_LINE, parts...);
  };
  if (options.plan)
    return;
  int given = options.prompt.has_value() + !options.promptFile.empty() + !options.prompts.empty();
  require(given == 1, given ? "--prompt, --prompt-file and --prompts each say what to continue: give one of them"
                            : "what is to be continued? give --prompt, --prompt-file or --prompts");
  require(!options.load.empty(), "--load is required: the directory with the weights");
  require(options.output.empty() || !options.prompts.empty(),
          "-o is the file for the continuations of --prompts; that of a single prompt goes to standard output");
  for (auto [path, option] : {std::pair(&options.output, "-o"), std::pair(&options.logits, "--logits")}) {
    if (path->empty())
      continue;
    requireWritable(*path, option);
    for (const std::filesystem::path *input : {&options.prompts, &options.promptFile})
      require(input->empty() || !namesSameFile(*path, *input), option, ": '", path->string(),
              "' is also the file of the prompts, which would be overwritten; choose another");
  }
  require(options.output.empty() || options.logits.empty() || !namesSameFile(options.output, options.logits),
          "-o and --logits name the same file; choose another for one of them");
  if (!options.output.empty())
    requireReplaceable(options.output, "-o", isContinuations(options.output));
  if (!options.logits.empty())
    requireReplaceable(options.logits, "--logits", isWrittenAs(options.logits, contentsOfLogits));
}

} // namespace

std::optional<int> parseOptions(int argc, const char *const *argv, const Program &program, const Steps &steps,
                                GenerateOptions &options) {
  std::string target = program.isForGPU() ? program->target : concat("cpu ", program->cpu);
  CommandLine line{
      CLI::App(concat("Example:\n  ", argv[0], " --load trained --prompt \"In the beginning\" --max-tokens 200\n\n",
                      "Continues texts with the model '", program->model, "' (compiled for ", target, ", up to ",
                      steps.mostSequences, " sequences at a time of up to ", steps.mostPositions(), " tokens)."))};
  addPrompts(line, options);
  addOutputs(line, steps, options);
  return parseProgramOptions(line, program, argc, argv, [&] { checkTogether(options); });
}

} // namespace hadal
