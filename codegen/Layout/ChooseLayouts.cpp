//===- ChooseLayouts.cpp - in which layouts tensors are kept, and who makes them ----------------------------------===//
//
// 1. Which tensors could lie otherwise than in rows (LayoutGraph.h): parameters and results of launches that some
//    kernel can read in another form.
// 2. For each of them every set of forms is priced (LayoutPlan.h): what its readers need, and what its makers take to
//    write the forms beside it. Kernels differ by one tensor at a time, so the cheapest set of each tensor is the
//    cheapest of all.
// 3. Under a limit of memory the forms of parameters that save least per byte are given up until they fit beside an
//    arena in which nothing is computed again.
// 4. Launches are rewritten (ApplyPlans.cpp).
//
// A parameter that nothing writes is priced like any other: its forms are made when it is loaded, which is no part of a
// step, and where nothing else reads it in rows these are not kept.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Layout/LayoutPlan.h"
#include "codegen/Layout/LayoutReport.h"
#include "codegen/Selection/Select.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Pass/Pass.h"
#include "passes/Memory/MemoryPlan.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"

namespace hadal {
#define GEN_PASS_DECL_CHOOSELAYOUTS
#define GEN_PASS_DEF_CHOOSELAYOUTS
#include "codegen/Passes.h.inc"
} // namespace hadal

using namespace mlir;
using namespace hadal;

namespace {

/// Of each tensor its plans, the cheapest first.
using PlansOfTensors = std::vector<std::vector<TensorPlan>>;

/// The most assignments that `try-all` tries.
constexpr size_t mostAssignments = 4096;

struct ChooseLayouts : hadal::impl::ChooseLayoutsBase<ChooseLayouts> {
  using ChooseLayoutsBase::ChooseLayoutsBase;

  void runOnOperation() override {
    llvm::Expected<TargetDescription> described = TargetDescription::forTarget(targetName, cpu, gpu);
    if (!described) {
      getOperation().emitError(llvm::toString(described.takeError()));
      return signalPassFailure();
    }
    target = &*described;
    if (failed(checkOptions()) || failed(choose()))
      signalPassFailure();
  }

private:
  LogicalResult checkOptions() {
    if (rowsOnly && !assignment.empty())
      return getOperation().emitError("an assignment of layouts and rows-only contradict each other: give one of them");
    if (microBatches < 1)
      return getOperation().emitError("a step has at least one micro-batch, not ") << microBatches.getValue();
    if (!(worth >= 0))
      return getOperation().emitError("a share of the memory is worth ")
             << llvm::formatv("{0:f2}", worth.getValue()).str()
             << " of a share of the seconds: give a number from 0 up";
    if (memoryLimit < 0)
      return getOperation().emitError("a memory limit of ")
             << memoryLimit.getValue() << " bytes: give a number from 1 up";
    return success();
  }

  LogicalResult choose() {
    KernelTimes times(*target);
    LayoutGraph graph(getOperation(), double(microBatches), times);
    FailureOr<double> secondsPerByte = priceMemory(graph, times);
    if (failed(secondsPerByte))
      return failure();
    PlansOfTensors plans;
    for (const StoredTensor &tensor : graph.tensors)
      plans.push_back(listPlans(graph, tensor, *secondsPerByte, times));
    SmallVector<unsigned> chosen(plans.size(), 0);
    if (rowsOnly) {
      for (auto [number, list] : llvm::zip_equal(chosen, plans))
        number = findRows(list);
    } else if (!assignment.empty()) {
      FailureOr<SmallVector<unsigned>> named = readAssignment(graph, plans);
      if (failed(named))
        return failure();
      chosen = *named;
    } else if (memoryLimit > 0 && failed(fit(graph, plans, chosen))) {
      return failure();
    }
    if (tryAll && failed(compareAll(plans, chosen)))
      return failure();
    if (printLayouts)
      LayoutReport(graph, plans, chosen, *target, microBatches).print(llvm::errs());
    applyPlans(getOperation(), graph, takePlans(plans, chosen));
    return success();
  }

  /// What a byte is worth beside what the program takes as it is.
  FailureOr<double> priceMemory(const LayoutGraph &graph, KernelTimes &times) {
    if (worth == 0 || graph.tensors.empty())
      return 0.0;
    FailureOr<int64_t> bytes = countBytesOf(OwningOpRef<ModuleOp>(getOperation().clone()));
    if (failed(bytes))
      return failure();
    return worth * graph.secondsOfProgram(times) / double(std::max<int64_t>(1, *bytes));
  }

  /// The plan that keeps no form.
  static unsigned findRows(const std::vector<TensorPlan> &list) {
    auto isRows = [](const TensorPlan &plan) { return plan.forms == 0; };
    return std::distance(list.begin(), llvm::find_if(list, isRows));
  }

  static SmallVector<TensorPlan> takePlans(const PlansOfTensors &plans, ArrayRef<unsigned> numbers) {
    SmallVector<TensorPlan> taken;
    for (auto [list, number] : llvm::zip_equal(plans, numbers))
      taken.push_back(list[number]);
    return taken;
  }

  /// A copy of the module, rewritten. Its tensors are those of the module, in the same order.
  OwningOpRef<ModuleOp> rewriteCopy(ArrayRef<TensorPlan> plans) {
    OwningOpRef<ModuleOp> copy(getOperation().clone());
    KernelTimes times(*target);
    LayoutGraph graph(*copy, double(microBatches), times);
    applyPlans(*copy, graph, plans);
    return copy;
  }

  /// Bytes of persistent tensors and of an arena in which nothing is computed again, with the workspaces that selection
  /// will find.
  FailureOr<int64_t> countBytesOf(OwningOpRef<ModuleOp> copy) {
    for (KernelOp kernel : copy->getOps<KernelOp>()) {
      FailureOr<KernelConfiguration> configuration = selectConfiguration(kernel, *target);
      if (failed(configuration))
        return failure();
      kernel.setWorkspace(configuration->workspace);
    }
    Kernels kernels = findKernels(*copy);
    int64_t arena = 0;
    for (auto entry : copy->getOps<func::FuncOp>()) {
      FailureOr<EntryPlan> plan = planEntry(entry, kernels, target->bufferAlignment());
      if (failed(plan))
        return failure();
      arena = std::max(arena, plan->arenaSize);
    }
    return PersistentMemory::count(*copy).total() + arena;
  }

  /// Gives up the forms of as few parameters as it takes, those first that save least per byte. Where it takes all of
  /// them, and more, hadal-rematerialize sees to the rest.
  LogicalResult fit(const LayoutGraph &graph, const PlansOfTensors &plans, SmallVectorImpl<unsigned> &chosen) {
    SmallVector<unsigned> rows(plans.size());
    SmallVector<double> savedPerByte(plans.size());
    SmallVector<size_t> takers;
    for (auto [tensor, list] : llvm::enumerate(plans)) {
      rows[tensor] = findRows(list);
      const TensorPlan &plan = list[chosen[tensor]];
      if (!graph.tensors[tensor].parameter || plan.bytes <= 0)
        continue;
      savedPerByte[tensor] = (list[rows[tensor]].seconds - plan.seconds) / double(plan.bytes);
      takers.push_back(tensor);
    }
    llvm::sort(takers,
               [&](size_t a, size_t b) { return std::pair(savedPerByte[a], a) < std::pair(savedPerByte[b], b); });
    auto giveUp = [&](size_t count) {
      SmallVector<unsigned> left(chosen.begin(), chosen.end());
      for (size_t tensor : ArrayRef(takers).take_front(count))
        left[tensor] = rows[tensor];
      return left;
    };
    // Mostly none has to go, which is tried first; then by halves.
    size_t fewest = 0, most = takers.size();
    for (size_t count = 0; fewest < most; count = (fewest + most) / 2) {
      FailureOr<int64_t> bytes = countBytesOf(rewriteCopy(takePlans(plans, giveUp(count))));
      if (failed(bytes))
        return failure();
      if (*bytes <= memoryLimit)
        most = count;
      else
        fewest = count + 1;
    }
    chosen = giveUp(fewest);
    return success();
  }

  /// The numbers of the plans that an assignment names: a set of forms for every tensor, as a sum of 1, 2, 4, ...
  FailureOr<SmallVector<unsigned>> readAssignment(const LayoutGraph &graph, const PlansOfTensors &plans) {
    SmallVector<StringRef> words;
    StringRef(assignment).split(words, ',');
    if (words.size() != plans.size())
      return getOperation().emitError("an assignment has a number for each of the ")
             << plans.size() << " tensors that can lie otherwise, got " << words.size();
    SmallVector<unsigned> chosen;
    for (auto [index, word] : llvm::enumerate(words)) {
      unsigned forms = 0;
      auto isNamed = [&](const TensorPlan &plan) { return plan.forms == forms; };
      auto found = word.getAsInteger(10, forms) ? plans[index].end() : llvm::find_if(plans[index], isNamed);
      if (found == plans[index].end())
        return getOperation().emitError("'") << word << "' is no set of the " << graph.tensors[index].forms.size()
                                             << " forms of " << graph.tensors[index].describe()
                                             << " that can be made: it is a sum of 1, 2, 4, ..., one for each form";
      chosen.push_back(std::distance(plans[index].begin(), found));
    }
    return chosen;
  }

  /// Seconds of a step with an assignment, as the kernels are priced of the program that it leads to.
  double priceOf(const PlansOfTensors &plans, ArrayRef<unsigned> numbers) {
    OwningOpRef<ModuleOp> copy = rewriteCopy(takePlans(plans, numbers));
    KernelTimes times(*target);
    return LayoutGraph(*copy, double(microBatches), times).secondsOfProgram(times);
  }

  /// The next assignment; false behind the last one.
  static bool advance(const PlansOfTensors &plans, MutableArrayRef<unsigned> numbers) {
    for (auto [number, list] : llvm::zip_equal(numbers, plans)) {
      if (++number < list.size())
        return true;
      number = 0;
    }
    return false;
  }

  static std::string nameAssignment(const PlansOfTensors &plans, ArrayRef<unsigned> numbers) {
    SmallVector<std::string> words;
    for (const TensorPlan &plan : takePlans(plans, numbers))
      words.push_back(std::to_string(plan.forms));
    return llvm::join(words, ",");
  }

  /// Holds the choice against the best of all assignments.
  LogicalResult compareAll(const PlansOfTensors &plans, ArrayRef<unsigned> chosen) {
    size_t count = 1;
    for (const std::vector<TensorPlan> &list : plans)
      if ((count *= list.size()) > mostAssignments)
        return getOperation().emitError("has more than ")
               << mostAssignments << " assignments of layouts to its " << plans.size() << " tensors, too many to try";
    SmallVector<unsigned> numbers(plans.size(), 0), best = numbers;
    double least = priceOf(plans, numbers);
    while (advance(plans, numbers))
      if (double seconds = priceOf(plans, numbers); seconds < least) {
        least = seconds;
        best = numbers;
      }
    double own = priceOf(plans, chosen);
    llvm::errs() << count << " assignments of layouts: the best is " << nameAssignment(plans, best) << " with ";
    printSeconds(llvm::errs(), least);
    llvm::errs() << " a step, chosen is " << nameAssignment(plans, chosen) << " with ";
    printSeconds(llvm::errs(), own);
    llvm::errs() << llvm::format(": regret %.4f\n", own / least);
    return success();
  }

  const TargetDescription *target = nullptr;
};

} // namespace
