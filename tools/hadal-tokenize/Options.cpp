//===- Options.cpp - the command line of hadal-tokenize -----------------------------------------------------------===//
//
// Declares the options. Apart from what works, since this is compiled without optimization.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "tools/hadal-tokenize/Options.h"

#include "runtime/programs/OptionGroups.h"

namespace hadal::tokenize {

std::optional<int> parseOptions(int argc, const char *const *argv, Options &options) {
  CommandLine line{CLI::App("Shows the tokens that a text becomes.\n\n"
                            "  hadal-tokenize models/DeepSeek-V3 --text 'How deep is the sea?'\n",
                            "hadal-tokenize")};
  OptionGroup input(line, "Input");
  input
      .add("DIR", options.tokenizer, "",
           "a Hugging Face directory with tokenizer.json or tiktoken.model, or such a file; without either, bytes are "
           "tokens")
      ->required();
  CLI::Option *file = input.add("FILE", options.input, "", "the text (default: -, standard input)");
  input.add("--text", options.text, "TEXT", "this text")->excludes(file);
  input.flag("--special", options.special, "let the text name special and other added tokens, such as <think>");
  input.flag("--decode", options.decode, "the input are ids, the output is their text");
  OptionGroup output(line, "Output");
  bool &json = options.json, &ids = options.ids, &lines = options.jsonLines;
  output.flag("--json", json, "an array of objects with id, offset, size, text, bytes and special");
  output.flag("--ids", ids, "the ids alone, in one line");
  output.flag("--jsonl", lines, "every line of the input is a JSON string by itself; its ids, a line each");
  line.app.footer(
      "Exit codes: 0 done; 1 an input is wrong; 2 the command line is wrong; 6 the output could not be written.");
  line.formatter->column_width(30);
  line.app.formatter(line.formatter);
  line.app.set_help_flag("-h,--help", "show this help");
  line.app.set_version_flag("--version", "hadal-tokenize " HADAL_VERSION " (LLVM " HADAL_LLVM_VERSION ")",
                            "print the version");
  return parseCommandLine(line.app, argc, argv, [&] {
    if (json + ids + lines > 1)
      throw CLI::ValidationError("--json, --ids and --jsonl are three forms of output: choose one");
    if (options.decode && (json || ids))
      throw CLI::ValidationError("--decode prints text: leave --json and --ids out");
  });
}

} // namespace hadal::tokenize
