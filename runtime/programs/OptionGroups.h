// What the command lines of programs that run a model share: checks of values that say what is expected, groups of
// options, a help in two lengths, and the options about the machine.
#ifndef HADAL_RUNTIME_PROGRAMS_OPTIONGROUPS_H
#define HADAL_RUNTIME_PROGRAMS_OPTIONGROUPS_H

#include "runtime/core/Error.h"
#include "runtime/core/Program.h"
#include "runtime/programs/CommandLine.h"
#include "runtime/programs/MachineOptions.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <type_traits>

namespace hadal {

/// A check of one value whose message says what is expected, and nothing else.
template <class Accept> CLI::Validator valueCheck(Accept accept, const std::string &expected) {
  return CLI::Validator(
      [=](std::string &text) { return accept(text) ? std::string() : concat("'", text, "' is not ", expected); }, "");
}

/// A check of one number. Programs compute with 32-bit floats, so that a number counts as what it is there: one that
/// becomes infinite or zero only there is refused.
template <class Accept> CLI::Validator numberCheck(Accept accept, const std::string &expected) {
  return valueCheck(
      [=](const std::string &text) {
        double number;
        if (!CLI::detail::lexical_cast(text, number) || !(std::abs(number) <= std::numeric_limits<float>::max()))
          return false;
        float rounded = static_cast<float>(number);
        return (rounded != 0 || number == 0) && accept(rounded);
      },
      expected + " (as a 32-bit float)");
}

/// A check of one whole number from `least` up that its option's type can hold.
template <class Integer>
CLI::Validator integerCheck(Integer least, Integer most = std::numeric_limits<Integer>::max()) {
  return valueCheck(
      [=](const std::string &text) {
        Integer number;
        const char *end = text.data() + text.size();
        auto [rest, error] = std::from_chars(text.data(), end, number);
        return error == std::errc() && rest == end && number >= least && number <= most;
      },
      concat("a whole number from ", least, " to ", most));
}

inline const CLI::Validator positive = integerCheck<int64_t>(1);
inline const CLI::Validator notNegative = numberCheck([](float number) { return number >= 0; }, "a number from 0 up");
inline const CLI::Validator belowOne =
    numberCheck([](float number) { return number >= 0 && number < 1; }, "a number from 0 up and below 1");

/// An empty path would count as an option that is not given.
inline const CLI::Validator notEmpty = valueCheck([](const std::string &text) { return !text.empty(); }, "a path");

/// --help shows the options that most runs need, --help-all the rare ones as well.
class HelpFormatter final : public CLI::Formatter {
public:
  std::set<const CLI::Option *> rare;
  bool showRare = false;

  std::string make_group(std::string group, bool positional, std::vector<const CLI::Option *> options) const override {
    if (!showRare)
      std::erase_if(options, [&](const CLI::Option *option) { return rare.contains(option); });
    return options.empty() ? "" : CLI::Formatter::make_group(group, positional, options);
  }
};

/// The command line under construction.
struct CommandLine {
  CLI::App app;
  std::shared_ptr<HelpFormatter> formatter = std::make_shared<HelpFormatter>();
};

/// Adds options under one heading of the help.
class OptionGroup {
public:
  OptionGroup(CommandLine &line, std::string name) : line(line), name(std::move(name)) {}

  template <class Value> CLI::Option *add(const char *flag, Value &value, const char *placeholder, const char *help) {
    CLI::Option *option = line.app.add_option(flag, value, help)->group(name)->option_text(placeholder);
    if constexpr (std::is_same_v<Value, std::filesystem::path>)
      option->check(notEmpty);
    return option;
  }
  /// An option that only --help-all shows.
  template <class Value>
  CLI::Option *addRare(const char *flag, Value &value, const char *placeholder, const char *help) {
    CLI::Option *option = add(flag, value, placeholder, help);
    line.formatter->rare.insert(option);
    return option;
  }
  CLI::Option *flag(const char *flag, bool &value, const char *help) {
    return line.app.add_flag(flag, value, help)->group(name);
  }
  CLI::Option *flagRare(const char *flag, bool &value, const char *help) {
    CLI::Option *option = this->flag(flag, value, help);
    line.formatter->rare.insert(option);
    return option;
  }

private:
  CommandLine &line;
  std::string name;
};

void addMachineOptions(OptionGroup &group, MachineOptions &options);

/// Parses a command line and then checks what single options cannot. Returns an exit code when there is nothing to run:
/// after --help, or after an error, which has then been reported.
std::optional<int> parseProgramOptions(CommandLine &line, const Program &program, int argc, const char *const *argv,
                                       const std::function<void()> &checkTogether);

/// "compiled for cpu x86-64-v3, micro-batches of 4 x 256 tokens".
std::string describeCompilation(const Program &program, int64_t microBatchSize, int64_t sequenceLength);

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_OPTIONGROUPS_H
