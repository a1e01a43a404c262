// Everything a training run does before its first step: open the data, give the parameters their values, open the logs,
// and say what is going to happen.
#include "runtime/core/Error.h"
#include "runtime/core/Initializer.h"
#include "runtime/core/Memory.h"
#include "runtime/io/ChromeTrace.h"
#include "runtime/io/HuggingFaceDirectory.h"
#include "runtime/io/NamedTensors.h"
#include "runtime/io/Paths.h"
#include "runtime/io/Safetensors.h"
#include "runtime/programs/Report.h"
#include "runtime/programs/train/Settings.h"
#include "runtime/programs/train/Trainer.h"

#include <algorithm>
#include <cstdio>

namespace hadal {

Trainer::Trainer(const struct hadal_program &descriptor, const TrainOptions &options)
    : options(options), programSession(descriptor, {.threads = options.machine.threads,
                                                    .device = options.machine.device,
                                                    .launchBlocking = options.machine.launchBlocking,
                                                    .pin = options.machine.pin}),
      accumulateEntry(programSession.requireEntry("accumulate")),
      gradientNormEntry(programSession.requireEntry("gradient_norm")),
      updateEntry(programSession.requireEntry("update")), windows(programSession.program(), "accumulate"),
      evaluateEntry(programSession.program().findEntry("evaluate")),
      tokenizer(openTokenizer(options.text, descriptor.vocabulary)),
      trainingData(options.data, descriptor.vocabulary, encodeText(options.data, options.text, tokenizer)),
      trainingSamples(trainingData, windows.length, windows.ahead), progress(options.steps) {
  checkInputs();
  describe();
  initialize();
  openLogs();
}

void Trainer::requireSamples(const Samples &samples, const TokenFile &file, int64_t length, int64_t needed,
                             const char *what) const {
  if (samples.count() >= static_cast<uint64_t>(needed))
    return;
  uint64_t tokens = static_cast<uint64_t>(needed - 1) * static_cast<uint64_t>(length) + samples.tokensPerSample();
  fail(HADAL_EXIT_INPUT, file.path().string(), ": ", file.size(), " tokens are too few: ", what, " of ", needed,
       " samples of sequence length ", length, " needs ", tokens);
}

void Trainer::checkInputs() {
  batch.resize(elementCount(programSession.tensor(windows.tensor)));
  requireSamples(trainingSamples, trainingData, windows.length, options.globalBatchSize, "a batch");
  if (!options.valid.empty()) {
    programSession.requireEntry("evaluate");
    validationWindows.emplace(program(), "evaluate");
    batch.resize(std::max<uint64_t>(batch.size(), elementCount(programSession.tensor(validationWindows->tensor))));
    validationData.emplace(options.valid, program()->vocabulary, encodeText(options.valid, options.text, tokenizer));
    Samples samples(*validationData, validationWindows->length, validationWindows->ahead);
    requireSamples(samples, *validationData, validationWindows->length, validationWindows->rows, "a micro-batch");
  }
  if (!options.save.empty() || !options.exportTo.empty())
    requireWritableNames(programSession);
  checkOutputFolders();
  if (!options.exportTo.empty())
    requireExportable(options.exportTo, program());
  checkOutputFiles();
}

void Trainer::checkOutputFolders() const {
  auto check = [](const std::filesystem::path &path, const char *option) {
    if (!path.empty())
      requireFillable(path, option);
  };
  check(options.save, "--save");
  check(options.exportTo, "--export");
  check(options.tensorboard, "--tensorboard");
}

/// Output files must not take the place of the data, or of each other.
void Trainer::checkOutputFiles() const {
  struct File {
    const char *option;
    const std::filesystem::path &path;
  };
  std::vector<File> former = {{"--data", options.data}, {"--valid", options.valid}};
  for (File file :
       {File{"--log", options.log}, File{"--trace", options.trace}, File{"--save-gradients", options.saveGradients}}) {
    if (file.path.empty())
      continue;
    requireWritable(file.path, file.option);
    for (const File &other : former)
      if (!other.path.empty() && namesSameFile(file.path, other.path))
        fail(HADAL_EXIT_COMMAND_LINE, file.option, ": '", file.path.string(), "' is also the file of ", other.option,
             ", which would be overwritten; choose another");
    former.push_back(file);
  }
  if (!options.trace.empty())
    requireReplaceable(options.trace, "--trace", isChromeTrace(options.trace));
  if (!options.saveGradients.empty())
    requireReplaceable(options.saveGradients, "--save-gradients",
                       isWrittenAs(options.saveGradients, contentsOfGradients));
}

void Trainer::describe() const {
  describeSession(programSession);
  int64_t microBatches = options.globalBatchSize / windows.rows;
  writeMessage(concat("data ", options.data.string(), ": ", describeCount(static_cast<double>(trainingData.size())),
                      " tokens; a step reads ", options.globalBatchSize, " x ", windows.length, " of them",
                      microBatches > 1 ? concat(" in ", microBatches, " micro-batches") : ""));
  if (!programSession.hasScalar("mtp_loss_weight") &&
      options.predictionLossWeight != TrainOptions{}.predictionLossWeight)
    writeMessage("warning: --mtp-loss-weight has no effect: the model has no multi-token-prediction block");
  if (!programSession.hasScalar("balance_loss_weight") && options.balanceLossWeight != TrainOptions{}.balanceLossWeight)
    writeMessage("warning: --balance-loss-weight has no effect: the model has no balance loss");
  if (!programSession.hasScalar("router_bias_rate") && options.routerBiasRate != TrainOptions{}.routerBiasRate)
    writeMessage("warning: --router-bias-rate has no effect: the model has no router with a selection bias");
}

/// The step of the checkpoint to continue from, if there is one. Without --resume there must be none, nor a damaged
/// one, which would be mixed with the new run's.
std::optional<int64_t> Trainer::findCheckpoint() const {
  std::optional<int64_t> newest = checkpoints->newest();
  std::vector<DamagedCheckpoint> damaged = checkpoints->damaged();
  if (newest)
    std::erase_if(damaged, [&](const DamagedCheckpoint &checkpoint) { return checkpoint.step < *newest; });
  if (!options.resume && (newest || !damaged.empty()))
    fail(HADAL_EXIT_COMMAND_LINE, "--save: '", options.save.string(), "' holds the ", newest ? "" : "damaged ",
         "checkpoint step-", newest ? *newest : damaged.back().step, " of a former run; ",
         newest ? "add --resume to continue from it" : "remove that folder", ", or choose another folder");
  for (const DamagedCheckpoint &checkpoint : damaged)
    writeMessage(concat("warning: skipped the checkpoint ", checkpoints->folderOf(checkpoint.step).string(), ": ",
                        checkpoint.reason));
  if (!newest && !damaged.empty())
    fail(HADAL_EXIT_INPUT, "--resume: every checkpoint in '", options.save.string(),
         "' is damaged; remove their folders to start from step 1, or choose another folder");
  return newest;
}

void Trainer::initialize() {
  state.seed = options.seed.value_or(defaultSeed);
  state.shuffle = options.shuffle;
  state.dataTokens = trainingData.size();
  state.sequenceLength = windows.length;
  state.tokensAhead = windows.ahead;
  state.settings = settingsOf(options, programSession);
  if (!options.save.empty()) {
    state.dataDigest = trainingData.digest();
    checkpoints = std::make_unique<CheckpointFolder>(options.save, options.keepCheckpoints);
    std::optional<int64_t> newest = findCheckpoint();
    checkpoints->requireFree(newest ? *newest + 1 : 0, options.steps);
    if (newest)
      return resume(*newest);
  }
  if (!options.load.empty()) {
    loadWeights(options.load, programSession);
    writeMessage(concat("weights from ", options.load.string()));
  } else {
    initializeParameters(programSession, state.seed);
    writeMessage(concat("weights initialised with seed ", state.seed));
  }
}

/// Continues from a checkpoint, provided that the run still reads the same samples in the same order. That it trains
/// otherwise on them is said.
void Trainer::resume(int64_t step) {
  TrainerState current = state;
  state = checkpoints->load(step, programSession);
  std::string folder = checkpoints->folderOf(step).string();
  auto require = [&](bool same, const char *what, auto saved, auto now) {
    if (!same)
      fail(HADAL_EXIT_COMMAND_LINE, "--resume: ", what, " is ", now, ", but was ", saved, " in ", folder,
           "; use the same, or start a new run from these weights with --load ", folder);
  };
  require(state.dataTokens == current.dataTokens, "the number of tokens of --data", state.dataTokens,
          current.dataTokens);
  require(state.dataDigest == current.dataDigest, "the digest of --data, of as many tokens,", state.dataDigest,
          current.dataDigest);
  require(state.sequenceLength == current.sequenceLength, "the sequence length", state.sequenceLength,
          current.sequenceLength);
  require(state.tokensAhead == current.tokensAhead, "the number of predicted tokens", state.tokensAhead,
          current.tokensAhead);
  require(state.shuffle == current.shuffle, "--shuffle", state.shuffle ? "on" : "off", current.shuffle ? "on" : "off");
  require(!options.seed || *options.seed == state.seed, "--seed", state.seed, current.seed);
  if (state.step >= 1 && !options.saveGradients.empty())
    fail(HADAL_EXIT_COMMAND_LINE, "--save-gradients writes the gradients of step 1, but the run resumes after step ",
         state.step);
  savedStep = state.step;
  writeMessage(concat("resumed from ", folder));
  std::string changes = describeChanges(state.settings, current.settings, state.step);
  if (!changes.empty() && state.step < options.steps)
    writeMessage(concat("warning: --resume: the run that was saved there goes on otherwise: ", changes));
  state.settings = current.settings;
}

void Trainer::openLogs() {
  if (!options.log.empty())
    log = std::make_unique<JsonLinesLog>(options.log, state.step);
  if (!options.tensorboard.empty())
    tensorBoard = std::make_unique<TensorBoardLog>(options.tensorboard, state.step);
  if (options.trace.empty() || state.step >= options.steps)
    return;
  // The second step when there is one: the first also touches every page for the first time.
  tracedStep = std::min(state.step + 2, options.steps);
  uint64_t microBatches = static_cast<uint64_t>(options.globalBatchSize / windows.rows);
  auto commandsOf = [&](uint32_t entry) { return program().entries()[entry].command_count; };
  uint64_t commands =
      microBatches * commandsOf(accumulateEntry) + commandsOf(gradientNormEntry) + commandsOf(updateEntry);
  recorder = std::make_unique<CommandRecorder>(programSession.device().threads(), commands);
}

} // namespace hadal
