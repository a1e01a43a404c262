//===- Balance.cpp - how evenly teams of threads share the tasks of a step ----------------------------------------===//
//
// What one thread needs for a kernel is taken from its predicted time, which is that of a team of `modelledCores`, and
// divided among the tasks by their weights (codegen/Selection/CPU/TaskWeights.h).
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Report/Balance.h"
#include "codegen/Report/ProgramFacts.h"
#include "codegen/Selection/CPU/TaskWeights.h"
#include "llvm/Support/Format.h"
#include <numeric>
#include <queue>
#include <random>

using namespace mlir;
using namespace hadal;

static constexpr std::array<int64_t, 6> teams = {2, 4, 8, 16, 32, 64};

std::optional<ExpertLoad> hadal::parseExpertLoad(StringRef name) {
  if (name == "even")
    return ExpertLoad::Even;
  return name == "zipf" ? std::optional(ExpertLoad::Zipf) : std::nullopt;
}

SmallVector<int64_t> hadal::spreadRows(int64_t rows, int64_t experts, ExpertLoad load) {
  SmallVector<double> shares(experts, 1.0);
  if (load == ExpertLoad::Zipf) {
    std::mt19937_64 generator(1);
    for (int64_t rank = 0; rank < experts; ++rank)
      shares[rank] = 1.0 / double(rank + 1);
    for (int64_t left = experts; left > 1; --left)
      std::swap(shares[left - 1], shares[int64_t(generator() % uint64_t(left))]);
  }
  double all = std::accumulate(shares.begin(), shares.end(), 0.0), before = 0;
  SmallVector<int64_t> sizes;
  for (double share : shares) {
    int64_t begin = std::llround(before / all * double(rows));
    before += share;
    sizes.push_back(std::llround(before / all * double(rows)) - begin);
  }
  return sizes;
}

double hadal::simulateTeam(ArrayRef<double> tasks, int64_t grain, int64_t threads) {
  std::priority_queue<double, std::vector<double>, std::greater<double>> free;
  for (int64_t thread = 0; thread < threads; ++thread)
    free.push(0);
  double last = 0;
  for (size_t first = 0; first < tasks.size(); first += size_t(grain)) {
    ArrayRef<double> chunk = tasks.slice(first, std::min(size_t(grain), tasks.size() - first));
    double end = std::accumulate(chunk.begin(), chunk.end(), free.top());
    free.pop();
    free.push(end);
    last = std::max(last, end);
  }
  return last;
}

namespace {

/// Seconds of a kernel, or of a step: of one thread, and until the last of each team has ended.
struct TeamTimes {
  double alone = 0;
  std::array<double, teams.size()> together{};
  int64_t tasks = 0, launches = 0;

  void add(const TeamTimes &other, int64_t count) {
    alone += other.alone * double(count);
    for (auto [sum, seconds] : llvm::zip_equal(together, other.together))
      sum += seconds * double(count);
  }
  /// What the largest team loses.
  double lost() const { return together.back() - alone / double(teams.back()); }

  void print(raw_ostream &stream) const {
    std::string seconds;
    llvm::raw_string_ostream text(seconds);
    printSeconds(text, alone);
    // The sign of a millionth is two bytes of one column.
    stream << llvm::right_justify(seconds, StringRef(seconds).contains("µ") ? 11 : 10);
    for (auto [team, end] : llvm::zip_equal(teams, together))
      stream << llvm::format("%5.0f%%", end > 0 ? 100 * alone / (double(team) * end) : 100.0);
  }
};

TeamTimes measureKernel(const KernelFacts &facts, const TargetDescription &target, GroupSizes sizes) {
  const KernelConfiguration &configuration = facts.selection.configuration;
  TeamTimes times;
  SmallVector<SmallVector<double>> tasks;
  double weight = 0;
  for (const LaunchStep &step : configuration.steps) {
    const StageSpec &stage = configuration.stages[step.stage];
    tasks.push_back(weighTasks(*facts.anatomy, configuration, stage, sizes));
    weight += std::accumulate(tasks.back().begin(), tasks.back().end(), 0.0);
    times.tasks += stage.tasks;
  }
  double launches = double(configuration.steps.size()) * target.launchSeconds();
  double predicted = facts.selection.time ? facts.selection.time->total : 0;
  times.alone = std::max(0.0, predicted - launches) * double(modelledCores);
  for (auto [step, weights] : llvm::zip_equal(configuration.steps, tasks)) {
    for (double &seconds : weights)
      seconds *= times.alone / weight;
    for (auto [team, end] : llvm::zip_equal(teams, times.together))
      end += simulateTeam(weights, configuration.stages[step.stage].grain, team) + target.launchSeconds();
  }
  return times;
}

} // namespace

LogicalResult hadal::printBalance(ModuleOp module, const TargetDescription &target, ExpertLoad load,
                                  raw_ostream &stream) {
  if (target.kind() != TargetKind::CPU)
    return module.emitError("--print-balance tells how threads share tasks on a CPU, and the target is ")
           << target.name();
  FailureOr<ProgramFacts> program = ProgramFacts::read(module, target);
  if (failed(program))
    return failure();
  auto sizes = [&](int64_t rows, int64_t groups) { return spreadRows(rows, groups, load); };
  SmallVector<TeamTimes> kernels;
  for (const KernelFacts &facts : program->kernels)
    kernels.push_back(measureKernel(facts, target, sizes));
  TeamTimes step;
  for (const EntryFacts &entry : program->entries)
    for (const LaunchFacts &launch : entry.launches) {
      if (!entry.isInStep)
        continue;
      step.add(kernels[launch.kernel], 1);
      ++kernels[launch.kernel].launches;
    }
  auto order = llvm::to_vector(llvm::seq<unsigned>(kernels.size()));
  auto lost = [&](unsigned number) { return kernels[number].lost() * double(kernels[number].launches); };
  llvm::sort(order, [&](unsigned a, unsigned b) { return std::pair(lost(b), a) < std::pair(lost(a), b); });

  stream << "balance of teams, tokens " << (load == ExpertLoad::Even ? "even over" : "by Zipf's law on")
         << " experts: work done of what so many threads could do\n  1 thread";
  for (int64_t team : teams)
    stream << llvm::format("%6lld", (long long)team);
  stream << "  tasks  launches\n";
  for (unsigned number : order) {
    if (kernels[number].launches == 0)
      continue;
    kernels[number].print(stream);
    stream << llvm::format("%7lld  %-8lld @", (long long)kernels[number].tasks, (long long)kernels[number].launches)
           << KernelOp(program->kernels[number].kernel).getSymName() << "\n";
  }
  step.print(stream);
  stream << "  the step\n";
  return success();
}
