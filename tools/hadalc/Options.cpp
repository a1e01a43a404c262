//===- Options.cpp - the command line of hadalc ------------------------------------------------------------------===//
//
// Everything that can be said to be wrong from the command line alone is said here, with what would be right.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "tools/hadalc/Options.h"
#include "codegen/Report/Balance.h"
#include "passes/Programs/Programs.h"
#include "tools/Support/DialectPlugins.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <CLI/CLI.hpp>
#include <cmath>
#include <iostream>

using namespace hadal;

namespace {

constexpr const char *description =
    "Example:\n"
    "  hadalc model.mlir --program=train --micro-batch-size=4 --seq-length=256 -o train\n"
    "  ./train --data text.txt --steps 1000 --lr 1e-3\n\n"
    "Compiles a model in the hadal dialect to a program that trains it, that evaluates it on a text, or that generates "
    "text with it.";

constexpr const char *footer =
    "Options of MLIR are passed on: --mlir-timing, --mlir-print-ir-after-all, --mlir-print-ir-after-failure, ...\n"
    "All options: hadalc --help-all.\n"
    "Exit codes: 0 done, 1 the input is wrong, 2 the command line is wrong, 3 NVIDIA's ptxas is missing or does not "
    "fit.";

int complain(const std::string &message) {
  std::cerr << "hadalc: error: " << message << "\n";
  return 2;
}

void listPhases() {
  for (const PhaseDescription &phase : getPhases())
    std::cout << phase.name.str() << std::string(10 - phase.name.size(), ' ') << phase.summary.str() << "\n";
}

std::string phaseNames() {
  std::string names;
  for (const PhaseDescription &phase : getPhases())
    names += (names.empty() ? "" : ", ") + phase.name.str();
  return names;
}

/// What can be said against the output before anything is compiled, or nothing.
std::string checkOutput(const CommandLine &commandLine) {
  const std::string &output = commandLine.output;
  if (output == "-" && !commandLine.isTextual)
    return "a program cannot go to standard output: give -o FILE";
  if (output.empty() || output == "-")
    return "";
  if (llvm::sys::fs::equivalent(commandLine.input, output))
    return "the output '" + output + "' is the input itself: give another -o FILE";
  if (llvm::sys::fs::is_directory(output))
    return "the output '" + output + "' is a folder: give -o FILE";
  // A program is renamed into place, and must not replace a device such as /dev/null.
  if (!commandLine.isTextual && llvm::sys::fs::exists(output) && !llvm::sys::fs::is_regular_file(output))
    return "cannot write the program to " + output + ": it exists and is not a regular file";
  llvm::StringRef folder = llvm::sys::path::parent_path(output);
  if (!folder.empty() && !llvm::sys::fs::is_directory(folder))
    return "there is no folder '" + folder.str() + "' to write the output to: make it, or give another -o FILE";
  return "";
}

/// What can be said against the report before anything is compiled, or nothing.
std::string checkReport(const CommandLine &commandLine) {
  const std::string &report = commandLine.compiler.report, &trace = commandLine.compiler.reportTrace;
  if (report.empty())
    return trace.empty() ? "" : "--report-trace tells of a run in a report: give --report FILE with it";
  if (commandLine.compiler.to < Phase::Kernels)
    return "--report tells of the phase 'kernels', and --compile-to ends before it: compile to 'kernels' or further";
  const std::string &phase = commandLine.output;
  bool isTaken =
      (commandLine.isTextual && (phase.empty() || phase == "-")) || commandLine.compiler.printConfig == "json";
  if (report == "-")
    return isTaken ? "two things would go to standard output: give --report FILE" : "";
  for (auto [other, what] :
       {std::pair(&commandLine.input, "the input"), {&commandLine.output, "the output"}, {&trace, "the trace"}})
    if (report == *other || llvm::sys::fs::equivalent(report, *other))
      return "the report '" + report + "' is " + what + " itself: give another --report FILE";
  if (llvm::sys::fs::is_directory(report))
    return "the report '" + report + "' is a folder: give --report FILE";
  return "";
}

/// An option, and the phase that is made with it: a file of that phase or a later one has it behind it.
struct ReadOption {
  const CLI::Option *option;
  Phase phase;
};

/// What the library left as text, checked.
struct RawOptions {
  std::string to, from = "model";
  std::string memoryLimit;
  bool listTargets = false, listPhases = false, emulateAMX = false;
  /// The options that only some phases read. Whether --target, --cpu and --emulate fit a resumed phase is said by what
  /// the phase records of them.
  std::vector<ReadOption> readOptions;
  /// Those that only programs of some kind read.
  std::vector<const CLI::Option *> ofGeneration, ofBatches;
};

/// An option that the input's phase has behind it would be ignored; nothing is said of those that were not given.
std::string checkReadOptions(const RawOptions &raw, Phase from) {
  for (const ReadOption &read : raw.readOptions)
    if (read.option->count() > 0 && from >= read.phase) {
      std::string made = getPhases()[unsigned(read.phase)].name.str();
      return "--" + read.option->get_single_name() + " is read when the phase '" + made +
             "' is made, and the input is of the phase '" + raw.from +
             "': leave it out, or resume from an earlier phase";
    }
  return "";
}

/// What a program's shapes come from: micro-batches of one length, or sequences that grow.
std::string checkShapes(const RawOptions &raw, const CompilerOptions &options, Phase from) {
  bool generates = options.program == stringifyKnownProgram(KnownProgram::Generate);
  for (const CLI::Option *option : generates ? raw.ofBatches : raw.ofGeneration)
    if (option->count() > 0 && from == Phase::Model)
      return "--" + option->get_single_name() +
             (generates ? " is for programs with micro-batches: the sequences of --program=generate grow, up to "
                          "--max-sequence, so many at a time as --max-batch says"
                        : " is for --program=generate: other programs take --micro-batch-size and --seq-length");
  if (generates || from > Phase::Model || options.to == Phase::Model)
    return "";
  if (options.microBatchSize < 1 || options.sequenceLength < 1)
    return "give --micro-batch-size and --seq-length: they close the two open dimensions of a model";
  return "";
}

/// The bytes of a size with its unit, or nothing.
std::optional<int64_t> parseSize(llvm::StringRef text) {
  static constexpr std::pair<llvm::StringLiteral, int> units[] = {{"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}};
  for (auto [name, shift] : units) {
    llvm::StringRef number = text;
    double value;
    if (!number.consume_back(name) || number.rtrim().getAsDouble(value))
      continue;
    double bytes = std::ldexp(value, shift);
    if (bytes >= 1 && bytes < std::ldexp(1.0, 60))
      return int64_t(bytes);
  }
  return std::nullopt;
}

std::optional<int> check(const RawOptions &raw, CommandLine &commandLine) {
  CompilerOptions &options = commandLine.compiler;
  // The name of a GPU says its target.
  if (const GPUBoard *board = findGPUBoard(options.gpu); board && options.target.empty())
    options.target = board->architecture.str();
  if (raw.emulateAMX && !options.target.empty() && options.target != "cpu")
    return complain("--emulate-amx is for the target cpu, not for " + options.target);
  if (raw.emulateAMX)
    options.cpu = (options.cpu.empty() ? "host" : options.cpu) + emulatedTilesSuffix.str();
  auto target = TargetDescription::forTarget(options.target.empty() ? "cpu" : options.target,
                                             options.cpu.empty() ? "host" : options.cpu, options.gpu);
  if (!target)
    return complain(llvm::toString(target.takeError()));
  auto to = parsePhase(raw.to.empty() ? "host" : raw.to), from = parsePhase(raw.from);
  if (!to || !from)
    return complain("unknown phase '" + (to ? raw.from : raw.to) + "'; phases: " + phaseNames());
  options.to = *to;
  options.from = *from;
  commandLine.isTextual = !raw.to.empty();
  if (*from > *to)
    return complain("--compile-from=" + raw.from + " comes after --compile-to=" + raw.to);
  if (raw.to.empty() && commandLine.output.empty())
    return complain("where does the program go? give -o FILE, or --compile-to=PHASE to print a phase");
  if (std::string message = checkShapes(raw, options, *from); !message.empty())
    return complain(message);
  constexpr int64_t mostTokens = int64_t(1) << 24;
  if (*from == Phase::Model && options.microBatchSize * options.sequenceLength > mostTokens)
    return complain("a micro-batch has at most " + std::to_string(mostTokens) +
                    " tokens: lower --micro-batch-size or " +
                    "--seq-length; --global-batch-size of the program adds up micro-batches");
  if (*from > Phase::Model && (options.microBatchSize > 0 || options.sequenceLength > 0))
    return complain("--micro-batch-size and --seq-length close the dimensions of a model: in the phase '" + raw.from +
                    "' they are closed already");
  if (std::string message = checkReadOptions(raw, *from); !message.empty())
    return complain(message);
  if (!raw.memoryLimit.empty()) {
    std::optional<int64_t> limit = parseSize(raw.memoryLimit);
    if (!limit)
      return complain("--memory-limit is a size such as 512MiB or 1.5GiB (KiB, MiB, GiB, TiB), not '" +
                      raw.memoryLimit + "'");
    options.memoryLimit = *limit;
  }
  if (options.layouts != "chosen" && options.layouts != "rows")
    return complain("--layouts is chosen or rows, not '" + options.layouts + "'");
  if (options.recompute != "cheap" && options.recompute != "none")
    return complain("--recompute is cheap or none, not '" + options.recompute + "'");
  if (!options.printConfig.empty() && options.printConfig != "text" && options.printConfig != "json")
    return complain("--print-config is text or json, not '" + options.printConfig + "'");
  if (!options.printBalance.empty() && !parseExpertLoad(options.printBalance))
    return complain("--print-balance is even or zipf, not '" + options.printBalance + "'");
  if (!options.printBalance.empty() && *to < Phase::Kernels)
    return complain("--print-balance tells of the phase 'kernels', and --compile-to ends before it: compile to "
                    "'kernels' or further");
  if (options.printConfig == "json" && commandLine.isTextual &&
      (commandLine.output.empty() || commandLine.output == "-"))
    return complain("--print-config=json and the phase would both go to standard output: give -o FILE");
  if (std::string message = checkOutput(commandLine); !message.empty())
    return complain(message);
  if (std::string message = checkReport(commandLine); !message.empty())
    return complain(message);
  llvm::Expected<const ProgramBuilder *> program = findProgram(options.program);
  if (!program)
    return complain(llvm::toString(program.takeError()));
  if (llvm::Expected<Precision> precision = parsePrecision(options.precision); !precision)
    return complain(llvm::toString(precision.takeError()));
  if (!options.cacheType.empty() && !symbolizePrecision(options.cacheType))
    return complain("--cache-type is f32 or bf16, not '" + options.cacheType + "'");
  std::optional<WeightForm> weights = symbolizeWeightForm(options.weights);
  if (!weights)
    return complain("--weights is as-is, bf16, fp8, int8 or int4, not '" + options.weights + "'");
  if (weights == WeightForm::BF16 && options.precision != "bf16")
    return complain("--weights=bf16 is for products of bf16: give --precision=bf16 as well, or leave it out");
  if (!options.exact.empty() && *weights != WeightForm::AsIs)
    return complain("--exact=train multiplies with the weights that training has: leave out --weights, or --exact");
  if (!options.exact.empty() && options.exact != "train")
    return complain("--exact is train, not '" + options.exact + "'");
  if (!options.exact.empty() && !options.cacheType.empty() && options.cacheType != options.precision)
    return complain("--exact=train keeps the cache in the type that training computes in, " + options.precision +
                    ": leave out --cache-type, or --exact");
  if (options.emulate && *from <= Phase::Program && (options.target.empty() || options.target == "cpu"))
    return complain("--emulate runs the kernels of a GPU on the CPU: give --target=sm_90a with it");
  return std::nullopt;
}

/// Options under their headings. What few people need is shown by --help-all alone.
class Groups {
public:
  explicit Groups(CLI::App &app) : app(app) {
    app.set_help_flag("-h,--help", "show the options that most people need");
    app.set_help_all_flag("--help-all", "show all options");
  }

  void put(const char *group, std::initializer_list<const char *> names) {
    for (const char *name : names)
      app.get_option(name)->group(group);
  }
  void putRare(std::initializer_list<std::string> names) {
    for (const std::string &name : names)
      rare.push_back(app.get_option(name));
  }
  /// For a help that is printed next: what is hidden has no name in messages.
  void hideRare() {
    for (CLI::Option *option : rare)
      option->group("");
  }

private:
  CLI::App &app;
  std::vector<CLI::Option *> rare;
};

/// The page about the phase `kernels`, which it is made of: later phases have it behind them.
void addPage(CLI::App &app, CompilerOptions &options, RawOptions &raw) {
  CLI::Option *report =
      app.add_option("--report", options.report, "write a page about the program: where its time and its memory go");
  CLI::Option *trace =
      app.add_option("--report-trace", options.reportTrace,
                     "what ./train --trace has written: the page tells its times beside the predicted ones");
  raw.readOptions.push_back({report->type_name("FILE.html"), Phase::Target});
  raw.readOptions.push_back({trace->type_name("FILE.json"), Phase::Target});
}

} // namespace

std::optional<int> hadal::parseCommandLine(int argc, char **argv, CommandLine &commandLine) {
  CompilerOptions &options = commandLine.compiler;
  options.microBatchSize = options.sequenceLength = 0;
  RawOptions raw;
  CLI::App app(description, "hadalc");
  app.footer(footer);
  Groups groups(app);
  auto read = [&](Phase phase, CLI::Option *option) { raw.readOptions.push_back({option, phase}); };
  app.add_option("model", commandLine.input, "the model, or the phase to resume from (.mlir); - is standard input");
  app.add_option("-o,--output", commandLine.output,
                 "the program; with --compile-to, the phase (default: standard output)");
  read(Phase::Program,
       app.add_option("--program", options.program, "what to build: " + listPrograms())->default_str("train"));
  app.add_option("--target", options.target, "what to build it for (see --list-targets)")->default_str("cpu");
  app.add_option("--gpu", options.gpu, "the GPU that sizes are chosen for (see --list-targets)");
  app.add_flag("--emulate", options.emulate, "build a GPU's program so that it runs its kernels on the CPU, checked");
  app.add_option("--cpu", options.cpu, "host, or LLVM's name of a CPU: x86-64-v3, sapphirerapids, ...")
      ->default_str("host");
  app.add_flag("--emulate-amx", raw.emulateAMX,
               "build for AMX, with vectors of the CPU in its place: the same numbers, more slowly");
  raw.ofBatches = {app.add_option("--micro-batch-size", options.microBatchSize, "sequences in a micro-batch")
                       ->check(CLI::Range(int64_t(1), int64_t(1) << 20)),
                   app.add_option("--seq-length", options.sequenceLength, "tokens in a sequence")
                       ->check(CLI::Range(int64_t(1), int64_t(1) << 24))};
  raw.ofGeneration = {
      app.add_option("--max-sequence", options.maxSequence,
                     "most tokens of a prompt and its text (default: as the model says, up to 1024)")
          ->check(CLI::Range(int64_t(1), int64_t(1) << 20)),
      app.add_option("--max-batch", options.maxBatch, "most sequences that are generated at a time")
          ->default_str("8")
          ->check(CLI::Range(int64_t(1), int64_t(1) << 12)),
      app.add_option("--prefill-chunk", options.prefillChunk, "most tokens of a prompt that are read at a time")
          ->default_str("256")
          ->check(CLI::Range(int64_t(1), int64_t(1) << 20)),
      app.add_option("--cache-type", options.cacheType, "type of the cache: f32 or bf16 (default: the precision)"),
      app.add_option(
             "--speculate", options.speculate,
             "most tokens that are drafted by multi-token prediction and verified together; 0 for none (default: "
             "as many as the model predicts beyond the next one)")
          ->check(CLI::Range(int64_t(0), int64_t(8))),
      app.add_option(
             "--weights", options.weights,
             "form of the weights: bf16, fp8, int8, int4, or as-is, which is fp8 where the model was published so "
             "and else the precision")
          ->default_str("as-is"),
      app.add_option("--exact", options.exact,
                     "train: every token has the log-probability that training and evaluation give it, to the bit; "
                     "generated tokens then attend as those of a prompt do, which takes longer")};
  for (const CLI::Option *option : raw.ofGeneration)
    raw.readOptions.push_back({option, Phase::Program});
  read(Phase::Program, app.add_option("--precision", options.precision, "type of the operands of products: f32 or bf16")
                           ->default_str("f32"));
  app.add_option("--compile-to", raw.to, "the last phase to run (see --list-phases)");
  app.add_option("--compile-from", raw.from, "the phase of the input")->default_str("model");
  app.add_option("--dump-phases", options.dumpFolder, "write every phase to a numbered file in this folder");
  read(Phase::Kernels, app.add_flag("--print-fusion", options.printFusion, "report the kernels on stderr"));
  read(Phase::Kernels,
       app.add_flag("--print-layouts", options.printLayouts,
                    "report on stderr in which layouts tensors are kept, at what price, and who makes them"));
  read(Phase::Kernels, app.add_option("--layouts", options.layouts,
                                      "in which layouts tensors are kept: chosen by predicted time, or rows")
                           ->default_str("chosen"));
  read(Phase::Kernels,
       app.add_option("--micro-batches", options.microBatches,
                      "micro-batches that a step is expected to have: a weight that more of them read is packed sooner")
           ->default_str("1")
           ->check(CLI::Range(int64_t(1), int64_t(1) << 20)));
  // Behind the phase `target` it reports what a GPU's assembler makes of the kernels.
  read(Phase::Host,
       app.add_flag("--print-config{text}", options.printConfig,
                    "report every kernel's choice, its predicted time and what lost, on stderr; =json: on stdout"));
  // Read where the phase `kernels` is there.
  read(Phase::Target, app.add_flag("--print-balance{even}", options.printBalance,
                                   "report how evenly teams of 2 to 64 threads share the tasks of a step, on stderr; "
                                   "=zipf: with few experts that have most tokens"));
  addPage(app, options, raw);
  read(Phase::Kernels, app.add_option("--config", options.config,
                                      "a file of choices for kernels, as --print-config=json and hadal-tune write it")
                           ->type_name("FILE"));
  read(Phase::Kernels, app.add_option("--memory-limit", raw.memoryLimit,
                                      "most bytes of parameters, gradients, optimizer and arena: 512MiB, 1.5GiB; the "
                                      "backward pass then computes again what it cannot keep")
                           ->type_name("SIZE"));
  read(Phase::Kernels, app.add_option("--recompute", options.recompute,
                                      "what the backward pass computes again within the limit: cheap, what saves much "
                                      "memory for little time, or none")
                           ->default_str("cheap"));
  read(Phase::Kernels, app.add_flag("--print-memory-plan", options.printMemoryPlan,
                                    "report the arena and its largest buffers on stderr"));
  read(Phase::Host,
       app.add_flag("--check-memory", options.checkMemory, "build a program whose buffers lie in guarded mappings"));
  app.add_option("--" + std::string(dialectPluginOption), commandLine.dialectPlugins, dialectPluginHelp)
      ->type_name("FILE")
      ->allow_extra_args(false);
  app.set_version_flag("--version", "", "print the versions of hadalc and of LLVM and end"); // done by tools/Support
  app.add_flag("--list-targets", raw.listTargets, "print the targets and end");
  app.add_flag("--list-phases", raw.listPhases, "print the phases and end");

  groups.put("Generation", {"--max-sequence", "--max-batch", "--weights", "--speculate", "--prefill-chunk",
                            "--cache-type", "--exact"});
  groups.put("Reports", {"--print-fusion", "--print-layouts", "--print-config", "--print-memory-plan", "--report",
                         "--report-trace"});
  groups.put("Phases", {"--compile-to", "--compile-from", "--dump-phases", "--list-phases"});
  groups.putRare({"--print-fusion", "--emulate", "--emulate-amx", "--compile-from", "--dump-phases", "--config", "--check-memory",
                  "--layouts", "--micro-batches", "--recompute", "--prefill-chunk", "--cache-type", "--speculate",
                  "--exact", "--list-phases", "--report-trace", "--print-layouts", "--print-balance",
                  "--" + std::string(dialectPluginOption)});

  std::vector<const char *> own{argv[0]};
  for (int index = 1; index < argc; ++index) {
    llvm::StringRef argument = argv[index];
    // The library would take the next argument as its value.
    if (argument.starts_with("--") && argument.ends_with("="))
      return complain("the option '" + argument.drop_back().str() + "' has no value behind its '='");
    // The library takes letters behind one dash for as many options: a mistyped -held would be -h and end well.
    if (argument.size() > 2 && argument[0] == '-' && llvm::isAlpha(argument[1]))
      return complain("unknown option '" + argument.str() + "'; hadalc --help lists the options");
    if (argument.starts_with("--mlir-"))
      commandLine.mlirOptions.push_back(argv[index]);
    else
      own.push_back(argv[index]);
  }
  try {
    app.parse(int(own.size()), own.data());
  } catch (const CLI::CallForAllHelp &) {
    std::cout << app.help() << std::flush;
    return 0;
  } catch (const CLI::CallForHelp &) {
    groups.hideRare();
    std::cout << app.help() << std::flush;
    return 0;
  } catch (const CLI::Success &success) {
    return app.exit(success);
  } catch (const CLI::ParseError &error) {
    return complain(std::string(error.what()) + "; hadalc --help lists the options");
  }
  if (raw.listPhases) {
    listPhases();
    return 0;
  }
  if (raw.listTargets) {
    printTargets(llvm::outs());
    return 0;
  }
  if (commandLine.input.empty())
    return complain("no model given; hadalc --help lists the options");
  return check(raw, commandLine);
}
