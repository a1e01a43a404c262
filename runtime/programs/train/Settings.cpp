// Which settings there are, and which of them still matter.
#include "runtime/programs/train/Settings.h"

#include "runtime/core/Error.h"
#include "runtime/core/Initializer.h"
#include "runtime/programs/TokenWindows.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace hadal {
namespace {

constexpr const char *rate = "--lr", *least = "--min-lr", *warmup = "--lr-warmup-iters", *style = "--lr-decay-style",
                     *decayEnd = "--lr-decay-iters";

/// The shortest text that is read as the same number.
template <class Number> std::string printed(Number number) {
  std::array<char, 32> text;
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr};
}

/// The value of a setting; "" when there is none.
std::string find(const Settings &settings, std::string_view name) {
  auto found = std::ranges::find(settings, name, &Settings::value_type::first);
  return found == settings.end() ? "" : found->second;
}

template <class Number> Number number(const Settings &settings, const char *name) {
  std::string text = find(settings, name);
  Number value;
  auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || rest != text.data() + text.size())
    fail(HADAL_EXIT_INPUT, "--resume: the checkpoint's trainer.json has no number for the setting '", name, "'");
  return value;
}

Schedule scheduleOf(const Settings &settings) {
  return {.maximum = number<double>(settings, rate),
          .minimum = number<double>(settings, least),
          .warmupSteps = number<int64_t>(settings, warmup),
          .decay = find(settings, style) == "cosine" ? DecayStyle::Cosine : DecayStyle::Constant,
          .decaySteps = number<int64_t>(settings, decayEnd)};
}

/// A schedule with the same learning rates after the step, without what does not count any more.
Schedule remaining(Schedule schedule, int64_t step) {
  if (schedule.decay == DecayStyle::Cosine && step >= schedule.decaySteps)
    schedule = {.maximum = schedule.minimum};
  if (schedule.decay == DecayStyle::Constant) {
    schedule.minimum = 0;
    schedule.decaySteps = 0;
    if (step >= schedule.warmupSteps)
      schedule.warmupSteps = 0;
  }
  return schedule;
}

/// Whether the setting is one of the schedule, or of the schedule's decay alone.
bool isOfDecay(std::string_view name) { return name == least || name == decayEnd; }
bool isOfSchedule(std::string_view name) { return isOfDecay(name) || name == rate || name == warmup || name == style; }

} // namespace

Settings settingsOf(const TrainOptions &options, const Session &session) {
  const Schedule &schedule = options.schedule;
  int64_t microBatchSize = TokenWindows(session.program(), "accumulate").rows;
  Settings settings = {{"the precision", session.program()->precision},
                       {"the micro-batch size", printed(microBatchSize)},
                       {"--global-batch-size", printed(options.globalBatchSize)},
                       {rate, printed(schedule.maximum)},
                       {least, printed(schedule.minimum)},
                       {warmup, printed(schedule.warmupSteps)},
                       {style, schedule.decay == DecayStyle::Cosine ? "cosine" : "constant"},
                       {decayEnd, printed(schedule.decaySteps)},
                       {"--weight-decay", printed(options.weightDecay)},
                       {"--clip-grad", printed(options.clipNorm)},
                       {"--adam-beta1", printed(options.beta1)},
                       {"--adam-beta2", printed(options.beta2)},
                       {"--adam-eps", printed(options.epsilon)}};
  auto addIfUsed = [&](const char *scalar, const char *name, double value) {
    if (session.hasScalar(scalar))
      settings.emplace_back(name, printed(value));
  };
  addIfUsed("mtp_loss_weight", "--mtp-loss-weight", options.predictionLossWeight);
  addIfUsed("balance_loss_weight", "--balance-loss-weight", options.balanceLossWeight);
  addIfUsed("router_bias_rate", "--router-bias-rate", options.routerBiasRate);
  // A model that was compiled again may compute otherwise with tensors of the same names and shapes.
  if (std::string_view config = session.program()->config_json; !config.empty())
    settings.emplace_back("the digest of the model's config.json", printed(hashText(config)));
  return settings;
}

std::string describeChanges(const Settings &saved, const Settings &now, int64_t step) {
  Schedule former = scheduleOf(saved), present = scheduleOf(now);
  bool sameSchedule = remaining(former, step) == remaining(present, step);
  bool hasDecay = former.decay == DecayStyle::Cosine || present.decay == DecayStyle::Cosine;
  std::string changes;
  for (const auto &[name, value] : now) {
    bool counts = isOfDecay(name) ? hasDecay && !sameSchedule : !isOfSchedule(name) || !sameSchedule;
    if (std::string before = find(saved, name); counts && before != value)
      changes += concat(changes.empty() ? "" : ", ", name, " is ", value, before.empty() ? "" : ", but was " + before);
  }
  if (sameSchedule)
    return changes;
  if (former.decay == DecayStyle::Cosine && present.decay == DecayStyle::Cosine &&
      former.decaySteps != present.decaySteps)
    changes += concat(" (it follows --steps; ", decayEnd, " ", former.decaySteps, " keeps it)");
  double rateBefore = former.learningRate(step + 1), rateNow = present.learningRate(step + 1);
  if (rateBefore != rateNow)
    changes += concat("; the learning rate of step ", step + 1, " is ", rateNow, " instead of ", rateBefore);
  return changes;
}

} // namespace hadal
