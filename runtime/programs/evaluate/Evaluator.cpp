// The way of a text through the program.
//
// Windows are read in the order of the file, B at a time. The last micro-batch may have rows without a window, and a
// document's last window positions without a target: they hold token 0, and what the program says of them is not looked
// at. Attention is causal and rows are independent, so no score depends on what is padded.
#include "runtime/programs/evaluate/Evaluator.h"

#include "runtime/core/Error.h"
#include "runtime/core/Memory.h"
#include "runtime/io/ChromeTrace.h"
#include "runtime/io/HuggingFaceDirectory.h"
#include "runtime/programs/Report.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <memory>
#include <numbers>

namespace hadal {

/// Set by a signal, looked at between micro-batches.
static std::atomic<bool> interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler stores to it");

void Evaluator::interrupt() { interrupted.store(true, std::memory_order_relaxed); }

/// The token that ends a document.
static std::optional<int32_t> separatorOf(const EvaluateOptions &options) {
  return options.perLine ? std::optional<int32_t>('\n') : options.separator;
}

Evaluator::Evaluator(const Program &program, const EvaluateOptions &options)
    : options(options), session(*program, {.threads = options.machine.threads,
                                           .device = options.machine.device,
                                           .launchBlocking = options.machine.launchBlocking,
                                           .pin = options.machine.pin}),
      entry(session.requireEntry("evaluate")), shape(program, "evaluate"),
      lossTensor(*program.findResult(entry, "loss.main")),
      scoresTensor(*program.findResult(entry, "log_probabilities")),
      tokenizer(openTokenizer(options.text, program->vocabulary)),
      data(options.data, program->vocabulary, encodeText(options.data, options.text, tokenizer)),
      text(data, shape.length, separatorOf(options)), batch(elementCount(session.tensor(shape.tensor))),
      scores(elementCount(session.tensor(scoresTensor))) {
  if (text.targets() == 0)
    fail(HADAL_EXIT_INPUT, options.data.string(), ": there is nothing to score in ", data.size(),
         " tokens: the first one of a document has no context");
  windows.reserve(static_cast<size_t>(shape.rows));
  describe();
  loadWeights(options.load, session);
  writeMessage(concat("weights from ", options.load.string()));
}

void Evaluator::describe() const {
  describeSession(session);
  writeMessage(concat("data ", options.data.string(), ": ", text.targets(), " tokens to score in ", text.documents(),
                      text.documents() == 1 ? " document" : " documents"));
}

/// Fills the batch with the next windows; false when there are none left.
bool Evaluator::loadBatch(Text::Cursor &cursor) {
  std::ranges::fill(batch, 0);
  windows.clear();
  uint64_t width = static_cast<uint64_t>(shape.length + shape.ahead);
  while (windows.size() < static_cast<size_t>(shape.rows)) {
    std::optional<Window> window = cursor.next();
    if (!window)
      break;
    data.read(window->first, std::span(batch).subspan(windows.size() * width, window->targets + 1));
    windows.push_back(*window);
  }
  if (!windows.empty())
    session.write(shape.tensor, std::span<const int32_t>(batch));
  return !windows.empty();
}

std::span<const float> Evaluator::scoresOf(size_t row) const {
  return std::span(scores).subspan(row * static_cast<size_t>(shape.length), windows[row].targets);
}

/// The micro-batches that validation in training would read of this file: whole windows only, and none with targets of
/// multi-token prediction behind the file's end. None where documents are scored by themselves.
uint64_t Evaluator::countWholeBatches() const {
  if (separatorOf(options))
    return 0;
  Samples samples(data, shape.length, shape.ahead);
  return samples.count() / static_cast<uint64_t>(shape.rows);
}

/// A score that is no number: the weights are finite, so something in the model overflows.
void Evaluator::requireFinite(const Window &window, std::span<const float> row) const {
  for (size_t i = 0; i < row.size(); ++i)
    if (!std::isfinite(row[i]))
      fail(HADAL_EXIT_NON_FINITE, options.data.string(), ": the log-probability of token ", window.first + 1 + i,
           " is ", describeNonFinite(row[i]), ", although every weight is finite; nothing was written");
}

/// The bytes of text that the targets of a window stand for.
uint64_t Evaluator::countBytes(const Window &window) const {
  if (!tokenizer)
    return window.targets;
  std::vector<int32_t> targets(window.targets);
  data.read(window.first + 1, targets);
  uint64_t bytes = 0;
  for (int32_t token : targets)
    bytes += tokenizer->bytes(token).size();
  return bytes;
}

/// Nothing when interrupted.
std::optional<Evaluation> Evaluator::score(ScoreFile *output) {
  using Clock = std::chrono::steady_clock;
  Clock::time_point begin = Clock::now(), reported = begin;
  Evaluation result;
  uint64_t wholeBatches = countWholeBatches(), batches = 0, bytes = 0;
  // The first one touches memory for the first time.
  uint64_t tracedBatch = text.windows() > static_cast<uint64_t>(shape.rows) ? 1 : 0;
  if (!options.trace.empty())
    recorder =
        std::make_unique<CommandRecorder>(session.device().threads(), session.program().entries()[entry].command_count);
  double total = 0, totalOfWholes = 0;
  Text::Cursor cursor(text);
  while (loadBatch(cursor)) {
    if (interrupted.load(std::memory_order_relaxed))
      return std::nullopt;
    session.run(entry, batches == tracedBatch ? recorder.get() : nullptr);
    session.read(scoresTensor, 0, std::as_writable_bytes(std::span(scores)));
    if (batches++ < wholeBatches) {
      float loss;
      session.read(lossTensor, 0, std::as_writable_bytes(std::span(&loss, 1)));
      totalOfWholes += loss;
    }
    for (size_t row = 0; row < windows.size(); ++row) {
      requireFinite(windows[row], scoresOf(row));
      for (float score : scoresOf(row))
        total -= score;
      result.tokens += windows[row].targets;
      bytes += countBytes(windows[row]);
      if (output)
        output->append(scoresOf(row));
    }
    if (Clock::time_point now = Clock::now(); now - reported >= std::chrono::seconds(1)) {
      reported = now;
      char line[128];
      double seconds = std::chrono::duration<double>(now - begin).count();
      std::snprintf(line, sizeof line, "token %llu/%llu | loss %.4f | %.0f tokens/s",
                    static_cast<unsigned long long>(result.tokens), static_cast<unsigned long long>(text.targets()),
                    total / static_cast<double>(result.tokens), static_cast<double>(result.tokens) / seconds);
      writeMessage(line);
    }
  }
  result.documents = text.documents();
  result.windows = text.windows();
  result.loss = total / static_cast<double>(result.tokens);
  if (wholeBatches)
    result.lossOfWholes = totalOfWholes / static_cast<double>(wholeBatches);
  if ((data.isText() || tokenizer) && bytes > 0)
    result.bitsPerByte = total / static_cast<double>(bytes) / std::numbers::ln2;
  result.tokensPerSecond =
      static_cast<double>(result.tokens) / std::chrono::duration<double>(Clock::now() - begin).count();
  return result;
}

void Evaluator::print(const Evaluation &evaluation) const {
  char text[512];
  int length = std::snprintf(text, sizeof text, "tokens             %llu in %llu windows of %lld, %llu %s\n",
                             static_cast<unsigned long long>(evaluation.tokens),
                             static_cast<unsigned long long>(evaluation.windows), static_cast<long long>(shape.length),
                             static_cast<unsigned long long>(evaluation.documents),
                             evaluation.documents == 1 ? "document" : "documents");
  auto add = [&](const char *format, double number) {
    length += std::snprintf(text + length, sizeof text - static_cast<size_t>(length), format, number);
  };
  add("loss               %.6f nats per token\n", evaluation.loss);
  if (evaluation.lossOfWholes)
    add("loss whole batches %.6f, as validation in training\n", *evaluation.lossOfWholes);
  add("perplexity         %.6g\n", std::exp(evaluation.loss));
  if (evaluation.bitsPerByte)
    add("bits per byte      %.6f\n", *evaluation.bitsPerByte);
  add("tokens per second  %.0f\n", evaluation.tokensPerSecond);
  std::cout << std::string_view(text, static_cast<size_t>(length)) << std::flush;
  if (!std::cout)
    fail(HADAL_EXIT_IO_FAILURE, "cannot write to standard output");
}

void Evaluator::writeTrace() const {
  writeChromeTrace(options.trace, *recorder, concat("a micro-batch of model ", session.program()->model),
                   session.device().measureRates());
}

int Evaluator::run() {
  std::unique_ptr<EvaluationLog> log;
  std::unique_ptr<ScoreFile> output;
  if (!options.log.empty())
    log = std::make_unique<EvaluationLog>(options.log);
  if (!options.perToken.empty())
    output = std::make_unique<ScoreFile>(options.perToken, text);
  std::optional<Evaluation> evaluation = score(output.get());
  if (!evaluation) {
    writeMessage("interrupted; nothing was written");
    return HADAL_EXIT_INTERRUPTED;
  }
  if (output)
    output->finish(data);
  if (log)
    log->write(*evaluation, options.data, options.load);
  if (recorder)
    writeTrace();
  print(*evaluation);
  return HADAL_EXIT_OK;
}

} // namespace hadal
