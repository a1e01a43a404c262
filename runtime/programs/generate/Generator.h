// Continues prompts: prompts are read in chunks, one after the other, and all texts share the steps that add tokens.
#ifndef HADAL_RUNTIME_PROGRAMS_GENERATE_GENERATOR_H
#define HADAL_RUNTIME_PROGRAMS_GENERATE_GENERATOR_H

#include "runtime/core/Session.h"
#include "runtime/programs/generate/DraftLength.h"
#include "runtime/programs/generate/Drafter.h"
#include "runtime/programs/generate/Options.h"
#include "runtime/programs/generate/Outputs.h"
#include "runtime/programs/generate/PromptPages.h"
#include "runtime/programs/generate/Sequence.h"
#include "runtime/programs/generate/Steps.h"
#include "runtime/sampling/Sampler.h"
#include "runtime/text/Tokenizer.h"

#include <chrono>
#include <memory>
#include <set>
#include <vector>

namespace hadal {

class Generator {
public:
  /// Reads the prompts and loads the weights: whatever is wrong with the inputs is said here.
  Generator(const Program &program, const Steps &steps, const GenerateOptions &options);

  /// Continues everything, writes and prints what was asked for. Returns the exit code.
  int run();

  /// Continues one more prompt, and shows its text as it comes. Valid until the next one.
  const Sequence &continuePrompt(const Prompt &prompt);
  PromptReader &prompts() { return reader; }
  void printStatistics() const;

private:
  using Clock = std::chrono::steady_clock;

  const GenerateOptions &options;
  Steps steps;
  Tokenizer tokenizer;
  std::set<int32_t> endTokens;
  Sampler sampler;
  SamplingSpace samplingSpace;
  PromptReader reader;
  std::vector<Sequence> sequences; // in the order of the prompts
  Session session;
  StepRunner runner;
  bool drafts; // whether tokens are drafted, as far as the options and the weights allow it
  Drafter drafter;
  DraftLength draftLength;
  PagePool pool;
  PromptPages promptPages;
  std::vector<size_t> active; // of the sequences, those that have pages
  size_t waiting = 0;         // the first one that has never had any
  Statistics statistics;
  /// With --quality, what is compared.
  std::unique_ptr<Quality> quality;
  std::unique_ptr<CommandRecorder> recorder; // of the traced step
  Clock::time_point begin;

  /// One text, which is shown as it comes.
  bool isStreaming() const { return options.prompts.empty(); }
  bool scoresPrompts() const { return options.echo && options.sampling.topLogProbabilities > 0; }
  Sequence sequenceOf(const Prompt &prompt, uint32_t sample) const;
  std::vector<Sequence> readSequences();
  bool load(const Program &program);
  void findReferences();
  int32_t follow(const Sequence &sequence, const NextToken &next);
  void admit();
  void readPrompt(Sequence &sequence);
  void scorePrompt(Sequence &sequence, const NextToken &next);
  void decode();
  bool draft(int64_t most);
  void accept(Sequence &sequence, size_t place);
  bool isRight(const Sequence &sequence, const Draft &draft) const;
  void append(Sequence &sequence, const NextToken &next);
  void show(const std::string &text) const;
  Finish findFinish(const Sequence &sequence) const;
  void release();
  void interruptAll();
  void generate();
  void writeTrace() const;
  void writeFiles(ReplacingFile *output, LogitsFile *logits);
};

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_GENERATE_GENERATOR_H
