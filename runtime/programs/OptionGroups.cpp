// The options about the machine, and the way through a command line.
#include "runtime/programs/OptionGroups.h"

#include "runtime/core/Topology.h"
#include "runtime/programs/TextData.h"
#include "runtime/programs/Version.h"

namespace hadal {

static constexpr const char *exitCodes =
    "Exit codes: 0 done; 1 an input is wrong; 2 the command line is wrong; 3 interrupted "
    "(and saved, with --save);\n4 the loss, the gradient or a parameter is not finite; 5 out of memory; "
    "6 a file could not be written; 7 --check-memory found a violation;\n8 no GPU that can run the "
    "program (none, no driver, too old); 9 a kernel failed on the GPU.";

void addMachineOptions(OptionGroup &group, MachineOptions &options) {
  group.add("--device", options.device, "cuda:N|cpu|auto", "where to run (default: auto, what the program is for)");
  group.flagRare("--launch-blocking", options.launchBlocking,
                 "GPU: wait for every kernel, so that a failure names its own");
  group.add("--threads", options.threads, "N", "(default: all CPUs this process may use)")
      ->check(integerCheck<unsigned>(1, 4096));
  // Without a value a CPU is chosen for every thread.
  auto isListOfCpus = [](const std::string &text) { return text == pinToCores || parseCpuList(text).has_value(); };
  group
      .addRare("--pin", options.pin, "[CPUS]",
               "keep every thread on a CPU: on one of each core first, or on those of a list such as 0-3,8")
      ->expected(0, 1)
      ->default_str(std::string(pinToCores))
      ->check(valueCheck(isListOfCpus, "'cores' or a list of CPUs such as 0-3,8"));
}

void TextOptions::add(OptionGroup &group) {
  group.add("--tokenizer", tokenizer, "DIR",
            "encode .txt with the tokenizer of a Hugging Face directory (tokenizer.json, tiktoken.model)");
  group.flag("--special", special, "with --tokenizer: let the text name special and other added tokens");
}

void TextOptions::check(const std::filesystem::path &data) const {
  if (special && tokenizer.empty())
    fail(HADAL_EXIT_COMMAND_LINE, "--special needs --tokenizer DIR, whose special tokens it is about");
  if (!tokenizer.empty() && data.extension() != ".txt")
    fail(HADAL_EXIT_COMMAND_LINE, "--tokenizer: '", data.string(), "' is no .txt: ids are taken as they are");
}

std::string describeCompilation(const Program &program, int64_t microBatchSize, int64_t sequenceLength) {
  return concat("compiled for ", program.isForGPU() ? program->target : concat("cpu ", program->cpu),
                program->emulated ? ", emulated" : "", ", micro-batches of ", microBatchSize, " x ", sequenceLength,
                " tokens");
}

std::optional<int> parseProgramOptions(CommandLine &line, const Program &program, int argc, const char *const *argv,
                                       const std::function<void()> &checkTogether) {
  CLI::App &app = line.app;
  app.footer(exitCodes);
  line.formatter->column_width(36);
  app.formatter(line.formatter);
  app.set_help_flag("-h,--help", "show the options that most runs need");
  app.set_help_all_flag("--help-all", "show all options");
  app.set_version_flag("--version", describeVersion(program), "print the version");
  return parseCommandLine(app, argc, argv, checkTogether, [&](bool all) { line.formatter->showRare = all; });
}

} // namespace hadal
