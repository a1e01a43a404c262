//===- LayoutPlan.cpp - what it costs to keep a tensor in certain forms -------------------------------------------===//
//
// See the header.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Layout/LayoutPlan.h"
#include "dialect/IR/Encoding.h"
#include "llvm/ADT/bit.h"
#include <limits>

using namespace mlir;
using namespace hadal;

namespace {

constexpr double never = std::numeric_limits<double>::infinity();

class Planner {
public:
  Planner(const LayoutGraph &graph, const StoredTensor &tensor, unsigned forms, KernelTimes &times)
      : graph(graph), tensor(tensor), forms(forms), times(times) {}

  std::optional<TensorPlan> plan() {
    TensorPlan plan;
    plan.forms = forms;
    bool readsRows = tensor.needsRows;
    for (const Reading &reading : tensor.readings) {
      auto [form, seconds] = readFastest(reading, /*hasRows=*/true);
      plan.ofReading.push_back(form);
      plan.seconds += reading.runs * seconds;
      readsRows |= form < 0;
    }
    for (const RoundingLaunch &rounding : tensor.roundings) {
      plan.roundings.push_back(planRounding(rounding, plan.seconds));
      readsRows |= plan.roundings.back().stays;
    }
    for (const Making &making : tensor.makings)
      plan.makingSeconds += planMaking(making, plan);
    plan.seconds += plan.makingSeconds;
    if (tensor.parameter)
      countBytes(plan, readsRows);
    return plan.seconds < never ? std::optional(plan) : std::nullopt;
  }

private:
  void countBytes(TensorPlan &plan, bool readsRows) {
    for (auto [number, form] : llvm::enumerate(tensor.forms))
      plan.bytes += forms >> number & 1 ? form.bytes : 0;
    if (!readsRows && forms)
      plan.bytes -= getByteSize(tensor.type);
    // Entry points share an arena.
    std::map<Operation *, int64_t> freed;
    int64_t most = 0;
    for (auto [rounding, roundingPlan] : llvm::zip_equal(tensor.roundings, plan.roundings))
      if (LaunchOp launch = rounding.launch; !roundingPlan.stays)
        most = std::max(most, freed[launch->getParentOp()] += getByteSize(launch.getResult(0).getType()));
    plan.moreBytes = plan.bytes - most;
  }

  /// What a reading takes of what is kept, and the seconds of its launch.
  std::pair<int, double> readFastest(const Reading &reading, bool hasRows) {
    KernelOp kernel = graph.kernelOf(reading.launch);
    Type own = kernel.getArgumentTypes()[reading.operand];
    std::pair<int, double> best(-1, hasRows ? times.secondsOf(kernel).value_or(0) : never);
    for (auto [number, form] : llvm::enumerate(tensor.forms)) {
      bool isRead = form.type == own || llvm::is_contained(times.readableForms(kernel, reading.operand), form.type);
      if (!(forms >> number & 1) || !isRead)
        continue;
      KernelChange change;
      if (form.type != own)
        change.arguments.push_back({reading.operand, form.type});
      if (double seconds = times.secondsOf(kernel, change).value_or(0); seconds < best.second)
        best = {int(number), seconds};
    }
    return best;
  }

  /// Adds the seconds of the cheaper way.
  TensorPlan::Rounding planRounding(const RoundingLaunch &rounding, double &total) {
    TensorPlan::Rounding with, without;
    without.stays = false;
    double secondsWith = rounding.runs * times.secondsOf(graph.kernelOf(rounding.launch)).value_or(0);
    double secondsWithout = rounding.isForReadings ? 0 : never;
    for (const Reading &reading : rounding.readings) {
      for (auto [plan, seconds] : {std::pair(&with, &secondsWith), {&without, &secondsWithout}}) {
        auto [form, ofLaunch] = readFastest(reading, plan->stays);
        plan->ofReading.push_back(form);
        // Nothing times never is no number.
        *seconds += ofLaunch < never ? reading.runs * ofLaunch : never;
      }
    }
    bool stays = secondsWith <= secondsWithout && secondsWith < never;
    // Where nothing is run in a step, neither costs anything, and the shorter list of launches is better.
    if (secondsWith == secondsWithout)
      stays = false;
    total += stays ? secondsWith : secondsWithout;
    return stays ? with : without;
  }

  /// Notes who writes the forms; the seconds that this takes beyond the making itself.
  double planMaking(const Making &making, TensorPlan &plan) {
    KernelOp kernel = graph.kernelOf(making.launch);
    KernelChange change;
    double byLaunches = 0;
    for (auto [number, form] : llvm::enumerate(tensor.forms)) {
      if (!(forms >> number & 1))
        continue;
      change.copies.push_back({making.result, form.type});
      byLaunches += times.secondsOfMovement(tensor.type, form.type).value_or(never);
    }
    double beside = never;
    std::optional<double> alone = times.secondsOf(kernel);
    if (!change.isEmpty() && alone)
      if (std::optional<double> together = times.secondsOf(kernel, change))
        beside = *together - *alone;
    plan.byLaunches.push_back(byLaunches < beside);
    double seconds = change.isEmpty() ? 0 : std::min(beside, byLaunches);
    return seconds < never ? making.runs * seconds : never;
  }

  const LayoutGraph &graph;
  const StoredTensor &tensor;
  unsigned forms;
  KernelTimes &times;
};

} // namespace

std::optional<TensorPlan> hadal::planTensor(const LayoutGraph &graph, const StoredTensor &tensor, unsigned forms,
                                            KernelTimes &times) {
  return Planner(graph, tensor, forms, times).plan();
}

std::vector<TensorPlan> hadal::listPlans(const LayoutGraph &graph, const StoredTensor &tensor, double secondsPerByte,
                                         KernelTimes &times) {
  std::vector<TensorPlan> plans;
  for (unsigned forms = 0; forms < 1u << tensor.forms.size(); ++forms)
    if (std::optional<TensorPlan> plan = planTensor(graph, tensor, forms, times))
      plans.push_back(std::move(*plan));
  // A form has to save more than the order in which seconds are added leaves in doubt.
  constexpr double doubt = 1e-9;
  double rows = plans.front().seconds;
  auto weigh = [=](const TensorPlan &plan) {
    return plan.seconds + secondsPerByte * double(std::max<int64_t>(plan.moreBytes, 0)) +
           rows * doubt * llvm::popcount(plan.forms);
  };
  llvm::sort(plans, [&](const TensorPlan &a, const TensorPlan &b) {
    return std::pair(weigh(a), a.forms) < std::pair(weigh(b), b.forms);
  });
  return plans;
}
