// Declaration of the options and the checks that span several of them.
#include "runtime/programs/train/Options.h"

#include "runtime/core/Error.h"
#include "runtime/programs/CommandLine.h"
#include "runtime/programs/TokenWindows.h"
#include "runtime/programs/Version.h"

#include <charconv>
#include <cmath>
#include <iostream>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <type_traits>

namespace hadal {
namespace {

constexpr const char *exitCodes =
    "Exit codes: 0 done; 1 an input is wrong; 2 the command line is wrong; 3 interrupted "
    "(and saved, with --save);\n4 the loss, the gradient or a parameter is not finite; 5 out of memory; "
    "6 a file could not be written; 7 --check-memory found a violation;\n8 no GPU that can run the "
    "program (none, no driver, too old); 9 a kernel failed on the GPU.";

/// A check of one value whose message says what is expected, and nothing else.
template <class Accept> CLI::Validator valueCheck(Accept accept, const std::string &expected) {
  return CLI::Validator(
      [=](std::string &text) { return accept(text) ? std::string() : concat("'", text, "' is not ", expected); }, "");
}

/// A check of one number. Programs compute with 32-bit floats, so that a number counts as what it is there: one that
/// becomes infinite or zero only there is refused.
template <class Accept> CLI::Validator numberCheck(Accept accept, const std::string &expected) {
  return valueCheck(
      [=](const std::string &text) {
        double number;
        if (!CLI::detail::lexical_cast(text, number) || !(std::abs(number) <= std::numeric_limits<float>::max()))
          return false;
        float rounded = static_cast<float>(number);
        return (rounded != 0 || number == 0) && accept(rounded);
      },
      expected + " (as a 32-bit float)");
}

/// A check of one whole number from `least` up that its option's type can hold.
template <class Integer>
CLI::Validator integerCheck(Integer least, Integer most = std::numeric_limits<Integer>::max()) {
  return valueCheck(
      [=](const std::string &text) {
        Integer number;
        const char *end = text.data() + text.size();
        auto [rest, error] = std::from_chars(text.data(), end, number);
        return error == std::errc() && rest == end && number >= least && number <= most;
      },
      concat("a whole number from ", least, " to ", most));
}

const CLI::Validator positive = integerCheck<int64_t>(1);
const CLI::Validator notNegative = numberCheck([](float number) { return number >= 0; }, "a number from 0 up");
const CLI::Validator belowOne =
    numberCheck([](float number) { return number >= 0 && number < 1; }, "a number from 0 up and below 1");

/// Replaces the name of a decay style by its number, which is what the library reads into an enum.
const CLI::Validator decayStyle(
    [](std::string &text) {
      static const std::map<std::string, DecayStyle> styles = {{"constant", DecayStyle::Constant},
                                                               {"cosine", DecayStyle::Cosine}};
      auto style = styles.find(text);
      if (style == styles.end())
        return concat("'", text, "' is unknown, expected constant or cosine");
      text = std::to_string(static_cast<int>(style->second));
      return std::string();
    },
    "");

/// An empty path would count as an option that is not given.
const CLI::Validator notEmpty = valueCheck([](const std::string &text) { return !text.empty(); }, "a path");

/// --help shows the options that most runs need, --help-all the rare ones as well.
class HelpFormatter final : public CLI::Formatter {
public:
  std::set<const CLI::Option *> rare;
  bool showRare = false;

  std::string make_group(std::string group, bool positional, std::vector<const CLI::Option *> options) const override {
    if (!showRare)
      std::erase_if(options, [&](const CLI::Option *option) { return rare.contains(option); });
    return options.empty() ? "" : CLI::Formatter::make_group(group, positional, options);
  }
};

/// The command line under construction.
struct CommandLine {
  CLI::App app;
  std::shared_ptr<HelpFormatter> formatter = std::make_shared<HelpFormatter>();
};

/// Adds options under one heading of the help.
class Group {
public:
  Group(CommandLine &line, std::string name) : line(line), name(std::move(name)) {}

  template <class Value> CLI::Option *add(const char *flag, Value &value, const char *placeholder, const char *help) {
    CLI::Option *option = line.app.add_option(flag, value, help)->group(name)->option_text(placeholder);
    if constexpr (std::is_same_v<Value, std::filesystem::path>)
      option->check(notEmpty);
    return option;
  }
  /// An option that only --help-all shows.
  template <class Value>
  CLI::Option *addRare(const char *flag, Value &value, const char *placeholder, const char *help) {
    CLI::Option *option = add(flag, value, placeholder, help);
    line.formatter->rare.insert(option);
    return option;
  }
  CLI::Option *flag(const char *flag, bool &value, const char *help) {
    return line.app.add_flag(flag, value, help)->group(name);
  }
  CLI::Option *flagRare(const char *flag, bool &value, const char *help) {
    CLI::Option *option = this->flag(flag, value, help);
    line.formatter->rare.insert(option);
    return option;
  }

private:
  CommandLine &line;
  std::string name;
};

void addData(CommandLine &line, TrainOptions &options) {
  Group group(line, "Data");
  group
      .add("--data", options.data, "FILE",
           "training data: .txt (a token per byte, for models of bytes), .u16 or .u32 (raw token ids)")
      ->required();
  group.add("--valid", options.valid, "FILE", "validation data");
  group.flag("--shuffle", options.shuffle, "visit the samples of each epoch in a seeded random order");
  group
      .add("--global-batch-size", options.globalBatchSize, "B",
           "sequences per step, a multiple of the micro-batch size (default: one micro-batch)")
      ->check(positive);
}

void addSchedule(CommandLine &line, TrainOptions &options) {
  Group group(line, "Length and learning rate");
  group.add("--steps", options.steps, "N", "steps, counted from the beginning of training")
      ->required()
      ->check(positive);
  group.add("--lr", options.schedule.maximum, "X", "learning rate")->required()->check(notNegative);
  group.add("--lr-warmup-iters", options.schedule.warmupSteps, "N", "steps of linear warm-up (default: 0)")
      ->check(integerCheck<int64_t>(0));
  group.add("--lr-decay-style", options.schedule.decay, "constant|cosine", "after warm-up (default: constant)")
      ->transform(decayStyle);
  group.addRare("--lr-decay-iters", options.schedule.decaySteps, "N", "step that reaches --min-lr (default: --steps)")
      ->check(positive);
  group.addRare("--min-lr", options.schedule.minimum, "X", "end of the decay (default: 0)")->check(notNegative);
}

void addOptimizer(CommandLine &line, TrainOptions &options) {
  Group group(line, "Optimizer and losses");
  group.addRare("--weight-decay", options.weightDecay, "X", "of AdamW (default: 0.1)")->check(notNegative);
  group.addRare("--clip-grad", options.clipNorm, "X", "largest norm of the gradient, 0 for any (default: 1.0)")
      ->check(notNegative);
  group.addRare("--adam-beta1", options.beta1, "X", "(default: 0.9)")->check(belowOne);
  group.addRare("--adam-beta2", options.beta2, "X", "(default: 0.95)")->check(belowOne);
  group.addRare("--adam-eps", options.epsilon, "X", "(default: 1e-8)")->check(notNegative);
  group
      .addRare("--mtp-loss-weight", options.predictionLossWeight, "X",
               "lambda, the weight of the multi-token-prediction loss (default: 0.3)")
      ->check(notNegative);
  group
      .addRare("--balance-loss-weight", options.balanceLossWeight, "X",
               "alpha, the weight of the balance loss (default: 1e-4)")
      ->check(notNegative);
  group
      .addRare("--router-bias-rate", options.routerBiasRate, "X",
               "gamma, the step of the routers' selection bias (default: 1e-3)")
      ->check(notNegative);
}

void addWeights(CommandLine &line, TrainOptions &options) {
  Group group(line, "Weights and checkpoints");
  group.add("--load", options.load, "DIR", "start from the weights of a Hugging Face directory");
  group.add("--seed", options.seed, "S", "of initial weights and --shuffle (default: 1234)")
      ->check(integerCheck<uint64_t>(0));
  group.add("--save", options.save, "DIR", "write checkpoints DIR/step-N; the last step is always saved");
  group.add("--save-interval", options.saveInterval, "N", "also save every N steps")->check(positive);
  group.addRare("--keep-checkpoints", options.keepCheckpoints, "N", "keep the newest N (default: 2)")
      ->check(integerCheck<unsigned>(1));
  group.flag("--resume", options.resume, "continue from the newest complete checkpoint of --save, if there is one");
  group.add("--export", options.exportTo, "DIR", "write a Hugging Face directory after the last step");
}

void addLogs(CommandLine &line, TrainOptions &options) {
  Group group(line, "Evaluation, logs and machine");
  group.add("--eval-interval", options.evalInterval, "N", "evaluate --valid every N steps and after the last")
      ->check(positive);
  group
      .addRare("--eval-iters", options.evalIterations, "N", "micro-batches of an evaluation (default: all of --valid)")
      ->check(positive);
  group.add("--log", options.log, "FILE.jsonl", "one JSON object per step");
  group.add("--tensorboard", options.tensorboard, "DIR", "write a TensorBoard event file");
  group.add("--trace", options.trace, "FILE.json", "write a Chrome trace of one step, kernel by kernel");
  group.add("--save-gradients", options.saveGradients, "FILE.safetensors",
            "write the losses, gradients and experts' loads of step 1");
  group.add("--device", options.device, "cuda:N|cpu|auto", "where to run (default: auto, what the program is for)");
  group.flagRare("--launch-blocking", options.launchBlocking,
                 "GPU: wait for every kernel, so that a failure names its own");
  group.add("--threads", options.threads, "N", "(default: all CPUs this process may use)")
      ->check(integerCheck<unsigned>(1, 4096));
}

/// What a single option cannot check by itself.
void checkTogether(const Program &program, TrainOptions &options) {
  auto require = [](bool condition, const auto &...parts) {
    if (!condition)
      fail(HADAL_EXIT_COMMAND_LINE, parts...);
  };
  int64_t micro = TokenWindows(program, "accumulate").rows;
  if (!options.globalBatchSize)
    options.globalBatchSize = micro;
  require(options.globalBatchSize % micro == 0, "--global-batch-size: ", options.globalBatchSize,
          " is not a multiple of ", micro, ", the micro-batch size the program was compiled for");
  Schedule &schedule = options.schedule;
  if (!schedule.decaySteps)
    schedule.decaySteps = options.steps;
  require(schedule.minimum <= schedule.maximum, "--min-lr: ", schedule.minimum, " is above --lr ", schedule.maximum);
  require(schedule.decay == DecayStyle::Constant || schedule.decaySteps > schedule.warmupSteps,
          "--lr-decay-iters: ", schedule.decaySteps, " must be greater than --lr-warmup-iters ", schedule.warmupSteps);
  require(!options.saveInterval || !options.save.empty(), "--save-interval needs --save DIR");
  require(!options.resume || !options.save.empty(), "--resume needs --save DIR, whose checkpoints it continues from");
  require(!options.evalInterval || !options.valid.empty(), "--eval-interval needs --valid FILE");
  require(!options.evalIterations || !options.valid.empty(), "--eval-iters needs --valid FILE");
}

} // namespace

std::optional<int> parseOptions(int argc, const char *const *argv, const Program &program, TrainOptions &options) {
  TokenWindows windows(program, "accumulate");
  CommandLine line{CLI::App(concat("Trains the model '", program->model, "' (compiled for ",
                                   program.isForGPU() ? program->target : concat("cpu ", program->cpu),
                                   program->emulated ? ", emulated" : "", ", micro-batches of ", windows.rows, " x ",
                                   windows.length, " tokens)."))};
  CLI::App &app = line.app;
  app.footer(exitCodes);
  line.formatter->column_width(36);
  app.formatter(line.formatter);
  app.set_help_flag("-h,--help", "show the options that most runs need");
  app.set_help_all_flag("--help-all", "show all options: also those of the optimizer and the losses");
  addData(line, options);
  addSchedule(line, options);
  addOptimizer(line, options);
  addWeights(line, options);
  addLogs(line, options);
  app.set_version_flag("--version", describeVersion(program), "print the version");
  try {
    parseArguments(app, argc, argv);
    checkTogether(program, options);
  } catch (const CLI::CallForVersion &version) {
    std::cout << version.what() << "\n" << std::flush;
    return HADAL_EXIT_OK;
  } catch (const CLI::Success &help) { // a request for help
    line.formatter->showRare = dynamic_cast<const CLI::CallForAllHelp *>(&help);
    std::cout << app.help() << std::flush;
    return HADAL_EXIT_OK;
  } catch (const CLI::ParseError &error) {
    std::cerr << "error: " << error.what() << " (see --help)\n";
    return HADAL_EXIT_COMMAND_LINE;
  }
  return std::nullopt;
}

} // namespace hadal
