// Declaration of the options and the checks that span several of them.
#include "runtime/programs/evaluate/Options.h"

#include "runtime/io/ChromeTrace.h"
#include "runtime/io/Paths.h"
#include "runtime/io/Safetensors.h"
#include "runtime/programs/OptionGroups.h"
#include "runtime/programs/evaluate/Evaluator.h"

namespace hadal {
namespace {

void addText(CommandLine &line, EvaluateOptions &options) {
  OptionGroup group(line, "Model and text");
  group.add("--load", options.load, "DIR", "the weights: a Hugging Face directory, or a checkpoint of train")
      ->required();
  group
      .add("--data", options.data, "FILE",
           "the text: .txt, .u16 or .u32 (raw token ids); without --tokenizer every byte of a .txt is a token")
      ->required();
  options.text.add(group);
  group.flag("--per-line", options.perLine, "score every line of a .txt by itself; its line end belongs to it");
  group.add("--separator", options.separator, "ID", "score documents by themselves that end with this token")
      ->check(integerCheck<int32_t>(0));
}

void addOutputs(CommandLine &line, EvaluateOptions &options) {
  OptionGroup group(line, "Outputs and machine");
  group.add("--per-token", options.perToken, "FILE.safetensors",
            "write the log-probability of every scored token, with the tokens and where documents begin");
  group.add("--log", options.log, "FILE.jsonl", "append one JSON object with what is printed");
  group.add("--trace", options.trace, "FILE.json",
            "write a Chrome trace of the second micro-batch, or of the only one, kernel by kernel");
  addMachineOptions(group, options.machine);
}

/// What a single option cannot check by itself.
void checkTogether(const Program &program, const EvaluateOptions &options) {
  auto require = [](bool condition, const auto &...parts) {
    if (!condition)
      fail(HADAL_EXIT_COMMAND_LINE, parts...);
  };
  require(!options.perLine || !options.separator,
          "--per-line and --separator both say where documents end: leave one out");
  require(!options.perLine || options.data.extension() == ".txt", "--per-line: '", options.data.string(),
          "' is no .txt: give the token that ends a document as --separator ID");
  require(!options.perLine || options.text.tokenizer.empty(),
          "--per-line: a tokenizer joins line ends with what stands beside them; give a token that ends a document as "
          "--separator ID");
  options.text.check(options.data);
  require(!options.separator || *options.separator < program->vocabulary,
          "--separator: ", options.separator.value_or(0), " is outside the model's vocabulary of ",
          program->vocabulary);
  for (auto [path, option] : {std::pair(&options.perToken, "--per-token"), std::pair(&options.log, "--log"),
                              std::pair(&options.trace, "--trace")}) {
    if (path->empty())
      continue;
    requireWritable(*path, option);
    require(!namesSameFile(*path, options.data), option, ": '", path->string(),
            "' is also the file of --data, which would be overwritten; choose another");
  }
  auto requireApart = [&](const std::filesystem::path &one, const std::filesystem::path &other, const char *what) {
    require(one.empty() || other.empty() || !namesSameFile(one, other), what,
            " name the same file; choose another for one of them");
  };
  requireApart(options.log, options.perToken, "--log and --per-token");
  requireApart(options.trace, options.perToken, "--trace and --per-token");
  requireApart(options.trace, options.log, "--trace and --log");
  if (!options.trace.empty())
    requireReplaceable(options.trace, "--trace", isChromeTrace(options.trace));
  if (!options.perToken.empty())
    requireReplaceable(options.perToken, "--per-token", isWrittenAs(options.perToken, contentsOfScores));
}

} // namespace

std::optional<int> parseOptions(int argc, const char *const *argv, const Program &program, EvaluateOptions &options) {
  TokenWindows shape(program, "evaluate");
  CommandLine line{CLI::App(concat("Scores the tokens of a text with the model '", program->model, "' (",
                                   describeCompilation(program, shape.rows, shape.length), ")."))};
  addText(line, options);
  addOutputs(line, options);
  return parseProgramOptions(line, program, argc, argv, [&] { checkTogether(program, options); });
}

} // namespace hadal
