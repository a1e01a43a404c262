// The way of prompts through the program.
//
// Sequences wait until one of the places in a batch is free, get pages for all tokens that they may have, and read
// their prompt, whose last row says which token follows. From then on every step adds the last token of each sequence,
// and says which one follows it. Nothing of this shows in what is generated: a row's bits depend on its sequence alone.
#include "runtime/programs/generate/Generator.h"

#include "runtime/core/Error.h"
#include "runtime/core/Initializer.h"
#include "runtime/core/Memory.h"
#include "runtime/io/HuggingFaceDirectory.h"
#include "runtime/programs/Report.h"
#include "runtime/programs/TextData.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <iostream>
#include <iterator>
#include <memory>

namespace hadal {

/// Set by a signal, looked at between steps.
static std::atomic<bool> interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler stores to it");

void Generator::interrupt() { interrupted.store(true, std::memory_order_relaxed); }

/// The tokenizer that lies where the weights are, or where the options say. Bytes are tokens where there is none; what
/// is no directory is refused when weights are loaded.
static Tokenizer openTokenizer(const GenerateOptions &options, int64_t vocabulary) {
  bool isNamed = !options.tokenizer.empty(), hasDirectory = std::filesystem::is_directory(options.load);
  Tokenizer tokenizer = isNamed        ? Tokenizer::open(options.tokenizer)
                        : hasDirectory ? Tokenizer::open(options.load)
                                       : Tokenizer::ofBytes();
  if (tokenizer.kind() != Tokenizer::Kind::Bytes)
    requireWithin(vocabulary, tokenizer);
  return tokenizer;
}

/// The tokens that end a text, as the model's configuration and its directory say.
static std::set<int32_t> readEndTokens(const Program &program, const Tokenizer &tokenizer) {
  std::set<int32_t> tokens(tokenizer.endsOfText().begin(), tokenizer.endsOfText().end());
  nlohmann::json configuration = nlohmann::json::parse(program->config_json, nullptr, false);
  if (!configuration.is_object() || !configuration.contains("eos_token_id"))
    return tokens;
  const nlohmann::json &end = configuration["eos_token_id"];
  for (const nlohmann::json &token : end.is_array() ? end : nlohmann::json::array({end}))
    if (token.is_number_integer())
      tokens.insert(token.get<int32_t>());
  return tokens;
}

/// The tokens of these that a model has.
static std::vector<int32_t> within(int64_t vocabulary, const std::set<int32_t> &tokens) {
  std::vector<int32_t> result;
  std::ranges::copy_if(tokens, std::back_inserter(result),
                       [&](int32_t token) { return token >= 0 && token < vocabulary; });
  return result;
}

static std::vector<Sequence> readSequences(const GenerateOptions &options, const Steps &steps, Tokenizer &tokenizer) {
  std::vector<Sequence> sequences;
  for (const Prompt &prompt : readPrompts(options, {steps.vocabulary, steps.mostPositions()}, tokenizer))
    for (int64_t sample = 0; sample < options.samples; ++sample)
      sequences.emplace_back(prompt, static_cast<uint32_t>(sample), TextStream(tokenizer, options.stops));
  return sequences;
}

/// What a draw is keyed by: a prompt is its tokens, wherever it stands.
static SampleKey keyOf(const Sequence &sequence) {
  std::span bytes = std::as_bytes(std::span(sequence.prompt.tokens));
  return {.prompt = hashText({reinterpret_cast<const char *>(bytes.data()), bytes.size()}),
          .sample = sequence.sample,
          .position = static_cast<uint32_t>(sequence.tokens.size()),
          .seed = sequence.prompt.seed};
}

Generator::Generator(const Program &program, const Steps &steps, const GenerateOptions &options)
    : options(options), steps(steps), tokenizer(openTokenizer(options, steps.vocabulary)),
      endTokens(readEndTokens(program, tokenizer)),
      sampler(options.sampling, steps.vocabulary, within(steps.vocabulary, endTokens)),
      sequences(readSequences(options, steps, tokenizer)),
      session(*program, {.threads = options.machine.threads,
                         .device = options.machine.device,
                         .launchBlocking = options.machine.launchBlocking,
                         .pin = options.machine.pin}),
      runner(session, this->steps), pool(steps.pages, options.pageSeed) {
  describeSession(session);
  loadWeights(options.load, session);
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
    runner.run(prefill, std::span(&rows, 1));
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
  AcceptedTokens accepted{sequence.prompt.tokens, std::span(sequence.tokens).subspan(sequence.prompt.tokens.size())};
  SampledToken sampled = sampler.draw(next.logits, accepted, keyOf(sequence), samplingSpace);
  // In the device's arithmetic, which is that of training.
  sequence.logProbabilities.push_back(next.logProbability(sampled.token));
  if (options.sampling.topLogProbabilities > 0)
    sequence.likeliest.push_back(std::move(sampled.best));
  if (!options.logits.empty())
    sequence.logits.insert(sequence.logits.end(), next.logits.begin(), next.logits.end());
  sequence.tokens.push_back(sampled.token);
  ++statistics.generatedTokens;
  if (!endTokens.contains(sampled.token))
    show(sequence.stream.add(sampled.token));
  sequence.finish = findFinish(sequence);
  if (sequence.finish != Finish::No)
    show(sequence.stream.finish());
}

void Generator::show(const std::string &text) const {
  if (isStreaming())
    std::cout << text << std::flush;
}

Finish Generator::findFinish(const Sequence &sequence) const {
  if (endTokens.contains(sequence.tokens.back()) || sequence.stream.isStopped())
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
