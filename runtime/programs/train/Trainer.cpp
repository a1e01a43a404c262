// The training loop.
//
// Step s (from 1) reads the samples at positions (s - 1) B ... s B - 1 of the run's order, B being the global batch
// size, in micro-batches: `accumulate` runs once for each and adds its share to the gradients; `gradient_norm` and
// `update` run once, the latter only when losses and norm are finite, so that a run that stops has spoilt nothing.
// Everything that a step depends on is in the tensors and in `TrainerState`, so that a run resumed from a checkpoint
// computes the same bits as one that never stopped.
#include "runtime/programs/train/Trainer.h"

#include "runtime/core/Error.h"
#include "runtime/core/Memory.h"
#include "runtime/io/ChromeTrace.h"
#include "runtime/io/HuggingFaceDirectory.h"
#include "runtime/io/NamedTensors.h"
#include "runtime/programs/Report.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

namespace hadal {

/// Set by a signal, looked at between steps.
static std::atomic<bool> interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler stores to it");

void Trainer::interrupt() { interrupted.store(true, std::memory_order_relaxed); }

//===----------------------------------------------------------------------===//
// One step
//===----------------------------------------------------------------------===//

void Trainer::setScalars(int64_t step) {
  double microBatches = static_cast<double>(options.globalBatchSize / windows.rows);
  auto set = [&](std::string_view name, double value) { programSession.setScalar(name, static_cast<float>(value)); };
  set("loss_scale", 1 / microBatches);
  set("mtp_loss_weight", options.predictionLossWeight);
  set("balance_loss_weight", options.balanceLossWeight);
  set("learning_rate", options.schedule.learningRate(step));
  set("weight_decay", options.weightDecay);
  set("beta1", options.beta1);
  set("beta2", options.beta2);
  set("epsilon", options.epsilon);
  set("bias_correction1", 1 - std::pow(options.beta1, static_cast<double>(step)));
  set("bias_correction2", 1 - std::pow(options.beta2, static_cast<double>(step)));
  set("clip_norm", options.clipNorm > 0 ? options.clipNorm : std::numeric_limits<double>::infinity());
  set("router_bias_rate", options.routerBiasRate);
}

void Trainer::loadBatch(const TokenWindows &into, const Samples &samples, const SampleOrder &order, uint64_t position) {
  uint64_t length = samples.tokensPerSample(), rows = static_cast<uint64_t>(into.rows);
  for (uint64_t row = 0; row < rows; ++row)
    samples.read(order.sampleAt(position + row), std::span(batch).subspan(row * length, length));
  programSession.write(into.tensor, std::span<const int32_t>(batch).first(rows * length));
}

void Trainer::accumulate(StepRecord &record, CommandRecorder *launches) {
  int64_t microBatches = options.globalBatchSize / windows.rows;
  SampleOrder order(trainingSamples.count(), options.shuffle, state.seed);
  uint64_t position = state.samples; // of the next micro-batch; a step that fails half-way has read none
  loadBatch(windows, trainingSamples, order, position);
  for (int64_t i = 0; i < microBatches; ++i) {
    programSession.setScalar("adds_to_gradients", i > 0); // the first ones take the place of the last step's
    programSession.run(accumulateEntry, launches);
    position += static_cast<uint64_t>(windows.rows);
    if (i + 1 < microBatches) // before the results are waited for: a GPU works meanwhile
      loadBatch(windows, trainingSamples, order, position);
    record.loss += programSession.result("loss");
    record.mainLoss += programSession.result("loss.main");
    record.predictionLoss += programSession.result("loss.mtp");
    record.balanceLoss += programSession.result("loss.balance");
  }
  for (double *loss : {&record.loss, &record.mainLoss, &record.predictionLoss, &record.balanceLoss})
    *loss /= static_cast<double>(microBatches);
}

static std::string describeElement(const Session &session, hadal_role role, const NonFiniteElement &found) {
  return concat(role == HADAL_GRADIENT ? "gradient of " : "parameter ", "'", session.tensor(found.tensor).name,
                "' (element ", found.element, " is ", describeNonFinite(found.value), ")");
}

std::string Trainer::describeLastCheckpoint() const {
  std::optional<int64_t> last = checkpoints ? checkpoints->newest() : std::nullopt;
  return last ? concat("the last checkpoint is ", checkpoints->folderOf(*last).string()) : "there is no checkpoint";
}

/// Ends the run when a number is not finite, naming the first tensor that is not either: a parameter if there is one,
/// since then the gradients only follow.
void Trainer::requireFinite(const char *what, double value, int64_t step) {
  if (std::isfinite(value))
    return;
  std::string culprit = "every parameter and gradient is finite";
  for (hadal_role role : {HADAL_PARAMETER, HADAL_GRADIENT})
    if (std::optional<NonFiniteElement> found = findNonFinite(programSession, role)) {
      culprit = "the first non-finite tensor is the " + describeElement(programSession, role, *found);
      break;
    }
  fail(HADAL_EXIT_NON_FINITE, "step ", step, ": the ", what, " is ", describeNonFinite(value), "; ", culprit,
       "; stopped before the update, ", describeLastCheckpoint());
}

/// What may help against an update that ends like this, as far as the options tell. Losses and gradients were finite,
/// and so was every weight that was loaded.
std::string Trainer::adviseAgainst(const NonFiniteElement &found) const {
  bool trained = std::ranges::any_of(program().tensorsOf(HADAL_FIRST_MOMENT), [&](uint32_t moment) {
    return programSession.tensor(moment).owner == found.tensor;
  });
  if (!trained) // a selection bias, which no gradient changes
    return options.routerBiasRate > 0 ? "; a smaller --router-bias-rate may help" : "";
  if (options.epsilon == 0 && std::isnan(found.value))
    return "; with --adam-eps 0 a gradient that has always been zero is divided by zero";
  return options.schedule.learningRate(state.step) > 0 ? "; a lower --lr may help" : "";
}

/// Ends the run when an update has made a parameter infinite or NaN: such a model must not take the place of a good
/// one. The update of the last step is followed by no loss that would show it.
void Trainer::requireFiniteParameters(const char *refused) const {
  if (std::optional<NonFiniteElement> found = findNonFinite(programSession, HADAL_PARAMETER))
    fail(HADAL_EXIT_NON_FINITE, "step ", state.step, ": the first non-finite tensor after the update is the ",
         describeElement(programSession, HADAL_PARAMETER, *found), "; it is not ", refused, ", ",
         describeLastCheckpoint(), adviseAgainst(*found));
}

void Trainer::step() {
  using Clock = std::chrono::steady_clock;
  Clock::time_point begin = Clock::now();
  StepRecord record;
  record.step = state.step + 1;
  CommandRecorder *launches = record.step == tracedStep ? recorder.get() : nullptr;

  setScalars(record.step);
  accumulate(record, launches);
  requireFinite("loss", record.loss, record.step);
  requireFinite("main loss", record.mainLoss, record.step);
  if (record.step == 1 && !options.saveGradients.empty())
    saveGradients(record);
  programSession.run(gradientNormEntry, launches);
  record.gradientNorm = programSession.result("gradient_norm");
  requireFinite("gradient norm", record.gradientNorm, record.step);
  programSession.setScalar("gradient_scale", programSession.result("gradient_scale"));
  programSession.run(updateEntry, launches);
  state.step = record.step;
  state.samples += static_cast<uint64_t>(options.globalBatchSize);

  double tokens = static_cast<double>(options.globalBatchSize) * static_cast<double>(windows.length);
  record.tokensPerSecond = tokens / std::chrono::duration<double>(Clock::now() - begin).count();
  record.learningRate = options.schedule.learningRate(record.step);
  if (evaluatesAfter(record.step))
    record.validationLoss = evaluate();
  if (log)
    log->write(record);
  if (tensorBoard)
    tensorBoard->write(record);
  progress.report(record);
}

void Trainer::saveGradients(const StepRecord &record) {
  ReplacingFile output(options.saveGradients);
  writeTensors(output.file(), programSession, contentsOfGradients, {{HADAL_GRADIENT, ""}, {HADAL_STATE, ""}},
               {{"loss", static_cast<float>(record.loss)},
                {"loss.main", static_cast<float>(record.mainLoss)},
                {"loss.mtp", static_cast<float>(record.predictionLoss)},
                {"loss.balance", static_cast<float>(record.balanceLoss)}});
  output.commit();
}

//===----------------------------------------------------------------------===//
// Evaluation
//===----------------------------------------------------------------------===//

bool Trainer::evaluatesAfter(int64_t step) const {
  return validationData && (step == options.steps || (options.evalInterval && step % options.evalInterval == 0));
}

/// Mean main loss over the whole micro-batches of the validation file, in its order. Nothing when interrupted.
std::optional<double> Trainer::evaluate() {
  const TokenWindows &validation = *validationWindows;
  Samples samples(*validationData, validation.length, validation.ahead);
  SampleOrder order(samples.count(), false, 0);
  int64_t microBatches = static_cast<int64_t>(samples.count()) / validation.rows;
  if (options.evalIterations)
    microBatches = std::min(microBatches, options.evalIterations);
  double total = 0;
  for (int64_t i = 0; i < microBatches; ++i) {
    if (interrupted.load(std::memory_order_relaxed))
      return std::nullopt;
    loadBatch(validation, samples, order, static_cast<uint64_t>(i * validation.rows));
    programSession.run(*evaluateEntry);
    total += programSession.result("loss.main");
  }
  return total / static_cast<double>(microBatches);
}

//===----------------------------------------------------------------------===//
// The loop
//===----------------------------------------------------------------------===//

void Trainer::save() {
  requireFiniteParameters("saved");
  checkpoints->save(programSession, state);
  savedStep = state.step;
}

/// Whatever goes wrong with a trace is a failure of a file, which no training is lost for.
void Trainer::writeTrace() {
  try {
    writeChromeTrace(options.trace, *recorder, concat("step ", tracedStep, " of model ", program()->model),
                     programSession.device().measureRates());
  } catch (const Error &) {
    throw;
  } catch (const std::exception &error) {
    fail(HADAL_EXIT_IO_FAILURE, "the trace '", options.trace.string(), "' cannot be written: ", error.what());
  }
  recorder.reset();
}

/// Runs a part of the loop that can fail without harm to the parameters, because of its files: what is trained until
/// then is saved before the run ends. Other failures leave the last checkpoint as it is.
template <class Part> void Trainer::runOrSave(Part part) {
  try {
    part();
  } catch (const Error &error) {
    bool ofFiles = error.code() == HADAL_EXIT_IO_FAILURE || error.code() == HADAL_EXIT_INPUT;
    if (!ofFiles || !checkpoints || state.step == 0)
      throw;
    saveAndFail(error);
  }
}

void Trainer::saveAndFail(const Error &cause) {
  try {
    if (savedStep != state.step)
      save();
  } catch (const Error &error) {
    fail(cause.code(), cause.what(), "; ", error.what());
  }
  fail(cause.code(), cause.what(), "; saved as ", checkpoints->folderOf(state.step).string(),
       ", continue with --resume");
}

void Trainer::trainSteps() {
  while (state.step < options.steps && !interrupted.load(std::memory_order_relaxed)) {
    runOrSave([&] { step(); });
    bool last = state.step == options.steps, due = options.saveInterval && state.step % options.saveInterval == 0;
    if (checkpoints && (last || due))
      save();
    if (recorder && state.step == tracedStep && !last)
      runOrSave([&] { writeTrace(); });
  }
}

int Trainer::reportInterruption() {
  if (checkpoints && savedStep != state.step)
    save();
  writeMessage(
      concat("interrupted after step ", state.step,
             checkpoints ? concat("; saved as ", checkpoints->folderOf(state.step).string(), ", continue with --resume")
                         : "; nothing was saved, since --save was not given"));
  return HADAL_EXIT_INTERRUPTED;
}

int Trainer::run() {
  progress.start(state.step);
  if (state.step >= options.steps)
    writeMessage(concat("nothing to train: step ", state.step, " of ", options.steps, " is done"));
  trainSteps();
  if (state.step < options.steps)
    return reportInterruption();
  if (!options.exportTo.empty()) {
    requireFiniteParameters("exported");
    exportModel(options.exportTo, programSession);
    writeMessage(concat("exported to ", options.exportTo.string()));
  }
  if (recorder) // of the last step: after the model, which must not be lost with it
    runOrSave([&] { writeTrace(); });
  return HADAL_EXIT_OK;
}

} // namespace hadal
