// The command line, the comparison with a file of cases, and the lines that report it.
//
// A file of cases (safetensors; hadal-check-kernels --write-cases) holds for every kernel KERNEL.operand.N, what the
// reference evaluator makes of them as KERNEL.result.N, how far a result may be off as KERNEL.tolerance.N, and an empty
// tensor KERNEL.element.N of the result's element type. A file of results holds KERNEL.result.N as a device computed
// them.
#include "runtime/programs/kernels/Kernels.h"

#include "runtime/io/Paths.h"
#include "runtime/programs/CommandLine.h"
#include "runtime/programs/Version.h"
#include "runtime/programs/kernels/KernelEntry.h"

#include <cmath>
#include <cstdio>
#include <iostream>
#include <optional>

namespace hadal {
namespace {

constexpr const char *contentsOfResults = "kernel results"; // what the file says of itself

struct KernelOptions {
  std::filesystem::path cases, results, compare;
  std::string kernel, device = "auto";
  unsigned threads = 0, time = 0;
  uint64_t seed = 1;
  bool launchBlocking = false;
};

std::optional<int> parse(int argc, const char *const *argv, const Program &program, KernelOptions &options) {
  CLI::App app(concat("Checks and times the kernels of '", program->model, "', compiled for ", program->target,
                      program->emulated ? ", emulated." : "."));
  app.add_option("--cases", options.cases, "operands, reference values and tolerances")->check(CLI::ExistingFile);
  app.add_option("--results", options.results, "write what the kernels compute to this file");
  app.add_option("--compare", options.compare, "hold it against such a file of another device")
      ->check(CLI::ExistingFile);
  app.add_option("--kernel", options.kernel, "only kernels whose name contains this");
  app.add_option("--time", options.time, "time N runs in a row and print the time of one");
  app.add_option("--seed", options.seed, "of random operands (default: 1)");
  app.add_option("--device", options.device, "cuda:N, cpu or auto (default: auto)");
  app.add_flag("--launch-blocking", options.launchBlocking, "wait for every kernel, so that a failure names its own");
  app.add_option("--threads", options.threads, "of a CPU (default: all that this process may use)");
  app.set_version_flag("--version", describeVersion(program), "print the version");
  return parseCommandLine(app, argc, argv, [&] {
    if (options.cases.empty() && (!options.results.empty() || !options.compare.empty()))
      throw CLI::ValidationError("--results and --compare need --cases");
    if (options.cases.empty() && !options.time)
      throw CLI::ValidationError("nothing to do: give --cases FILE or --time N");
  });
}

/// Results replace former ones and nothing else.
void checkOutput(const KernelOptions &options) {
  if (options.results.empty())
    return;
  requireWritable(options.results, "--results");
  requireReplaceable(options.results, "--results", isWrittenAs(options.results, contentsOfResults));
}

/// The largest error of a result, as a fraction of what it may be; infinite where one is NaN and the other is not.
struct Worst {
  double fraction = 0, got = 0, expected = 0;
  size_t element = 0;
};

Worst compare(std::span<const double> got, std::span<const double> expected, std::span<const double> tolerance) {
  Worst worst;
  for (size_t i = 0; i < got.size(); ++i) {
    if (got[i] == expected[i] || (std::isnan(got[i]) && std::isnan(expected[i])))
      continue;
    double error = std::abs(got[i] - expected[i]);
    double fraction = tolerance[i] > 0 && std::isfinite(error) ? error / tolerance[i] : INFINITY;
    if (fraction > worst.fraction)
      worst = {fraction, got[i], expected[i], i};
  }
  return worst;
}

class Checker {
public:
  Checker(Session &session, const KernelOptions &options) : session(session), options(options) {
    if (!options.cases.empty())
      cases.emplace(options.cases);
    if (!options.compare.empty())
      other.emplace(options.compare);
  }

  int run();

private:
  struct Result {
    std::string name, dtype;
    std::vector<int64_t> shape;
    std::vector<std::byte> bytes;
  };

  Session &session;
  const KernelOptions &options;
  std::optional<SafetensorsFile> cases, other;
  std::vector<Result> results;

  const SafetensorsEntry &find(const SafetensorsFile &file, const std::string &name) const;
  bool check(KernelEntry &kernel);
  bool checkResult(KernelEntry &kernel, size_t number);
  bool report(const std::string &name, const char *against, const Worst &worst) const;
  void writeResults() const;
};

const SafetensorsEntry &Checker::find(const SafetensorsFile &file, const std::string &name) const {
  auto found = file.entries().find(name);
  if (found == file.entries().end())
    fail(HADAL_EXIT_INPUT, file.path().string(), " has no '", name, "': it was made for other kernels");
  return found->second;
}

bool Checker::report(const std::string &name, const char *against, const Worst &worst) const {
  bool passes = worst.fraction <= 1;
  char line[256];
  std::snprintf(line, sizeof line, ": %s, error / tolerance %.3f against %s", passes ? "ok" : "FAIL", worst.fraction,
                against);
  std::cout << name << line;
  if (!passes)
    std::cout << " (element " << worst.element << " is " << worst.got << " instead of " << worst.expected << ")";
  std::cout << "\n";
  return passes;
}

bool Checker::checkResult(KernelEntry &kernel, size_t number) {
  std::string name = concat(kernel.name(), ".result.", number);
  const SafetensorsEntry &expected = find(*cases, name);
  const SafetensorsEntry &tolerances = find(*cases, concat(kernel.name(), ".tolerance.", number));
  std::string dtype = find(*cases, concat(kernel.name(), ".element.", number)).dtype;
  std::vector<double> reference = toDoubles(cases->read(expected), expected.dtype);
  std::vector<double> tolerance = toDoubles(cases->read(tolerances), tolerances.dtype);
  std::vector<std::byte> bytes = kernel.readResult(number, reference.size() * safetensorsBits(dtype) / 8);
  std::vector<double> got = toDoubles(bytes, dtype);
  bool passes = report(name, "the reference", compare(got, reference, tolerance));
  if (other) {
    const SafetensorsEntry &theirs = find(*other, name);
    passes &= report(name, "the other device", compare(got, toDoubles(other->read(theirs), theirs.dtype), tolerance));
  }
  results.push_back({name, dtype, expected.shape, std::move(bytes)});
  return passes;
}

bool Checker::check(KernelEntry &kernel) {
  kernel.writeOperands(&*cases, options.seed);
  kernel.run();
  bool passes = true;
  for (size_t number = 0; cases->entries().contains(concat(kernel.name(), ".result.", number)); ++number)
    passes &= checkResult(kernel, number);
  return passes;
}

void Checker::writeResults() const {
  SafetensorsWriter writer(contentsOfResults);
  for (const Result &result : results)
    writer.declare(result.name, result.dtype, result.shape);
  ReplacingFile output(options.results);
  writer.begin(output.file());
  for (const Result &result : results)
    output.file().write(std::span<const std::byte>(result.bytes));
  output.commit();
}

int Checker::run() {
  unsigned failures = 0, count = 0;
  for (uint32_t entry = 0; entry < session.program()->entry_count; ++entry) {
    KernelEntry kernel(session, entry);
    if (kernel.name().find(options.kernel) == std::string::npos)
      continue;
    ++count;
    bool held = cases && cases->entries().contains(kernel.name() + ".result.0");
    if (held)
      failures += !check(kernel);
    if (options.time) {
      kernel.writeOperands(cases ? &*cases : nullptr, options.seed);
      std::cout << kernel.name() << ": " << kernel.time(options.time) * 1e6 << " us\n";
    } else if (!held) {
      fail(HADAL_EXIT_INPUT, options.cases.string(), " holds no case of the kernel '", kernel.name(), "'");
    }
    std::cout.flush();
  }
  if (count == 0)
    fail(HADAL_EXIT_COMMAND_LINE, "--kernel: no kernel's name contains '", options.kernel, "'");
  if (!options.results.empty())
    writeResults();
  if (cases)
    std::cout << count - failures << " of " << count << " kernels pass on " << session.device().describe() << "\n";
  return failures ? HADAL_EXIT_INPUT : HADAL_EXIT_OK;
}

int runKernels(const Program &program, int argc, const char *const *argv) {
  KernelOptions options;
  if (std::optional<int> exitCode = parse(argc, argv, program, options))
    return *exitCode;
  checkOutput(options);
  Session session(*program,
                  {.threads = options.threads, .device = options.device, .launchBlocking = options.launchBlocking});
  return Checker(session, options).run();
}

/// Nothing but kernels on states: what else a program asked for, nobody would write.
void verifyKernels(const Program &program) {
  for (const hadal_tensor &tensor : program.tensors())
    requireOfProgram(tensor.role == HADAL_STATE, "the tensor '", tensor.name,
                     "' is no state: kernels are run on states");
  for (const hadal_entry &entry : program.entries())
    requireOfProgram(entry.command_count > 0 && entry.commands[0].kind == HADAL_LAUNCH, "the entry point '", entry.name,
                     "' does not begin with a kernel");
}

} // namespace

const ProgramKind kernelsProgram = {"kernels", runKernels, verifyKernels};

} // namespace hadal
