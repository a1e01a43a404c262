// The way of prompts through the program.
//
// Sequences wait until one of the places in a batch is free, get pages for all tokens that they may have, and read
// their prompt, whose last row says which token follows. From then on every step adds the last token of each sequence,
// and says which one follows it. Nothing of this shows in what is generated: a row's bits depend on its sequence alone.
#include "runtime/programs/generate/Generator.h"

#include "runtime/core/Error.h"
#include "runtime/core/Memory.h"
#include "runtime/io/HuggingFaceDirectory.h"
#include "runtime/programs/Report.h"
#include "runtime/programs/generate/Choice.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <iostream>
#include <memory>

namespace hadal {

/// Set by a signal, looked at between steps.
static std::atomic<bool> interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler stores to it");

void Generator::interrupt() { interrupted.store(true, std::memory_order_relaxed); }

/// The tokens that end a text, as the model's configuration says.
static std::set<int32_t> readEndTokens(const Program &program) {
  std::set<int32_t> tokens;
  nlohmann::json configuration = nlohmann::json::parse(program->config_json, nullptr, false);
  if (!configuration.is_object() || !configuration.contains("eos_token_id"))
    return tokens;
  const nlohmann::json &end = configuration["eos_token_id"];
  for (const nlohmann::json &token : end.is_array() ? end : nlohmann::json::array({end}))
    if (token.is_number_integer())
      tokens.insert(token.get<int32_t>());
  return tokens;
}

static std::vector<Sequence> readSequences(const GenerateOptions &options, const Steps &steps) {
  std::vector<Sequence> sequences;
  for (Prompt &prompt : readPrompts(options, {steps.vocabulary, steps.mostPositions()}))
    sequences.emplace_back(std::move(prompt));
  return sequences;
}

Generator::Generator(const Program &program, const Steps &steps, const GenerateOptions &options)
    : options(options), steps(steps), sequences(readSequences(options, steps)),
      session(*program, {.threads = options.machine.threads,
                         .device = options.machine.device,
                         .launchBlocking = options.machine.launchBlocking,
                         .pin = options.machine.pin}),
      runner(session, this->steps), pool(steps.pages, options.pageSeed) {
  if (!options.ignoreEnd)
    endTokens = readEndTokens(program);
  describe();
  loadWeights(options.load, session);
}

void Generator::describe() const {
  const Program &program = session.program();
  const Device &device = session.device();
  writeMessage(concat("target ", device.describe(), program->check_memory ? ", memory checks on" : ""));
  writeMessage(concat("model ", program->model, ": ", program.parameterCount(), " parameters, ",
                      describeBytes(device.memoryNeeded()), " of memory (", describeBytes(device.memoryAvailable()),
                      " available)"));
}

/// Gives free places to those that wait, and reads their prompts.
void Generator::admit() {
  while (waiting < sequences.size() && static_cast<int64_t>(active.size()) < steps.mostSequences &&
         !interrupted.load(std::memory_order_relaxed)) {
    Sequence &sequence = sequences[waiting];
    int64_t prompt = static_cast<int64_t>(sequence.tokens.size());
    int64_t most = std::min(steps.mostPositions(), prompt + std::min(sequence.prompt.maxTokens, steps.mostPositions()));
    sequence.pages = pool.take(static_cast<size_t>((most + steps.positionsOfPage - 1) / steps.positionsOfPage));
    active.push_back(waiting++);
    readPrompt(sequence);
  }
}

void Generator::readPrompt(Sequence &sequence) {
  Clock::time_point start = Clock::now();
  const Step &prefill = steps.prefill();
  int64_t chunk = options.prefillChunk ? options.prefillChunk : prefill.rows;
  int64_t length = static_cast<int64_t>(sequence.prompt.tokens.size());
  while (sequence.cached < length) {
    int64_t count = std::min(chunk, length - sequence.cached);
    AddedRows rows{std::span(sequence.tokens).subspan(static_cast<size_t>(sequence.cached), static_cast<size_t>(count)),
                   sequence.cached, sequence.pages};
    runner.run(count == 1 ? steps.decode(1) : prefill, std::span(&rows, 1));
    sequence.cached += count;
  }
  statistics.promptTokens += length;
  append(sequence, runner.next(0));
  Clock::time_point end = Clock::now();
  statistics.prefill += std::chrono::duration<double>(end - start).count();
  if (statistics.generatedTokens == 1)
    statistics.firstToken = std::chrono::duration<double>(end - begin).count();
}

/// Adds the last token of every active sequence, and finds the one that follows.
void Generator::decode() {
  Clock::time_point start = Clock::now();
  std::vector<AddedRows> added;
  for (size_t index : active) {
    const Sequence &sequence = sequences[index];
    added.push_back({std::span(sequence.tokens).last(1), sequence.cached, sequence.pages});
  }
  runner.run(steps.decode(added.size()), added);
  ++statistics.decodeSteps;
  for (size_t place = 0; place < active.size(); ++place) {
    ++sequences[active[place]].cached;
    append(sequences[active[place]], runner.next(place));
  }
  statistics.decode += std::chrono::duration<double>(Clock::now() - start).count();
}

void Generator::append(Sequence &sequence, const NextToken &next) {
  if (!std::isfinite(next.largest) || !std::isfinite(next.logarithm))
    fail(HADAL_EXIT_NON_FINITE, sequence.prompt.place, ": the logits behind token ", sequence.tokens.size() - 1,
         " are not finite, although every weight is");
  int32_t token = chooseToken(next.logits);
  sequence.logProbabilities.push_back(next.logProbability(token));
  if (!options.logits.empty())
    sequence.logits.insert(sequence.logits.end(), next.logits.begin(), next.logits.end());
  sequence.tokens.push_back(token);
  ++statistics.generatedTokens;
  sequence.finish = findFinish(sequence);
  if (isStreaming() && sequence.finish != Finish::Stop)
    std::cout << textOf(sequence.tokens, sequence.tokens.size() - 1) << std::flush;
}

Finish Generator::findFinish(const Sequence &sequence) const {
  if (endTokens.contains(sequence.tokens.back()))
    return Finish::Stop;
  bool isFull = static_cast<int64_t>(sequence.generated()) >= sequence.prompt.maxTokens ||
                static_cast<int64_t>(sequence.tokens.size()) >= steps.mostPositions();
  return isFull ? Finish::Length : Finish::No;
}

/// Takes the pages of finished sequences back.
void Generator::release() {
  std::erase_if(active, [&](size_t index) {
    Sequence &sequence = sequences[index];
    if (sequence.finish == Finish::No)
      return false;
    pool.giveBack(sequence.pages);
    sequence.pages.clear();
    return true;
  });
}

/// False when interrupted.
bool Generator::generate() {
  begin = Clock::now();
  statistics.sequences = static_cast<int64_t>(sequences.size());
  for (;;) {
    release();
    if (interrupted.load(std::memory_order_relaxed))
      return false;
    admit();
    release();
    if (active.empty() && waiting == sequences.size())
      return true;
    if (!active.empty())
      decode();
  }
}

int Generator::run() {
  std::unique_ptr<ReplacingFile> output;
  std::unique_ptr<LogitsFile> logits;
  if (!options.output.empty())
    output = std::make_unique<ReplacingFile>(options.output);
  if (!options.logits.empty())
    logits = std::make_unique<LogitsFile>(options.logits);
  bool isComplete = generate();
  if (isStreaming())
    std::cout << std::endl;
  if (!isComplete) {
    writeMessage("interrupted; no file was written");
    return HADAL_EXIT_INTERRUPTED;
  }
  if (output) {
    output->file().write(describeContinuations(sequences));
    output->commit();
  } else if (!isStreaming()) {
    std::cout << describeContinuations(sequences) << std::flush;
  }
  if (logits)
    logits->finish(sequences, steps.vocabulary);
  writeMessage(describeStatistics(statistics, steps, options.stats == "json"));
  if (!std::cout)
    fail(HADAL_EXIT_IO_FAILURE, "cannot write to standard output");
  return HADAL_EXIT_OK;
}

} // namespace hadal
