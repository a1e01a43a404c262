// The way of prompts through the program.
//
// Sequences wait until one of the places in a batch is free, get pages for all tokens that they may have, and read
// their prompt, whose last row says which token follows. From then on every pass adds the last token of each sequence
// and what is drafted behind it, and says which token follows each. That is drawn as it is without drafts; where it is
// the draft, what the next row says counts as well. Nothing of this shows in what is generated: a row's bits depend on
// its sequence alone.
#include "runtime/programs/generate/Generator.h"

#include "runtime/core/Error.h"
#include "runtime/core/Initializer.h"
#include "runtime/core/Memory.h"
#include "runtime/io/ChromeTrace.h"
#include "runtime/io/HuggingFaceDirectory.h"
#include "runtime/io/PackedWeights.h"
#include "runtime/programs/Report.h"
#include "runtime/programs/TextData.h"
#include "runtime/programs/generate/Dialogue.h"
#include "runtime/programs/generate/Interrupts.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <iterator>
#include <utility>

namespace hadal {

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

/// What a draw is keyed by: a prompt is its tokens, wherever it stands.
static SampleKey keyOf(const Sequence &sequence) {
  std::span bytes = std::as_bytes(std::span(sequence.prompt.tokens));
  return {.prompt = hashText({reinterpret_cast<const char *>(bytes.data()), bytes.size()}),
          .sample = sequence.sample,
          .position = static_cast<uint32_t>(sequence.tokens.size()),
          .seed = sequence.prompt.seed};
}

/// For the file of logits: what had been drafted in the place of the last token, and what that token's probability was
/// there.
static void keepDraft(Sequence &sequence, const Draft *draft) {
  sequence.drafts.drafted.push_back(draft ? draft->token : -1);
  NextToken said = draft ? NextToken{draft->logits, draft->largest, draft->logarithm} : NextToken{};
  sequence.drafts.logProbabilities.push_back(draft ? said.logProbability(sequence.tokens.back()) : 0);
}

Generator::Generator(const Program &program, const Steps &steps, const GenerateOptions &options)
    : options(options), steps(steps), tokenizer(openTokenizer(options, steps.vocabulary)),
      endTokens(readEndTokens(program, tokenizer)),
      sampler(options.sampling, steps.vocabulary, within(steps.vocabulary, endTokens)),
      reader(options, {steps.vocabulary, steps.mostPositions()}, tokenizer), sequences(readSequences()),
      session(*program, {.threads = options.machine.threads,
                         .device = options.machine.device,
                         .launchBlocking = options.machine.launchBlocking,
                         .pin = options.machine.pin}),
      runner(session, this->steps), drafts(steps.mostDrafts > 0 && options.speculate != 0),
      drafter(runner, this->steps, /*keepsLogits=*/!options.logits.empty()),
      draftLength(steps.mostDrafts, options.speculate), pool(steps.pages, options.pageSeed),
      promptPages(pool, steps.positionsOfPage, !options.readsAlone && !scoresPrompts()) {
  describeSession(session);
  if (!options.quality.empty())
    findReferences();
  bool isWhole = load(program);
  if (options.savePacked.empty())
    return;
  if (!isWhole)
    fail(HADAL_EXIT_INPUT, "--save-packed: '", options.load.string(),
         "' has not all weights that this program can use: ",
         "compile it with --speculate=0, or load weights with the multi-token-prediction block");
  savePackedWeights(options.savePacked, options.load, session);
  writeMessage(concat("weights are kept in '", options.savePacked.string(), "'"));
}

/// Returns whether there were weights for all that the program has.
bool Generator::load(const Program &program) {
  if (holdsPackedWeights(options.load)) {
    loadPackedWeights(options.load, session);
    return true;
  }
  // Weights are often saved without what drafts tokens.
  bool needsAll = options.speculate.value_or(0) > 0;
  std::vector<uint32_t> optional = needsAll ? std::vector<uint32_t>() : steps.parametersOfDrafts(program);
  bool isWhole = loadWeights(options.load, session, optional);
  if (!isWhole && drafts)
    writeMessage(concat("no tokens are drafted: '", options.load.string(),
                        "' has no weights of the model's multi-token-prediction block"));
  drafts &= isWhole;
  return isWhole;
}

Sequence Generator::sequenceOf(const Prompt &prompt, uint32_t sample) const {
  Sequence sequence(prompt, sample, TextStream(tokenizer, options.stops));
  if (options.echo)
    sequence.promptText = tokenizer.decode(prompt.tokens, /*withSpecial=*/false);
  return sequence;
}

/// Every text goes as far as the one that it is compared with.
void Generator::findReferences() {
  quality = std::make_unique<Quality>(options.quality, steps.vocabulary);
  for (size_t text = 0; text < sequences.size(); ++text) {
    int64_t tokens = quality->tokensOf(text);
    if (tokens == 0)
      fail(HADAL_EXIT_INPUT, "--quality: '", options.quality.string(), "' has no text ", text, ", and there are ",
           sequences.size(), " prompts: they have to be those that it was written for");
    sequences[text].prompt.maxTokens = tokens;
  }
}

/// The token that a text goes on with, whatever the program would draw.
int32_t Generator::follow(const Sequence &sequence, const NextToken &next) {
  size_t text = static_cast<size_t>(&sequence - sequences.data());
  size_t place = sequence.tokens.size() - sequence.prompt.tokens.size();
  quality->compare(text, place, next.logits);
  return quality->tokenAt(text, place);
}

/// Those of --interactive come later.
std::vector<Sequence> Generator::readSequences() {
  std::vector<Sequence> read;
  if (options.interactive || !options.hasPrompts())
    return read;
  for (const Prompt &prompt : reader.readAll())
    for (int64_t sample = 0; sample < options.samples; ++sample)
      read.push_back(sequenceOf(prompt, static_cast<uint32_t>(sample)));
  return read;
}

static void requireFinite(const Sequence &sequence, size_t position, const NextToken &next) {
  if (!std::isfinite(next.largest) || !std::isfinite(next.logarithm))
    fail(HADAL_EXIT_NON_FINITE, sequence.prompt.place, ": the logits behind token ", position - 1,
         " are not finite, although every weight is");
}

/// Gives free places to those that wait, and reads their prompts.
void Generator::admit() {
  while (waiting < sequences.size() && static_cast<int64_t>(active.size()) < steps.mostSequences && !isInterrupted()) {
    Sequence &sequence = sequences[waiting];
    int64_t prompt = static_cast<int64_t>(sequence.tokens.size());
    int64_t most = std::min(steps.mostPositions(), prompt + std::min(sequence.prompt.maxTokens, steps.mostPositions()));
    auto [pages, positions] = promptPages.take(
        sequence.tokens, static_cast<size_t>((most + steps.positionsOfPage - 1) / steps.positionsOfPage));
    sequence.pages = std::move(pages);
    sequence.cached = positions;
    active.push_back(waiting++);
    readPrompt(sequence);
  }
}

/// Reads what the caches do not hold of a prompt, and finds the token behind it. An interrupt leaves it unread.
void Generator::readPrompt(Sequence &sequence) {
  Clock::time_point start = Clock::now();
  show(sequence.promptText);
  // A step says what follows its last row, and nothing of the others.
  int64_t most = options.prefillChunk ? options.prefillChunk : static_cast<int64_t>(steps.mostPromptRows());
  int64_t chunk = scoresPrompts() ? 1 : most;
  int64_t length = static_cast<int64_t>(sequence.prompt.tokens.size());
  int64_t shared = sequence.cached;
  while (sequence.cached < length) {
    if (isInterrupted())
      return;
    int64_t count = std::min(chunk, length - sequence.cached);
    AddedRows rows{std::span(sequence.tokens).subspan(static_cast<size_t>(sequence.cached), static_cast<size_t>(count)),
                   sequence.cached, sequence.pages};
    runner.run(steps.prefill(rows.rows()), std::span(&rows, 1));
    sequence.cached += count;
    if (scoresPrompts() && sequence.cached < length)
      scorePrompt(sequence, runner.next(0));
    if (drafts)
      drafter.follow(sequence, 0, rows.first, rows.rows());
    if (drafts && sequence.cached < length)
      drafter.readPrompt(sequence, length);
  }
  promptPages.remember(sequence.prompt.tokens, sequence.pages);
  ++statistics.sequences;
  statistics.promptTokens += length;
  statistics.sharedTokens += shared;
  append(sequence, runner.next(0));
  if (drafts && !options.logits.empty())
    keepDraft(sequence, nullptr);
  // Whoever shares the prompt's pages finds in them what drafts need, too.
  if (drafts && length >= steps.positionsOfPage)
    drafter.readPrompt(sequence, length);
  Clock::time_point end = Clock::now();
  statistics.prefill += std::chrono::duration<double>(end - start).count();
  if (statistics.generatedTokens == 1)
    statistics.firstToken = std::chrono::duration<double>(end - begin).count();
}

/// Of the token of the prompt that follows those that the caches hold.
void Generator::scorePrompt(Sequence &sequence, const NextToken &next) {
  size_t position = static_cast<size_t>(sequence.cached);
  requireFinite(sequence, position, next);
  AcceptedTokens accepted{std::span(sequence.tokens).first(position), {}};
  sequence.logProbabilities.push_back(next.logProbability(sequence.tokens[position]));
  sequence.likeliest.push_back(sampler.draw(next.logits, accepted, keyOf(sequence), samplingSpace).best);
}

/// Drafts what may follow every active sequence; returns whether that took as long as it usually does.
bool Generator::draft(int64_t most) {
  std::vector<Sequence *> followed;
  for (size_t index : active)
    followed.push_back(&sequences[index]);
  if (drafts && most > 0)
    return !drafter.draft(followed, most);
  // A chunk of what is passed over can be made up for at once.
  for (Sequence *sequence : followed)
    if (drafts)
      drafter.rest(*sequence, static_cast<int64_t>(steps.mostPromptRows()));
  return true;
}

/// Adds the last token of every active sequence and what is drafted behind it, and finds what follows.
void Generator::decode() {
  Clock::time_point start = Clock::now();
  int64_t together = steps.decode(active.size()).sequences;
  int64_t most = drafts ? draftLength.choose(together) : 0;
  bool isUsual = draft(most);
  std::vector<std::vector<int32_t>> tokens;
  std::vector<AddedRows> added;
  size_t mostRows = 1;
  for (size_t index : active) {
    const Sequence &sequence = sequences[index];
    tokens.push_back({sequence.tokens.back()});
    for (const Draft &draft : sequence.drafts.next)
      tokens.back().push_back(draft.token);
    added.push_back({tokens.back(), sequence.cached, sequence.pages});
    mostRows = std::max(mostRows, tokens.back().size());
  }
  const Step &step = steps.decode(added.size(), mostRows);
  // The first one touches memory for the first time: it is kept only where no second one follows.
  bool isTraced = !options.trace.empty() && statistics.decodeSteps < 2;
  if (isTraced)
    recorder = std::make_unique<CommandRecorder>(session.device().threads(),
                                                 session.program().entries()[step.entry].command_count);
  runner.run(step, added, isTraced ? recorder.get() : nullptr);
  ++statistics.decodeSteps;
  for (size_t place = 0; place < active.size(); ++place)
    accept(sequences[active[place]], place);
  double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  statistics.decode += seconds;
  if (isUsual)
    draftLength.recordPass(together, most, seconds);
}

/// Appends what follows each row of a sequence, as long as that is what the next row was computed for. Rows behind it
/// stand in the caches beyond the sequence's length: nobody reads them, and others will be written there.
void Generator::accept(Sequence &sequence, size_t place) {
  int64_t first = sequence.cached;
  std::vector<Draft> made = std::exchange(sequence.drafts.next, {});
  size_t rows = 0, right = 0, judged = made.size();
  for (;;) {
    NextToken next = runner.next(place, rows++);
    ++sequence.cached;
    append(sequence, next);
    const Draft *draft = right < made.size() ? &made[right] : nullptr;
    if (!options.logits.empty() && drafts)
      keepDraft(sequence, draft);
    if (!draft)
      break;
    bool isLast = sequence.finish != Finish::No, fits = isRight(sequence, *draft);
    draftLength.recordDraft(right, fits);
    right += fits;
    if (isLast)
      judged = rows;
    if (isLast || !fits)
      break;
  }
  statistics.drafts.add(judged, right);
  if (drafts && sequence.finish == Finish::No)
    drafter.follow(sequence, place, first, rows);
}

/// Whether what has been drawn is what was drafted.
bool Generator::isRight(const Sequence &sequence, const Draft &draft) const {
  if (!options.syntheticAcceptance)
    return sequence.tokens.back() == draft.token;
  uint64_t bits =
      randomBits(sequence.prompt.seed.value_or(options.sampling.seed) ^ hashText("acceptance"), keyOf(sequence));
  return static_cast<double>(bits >> 11) * 0x1p-53 < *options.syntheticAcceptance;
}

void Generator::append(Sequence &sequence, const NextToken &next) {
  requireFinite(sequence, sequence.tokens.size(), next);
  AcceptedTokens accepted{sequence.prompt.tokens, std::span(sequence.tokens).subspan(sequence.prompt.tokens.size())};
  SampledToken sampled = sampler.draw(next.logits, accepted, keyOf(sequence), samplingSpace);
  if (quality)
    sampled.token = follow(sequence, next);
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
  if (!quality && (endTokens.contains(sequence.tokens.back()) || sequence.stream.isStopped()))
    return Finish::Stop;
  return sequence.left(steps.mostPositions()) <= 0 ? Finish::Length : Finish::No;
}

/// Takes the pages of finished sequences back, and what they kept for drafts.
void Generator::release() {
  std::erase_if(active, [&](size_t index) {
    Sequence &sequence = sequences[index];
    if (sequence.finish == Finish::No)
      return false;
    pool.giveBack(sequence.pages);
    sequence.pages.clear();
    sequence.drafts.depths.clear();
    return true;
  });
}

/// Ends every text where it is.
void Generator::interruptAll() {
  waiting = sequences.size();
  for (Sequence &sequence : sequences)
    if (sequence.finish == Finish::No) {
      sequence.finish = Finish::Interrupted;
      show(sequence.stream.finish());
    }
}

void Generator::generate() {
  begin = Clock::now();
  if (drafts && options.syntheticAcceptance)
    writeMessage("--synthetic-acceptance: a coin says which drafts are right; the text means nothing");
  for (;;) {
    if (isInterrupted())
      interruptAll();
    release();
    if (active.empty() && waiting == sequences.size())
      return;
    admit();
    release();
    if (!active.empty() && !isInterrupted())
      decode();
  }
}

void Generator::writeTrace() const {
  if (!recorder)
    return writeMessage("no trace was written: no step added a token behind a prompt's own; ask for more --max-tokens");
  writeChromeTrace(options.trace, *recorder, concat("a step of model ", session.program()->model),
                   session.device().measureRates());
}

const Sequence &Generator::continuePrompt(const Prompt &prompt) {
  sequences.clear();
  waiting = 0;
  sequences.push_back(sequenceOf(prompt, 0));
  generate();
  std::cout << std::endl;
  if (!std::cout)
    fail(HADAL_EXIT_IO_FAILURE, "cannot write to standard output");
  return sequences.front();
}

void Generator::printStatistics() const {
  writeMessage(describeStatistics(statistics, steps, options.stats == "json"));
}

void Generator::writeFiles(ReplacingFile *output, LogitsFile *logits) {
  if (output) {
    output->file().write(describeContinuations(sequences, options.echo));
    output->commit();
  } else if (!isStreaming()) {
    std::cout << describeContinuations(sequences, options.echo) << std::flush;
  }
  if (logits)
    logits->finish(sequences, steps.vocabulary);
  if (!options.trace.empty())
    writeTrace();
}

int Generator::run() {
  if (options.interactive) {
    int exitCode = Dialogue(*this, options.chat.isOn).run();
    if (!options.trace.empty())
      writeTrace();
    return exitCode;
  }
  if (!options.hasPrompts())
    return HADAL_EXIT_OK;
  std::unique_ptr<ReplacingFile> output;
  std::unique_ptr<LogitsFile> logits;
  if (!options.output.empty())
    output = std::make_unique<ReplacingFile>(options.output);
  if (!options.logits.empty())
    logits = std::make_unique<LogitsFile>(options.logits);
  generate();
  if (isStreaming()) {
    std::cout << std::endl;
    statistics.finish = sequences.front().finish;
  }
  int64_t cut = std::ranges::count(sequences, Finish::Interrupted, &Sequence::finish);
  bool isWritten = statistics.generatedTokens > 0;
  if (quality)
    statistics.quality = quality->figures();
  if (isWritten)
    writeFiles(output.get(), logits.get());
  printStatistics();
  if (!std::cout)
    fail(HADAL_EXIT_IO_FAILURE, "cannot write to standard output");
  if (cut == 0)
    return HADAL_EXIT_OK;
  writeMessage(!isWritten      ? "interrupted before the first token; nothing was written"
               : isStreaming() ? "interrupted"
                               : concat("interrupted: ", cut, " of ", sequences.size(), " texts are not complete"));
  return HADAL_EXIT_INTERRUPTED;
}

} // namespace hadal
