// Declaration of the options and the checks that span several of them.
#include "runtime/programs/train/Options.h"

#include "runtime/programs/OptionGroups.h"
#include "runtime/programs/TokenWindows.h"

#include <map>

namespace hadal {
namespace {

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

void addData(CommandLine &line, TrainOptions &options) {
  OptionGroup group(line, "Data");
  group
      .add("--data", options.data, "FILE",
           "training data: .txt (text), .u16 or .u32 (raw token ids); without --tokenizer every byte of a text is a "
           "token")
      ->required();
  group.add("--valid", options.valid, "FILE", "validation data");
  options.text.add(group);
  group.flag("--shuffle", options.shuffle, "visit the samples of each epoch in a seeded random order");
  group
      .add("--global-batch-size", options.globalBatchSize, "B",
           "sequences per step, a multiple of the micro-batch size (default: one micro-batch)")
      ->check(positive);
}

void addSchedule(CommandLine &line, TrainOptions &options) {
  OptionGroup group(line, "Length and learning rate");
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
  OptionGroup group(line, "Optimizer and losses");
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
  OptionGroup group(line, "Weights and checkpoints");
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
  OptionGroup group(line, "Evaluation, logs and machine");
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
  addMachineOptions(group, options.machine);
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
  options.text.check(options.data);
  require(!options.evalInterval || !options.valid.empty(), "--eval-interval needs --valid FILE");
  require(!options.evalIterations || !options.valid.empty(), "--eval-iters needs --valid FILE");
}

} // namespace

std::optional<int> parseOptions(int argc, const char *const *argv, const Program &program, TrainOptions &options) {
  TokenWindows windows(program, "accumulate");
  CommandLine line{CLI::App(concat("Trains the model '", program->model, "' (",
                                   describeCompilation(program, windows.rows, windows.length), ")."))};
  addData(line, options);
  addSchedule(line, options);
  addOptimizer(line, options);
  addWeights(line, options);
  addLogs(line, options);
  return parseProgramOptions(line, program, argc, argv, [&] { checkTogether(program, options); });
}

} // namespace hadal
