// Declaration of the options and the checks that span several of them.
#include "runtime/programs/generate/Options.h"

#include "runtime/io/ChromeTrace.h"
#include "runtime/io/PackedWeights.h"
#include "runtime/io/Paths.h"
#include "runtime/io/Safetensors.h"
#include "runtime/programs/OptionGroups.h"
#include "runtime/programs/generate/Outputs.h"
#include "runtime/programs/generate/Steps.h"

#include <array>

namespace hadal {
namespace {

void addPrompts(CommandLine &line, GenerateOptions &options) {
  OptionGroup group(line, "Model and prompts");
  group.add("--load", options.load, "DIR", "the weights: a Hugging Face directory, or a checkpoint of train");
  group.add("--prompt", options.prompt, "TEXT", "the text to continue");
  group.add("--prompt-file", options.promptFile, "FILE", "a file with the text to continue, all of it");
  group.add("--prompts", options.prompts, "FILE.jsonl",
            "many: in each line {\"prompt\": TEXT or [IDS]} or {\"messages\": [{\"role\", \"content\"}, ...]}, with "
            "\"id\", \"max_tokens\", \"seed\" as wanted");
  group.flag("--interactive", options.interactive,
             "a prompt in each line of standard input; with --chat the turns of one conversation");
  group.add("--max-tokens", options.maxTokens, "N", "most tokens of a continuation (default: 256)")->check(positive);
  group.addRare("--tokenizer", options.tokenizer, "DIR", "where the tokenizer is (default: where the weights are)");
}

void addChat(CommandLine &line, GenerateOptions &options) {
  OptionGroup group(line, "Conversations");
  group.flag("--chat", options.chat.isOn, "a prompt is what a user says: use the chat template beside the tokenizer");
  group.add("--system", options.chat.system, "TEXT", "with --chat: the system message before the conversation");
  group.flag("--thinking", options.chat.thinks, "with --chat: let the answer begin with a thought, as V3.1 can");
  group.addRare("--chat-template-kwargs", options.chat.arguments, "JSON",
                "with --chat: variables of the template, such as {\"thinking\": true}");
  group.flagRare("--special", options.special, "let prompts and messages name special and other added tokens");
}

void addSampling(CommandLine &line, GenerateOptions &options) {
  OptionGroup group(line, "Which token follows");
  SamplingOptions &sampling = options.sampling;
  group.add("--temperature", sampling.temperature, "T", "logits are divided by it (default: 0, the likeliest token)");
  group.add("--top-k", sampling.topK, "K", "draw among the K likeliest tokens (default: 0, all)");
  group.add("--top-p", sampling.topP, "P", "then among the fewest whose probabilities reach P (default: 1, all)");
  group.add("--min-p", sampling.minP, "P", "then among those with P times the largest probability (default: 0, all)");
  group.add("--seed", sampling.seed, "N", "what is drawn depends on it, the prompt and the position (default: 0)")
      ->check(integerCheck<uint64_t>(0));
  group.add("--stop", options.stops, "TEXT", "end before this text; may be repeated")->allow_extra_args(false);
  group.flag("--ignore-eos", sampling.ignoreEnd, "never draw a token that ends a text");
  group.addRare("--samples", options.samples, "N", "texts for each prompt (default: 1)")
      ->check(integerCheck<int64_t>(1, 1 << 20));
  group.addRare("--repetition-penalty", sampling.repetitionPenalty, "X",
                "logits of tokens that were there are divided by it, negative ones multiplied (default: 1)");
  group.addRare("--presence-penalty", sampling.presencePenalty, "X",
                "subtracted from the logit of every token in the text so far (default: 0)");
  group.addRare("--frequency-penalty", sampling.frequencyPenalty, "X",
                "the same, as often as the token is there (default: 0)");
  group.addRare("--logit-bias", options.logitBias, "TOKEN=X", "added to the logit of a token; may be repeated")
      ->allow_extra_args(false);
  group.addRare("--top-logprobs", sampling.topLogProbabilities, "N",
                "with --prompts: write the log-probabilities of the N likeliest tokens in each place");
}

void addSpeculation(CommandLine &line, const Steps &steps, GenerateOptions &options) {
  OptionGroup group(line, "Speculation");
  std::string help = steps.mostDrafts
                         ? concat("tokens that are drafted before the model verifies them, 0 to ", steps.mostDrafts,
                                  " (default: auto, as many as save time); the text is the same")
                         : std::string("tokens that are drafted: 0, as this program was compiled for none");
  group.add("--speculate", options.speculation, "K|auto", help.c_str());
  group
      .addRare("--synthetic-acceptance", options.syntheticAcceptance, "P",
               "for measurements: a coin that falls so often, not the model, says whether a draft is right; the text "
               "means nothing then")
      ->check(numberCheck([](float number) { return number >= 0 && number <= 1; }, "a number from 0 to 1"));
}

/// `2`, `auto`
std::optional<int64_t> parseSpeculation(const std::string &text, const Steps &steps) {
  int64_t drafts = 0;
  auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), drafts);
  bool isNumber = error == std::errc() && rest == text.data() + text.size() && drafts >= 0;
  if (!isNumber && text != "auto")
    fail(HADAL_EXIT_COMMAND_LINE, "--speculate is a number of tokens or auto, not '", text, "'");
  if (!isNumber)
    return std::nullopt;
  if (drafts > steps.mostDrafts)
    fail(HADAL_EXIT_COMMAND_LINE, "--speculate ", drafts, ": this program was compiled to draft ",
         steps.mostDrafts ? concat("at most ", steps.mostDrafts) : "no tokens",
         "; compile a model that predicts tokens behind the next one (hadal.mtp) with --speculate=", drafts);
  return drafts;
}

/// `12=-3.5`
std::pair<int32_t, double> parseBias(const std::string &text) {
  int32_t token = 0;
  double bias = 0;
  size_t sign = text.find('=');
  auto [rest, error] = std::from_chars(text.data(), text.data() + std::min(sign, text.size()), token);
  if (sign == text.npos || error != std::errc() || rest != text.data() + sign ||
      !CLI::detail::lexical_cast(text.substr(sign + 1), bias))
    fail(HADAL_EXIT_COMMAND_LINE, "--logit-bias is TOKEN=NUMBER, such as 12=-3.5, not '", text, "'");
  return {token, bias};
}

void addOutputs(CommandLine &line, const Steps &steps, GenerateOptions &options) {
  OptionGroup group(line, "Outputs and machine");
  group.add("-o,--output", options.output, "FILE.jsonl",
            "with --prompts: id, text, tokens and finish_reason of each, in their order (default: standard output)");
  group.add("--logits", options.logits, "FILE.safetensors",
            "write logits, log-probabilities and tokens of everything that was generated");
  group.add("--stats", options.stats, "text|json", "how statistics are written to standard error (default: text)")
      ->check(valueCheck([](const std::string &text) { return text == "text" || text == "json"; }, "text or json"));
  group.addRare("--trace", options.trace, "FILE.json",
                "write a Chrome trace of the second step that adds a token to each text, kernel by kernel");
  group.addRare(
      "--save-packed", options.savePacked, "DIR",
      "keep the weights as this program has them in memory; --load DIR then reads them without making them again");
  group.addRare(
      "--quality", options.quality, "FILE.safetensors",
      "go on with the tokens of a --logits file, which another program has written for these prompts, and say how "
      "far probabilities are from that one's");
  group.flag("--echo", options.echo, "write the prompt before its text; with --top-logprobs, those of its tokens too");
  group.flag("--plan", options.plan, "print what the program needs of memory, and end without loading anything");
  group
      .addRare("--prefill-chunk", options.prefillChunk, "N",
               "tokens of a prompt that are read at a time (default: as compiled)")
      ->check(integerCheck<int64_t>(1, static_cast<int64_t>(steps.mostPromptRows())));
  group.addRare("--page-seed", options.pageSeed, "N", "permute the pages of the cache that sequences get")
      ->check(integerCheck<uint64_t>(0));
  group.flagRare("--no-shared-prefixes", options.readsAlone,
                 "read every prompt anew, also where another one began with the same tokens");
  addMachineOptions(group, options.machine);
}

/// What a single option cannot check by itself.
void checkTogether(GenerateOptions &options, const Steps &steps) {
  auto require = [](bool condition, const auto &...parts) {
    if (!condition)
      fail(HADAL_EXIT_COMMAND_LINE, parts...);
  };
  for (const std::string &bias : options.logitBias)
    options.sampling.logitBias.push_back(parseBias(bias));
  requireInRange(options.sampling, steps.vocabulary);
  options.speculate = parseSpeculation(options.speculation, steps);
  require(!options.syntheticAcceptance || (steps.mostDrafts > 0 && options.speculate != 0),
          "--synthetic-acceptance judges drafts, and none are made: ",
          steps.mostDrafts ? "leave --speculate 0 out" : "this program was compiled to draft no tokens");
  for (const std::string &stop : options.stops)
    require(!stop.empty(), "--stop: an empty text would end everything at once; give what is to end it");
  if (options.plan)
    return;
  int given = options.prompt.has_value() + !options.promptFile.empty() + !options.prompts.empty() + options.interactive;
  require(given == 1 || (given == 0 && !options.savePacked.empty()),
          given ? "--prompt, --prompt-file, --prompts and --interactive each say what to continue: give one of them"
                : "what is to be continued? give --prompt, --prompt-file, --prompts or --interactive");
  for (auto [isGiven, option] :
       {std::pair(options.chat.system.has_value(), "--system"), std::pair(options.chat.thinks, "--thinking"),
        std::pair(!options.chat.arguments.empty(), "--chat-template-kwargs")})
    require(!isGiven || options.chat.isOn, option, " is about conversations: give --chat as well");
  require(!options.interactive || options.logits.empty(),
          "--logits is no output of --interactive; give the conversation in a line of --prompts");
  require(!options.interactive || !options.echo, "--echo is not for --interactive: its prompts are on the screen");
  require(options.sampling.topLogProbabilities == 0 || !options.prompts.empty(),
          "--top-logprobs is written to the lines of --prompts; a single text has no place for them");
  require(options.quality.empty() || (!options.interactive && options.samples == 1 && options.hasPrompts()),
          "--quality compares the texts of --prompt, --prompt-file or --prompts, one sample of each");
  std::error_code error;
  require(!std::filesystem::equivalent(options.savePacked, options.load, error), "--save-packed: '",
          options.savePacked.string(), "' is where the weights come from; choose another folder");
  require(options.samples == 1 || !options.prompts.empty(),
          "--samples is for --prompts, which has a line for each text");
  require(!options.load.empty(), "--load is required: the directory with the weights");
  require(options.output.empty() || !options.prompts.empty(),
          "-o is the file for the continuations of --prompts; that of a single prompt goes to standard output");
  for (auto [path, option] : {std::pair(&options.output, "-o"), std::pair(&options.logits, "--logits"),
                              std::pair(&options.trace, "--trace")}) {
    if (path->empty())
      continue;
    requireWritable(*path, option);
    for (const std::filesystem::path *input : {&options.prompts, &options.promptFile})
      require(input->empty() || !namesSameFile(*path, *input), option, ": '", path->string(),
              "' is also the file of the prompts, which would be overwritten; choose another");
  }
  auto requireApart = [&](const std::filesystem::path &one, const std::filesystem::path &other, const char *what) {
    require(one.empty() || other.empty() || !namesSameFile(one, other), what,
            " name the same file; choose another for one of them");
  };
  requireApart(options.output, options.logits, "-o and --logits");
  requireApart(options.output, options.trace, "-o and --trace");
  requireApart(options.logits, options.trace, "--logits and --trace");
  if (!options.output.empty())
    requireReplaceable(options.output, "-o", isContinuations(options.output));
  if (!options.logits.empty())
    requireReplaceable(options.logits, "--logits", isWrittenAs(options.logits, contentsOfLogits));
  if (!options.trace.empty())
    requireReplaceable(options.trace, "--trace", isChromeTrace(options.trace));
  if (!options.savePacked.empty())
    requirePackable(options.savePacked, "--save-packed");
}

} // namespace

std::optional<int> parseOptions(int argc, const char *const *argv, const Program &program, const Steps &steps,
                                GenerateOptions &options) {
  std::string target = program.isForGPU() ? program->target : concat("cpu ", program->cpu);
  CommandLine line{
      CLI::App(concat("Example:\n  ", argv[0], " --load trained --prompt \"In the beginning\" --max-tokens 200\n\n",
                      "Continues texts with the model '", program->model, "' (compiled for ", target, ", up to ",
                      steps.mostSequences, " sequences at a time of up to ", steps.mostPositions(), " tokens)."))};
  addPrompts(line, options);
  addChat(line, options);
  addSampling(line, options);
  addSpeculation(line, steps, options);
  addOutputs(line, steps, options);
  return parseProgramOptions(line, program, argc, argv, [&] { checkTogether(options, steps); });
}

} // namespace hadal
