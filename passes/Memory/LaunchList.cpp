//===- LaunchList.cpp - launches that may be repeated, and the memory they need -----------------------------------===//
//
// A launch is worth repeating when some of its results are kept over the peak for readers behind it. What it reads is
// there at its new place, or is kept until then, or is made again as well; both ways are tried. Bytes that are kept
// longer over the peak count against those that it saves.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "passes/Memory/LaunchList.h"
#include "passes/Fusion/InPlace.h"

using namespace mlir;
using namespace hadal;

namespace {
/// Launches that are repeated together at most.
constexpr size_t mostTogether = 8;
constexpr unsigned never = ~0u;
} // namespace

FailureOr<LaunchList> LaunchList::read(func::FuncOp entry, const Kernels &kernels, KernelPricer &pricer,
                                       int64_t alignment) {
  FailureOr<EntryPlan> plan = EntryPlan::read(entry, alignment);
  if (failed(plan))
    return failure();
  LaunchList list;
  auto all = std::make_shared<std::vector<Facts>>();
  list.facts = all;
  DenseMap<Value, unsigned> numbers;
  auto add = [&](Value value) {
    numbers[value] = list.bytes.size();
    int64_t buffer = plan->storage.lookup(value).buffer;
    list.bytes.push_back(buffer < 0 ? 0 : plan->buffers[buffer].size);
    list.isKept.push_back(buffer >= 0 && plan->buffers[buffer].isCopied);
    list.isReturned.push_back(
        llvm::any_of(value.getUsers(), [](Operation *user) { return user->hasTrait<OpTrait::IsTerminator>(); }));
    return unsigned(list.bytes.size() - 1);
  };
  for (BlockArgument argument : entry.getArguments())
    add(argument);
  // Arguments into which a launch writes.
  llvm::SmallPtrSet<void *, 16> written;
  for (LaunchOp launch : plan->launches)
    for (Value result : launch.getResults())
      if (BlockArgument argument = plan->storage.lookup(result).argument)
        written.insert(argument.getAsOpaquePointer());

  DenseMap<KernelOp, std::pair<double, SmallVector<std::pair<unsigned, unsigned>, 2>>> ofKernel;
  for (auto [place, launch] : llvm::enumerate(plan->launches)) {
    KernelOp kernel = kernels.lookup(launch.getKernelAttr().getAttr());
    auto [known, isNew] = ofKernel.try_emplace(kernel);
    if (isNew) {
      known->second.first = pricer.price(kernel).total();
      for (unsigned result = 0; result < launch->getNumResults(); ++result)
        for (unsigned operand = 0; operand < launch->getNumOperands(); ++operand)
          if (mayShareBuffer(kernel, result, operand))
            known->second.second.push_back({result, operand});
    }
    Facts facts{launch, int64_t(llvm::alignTo(kernel.getWorkspace().value_or(0), plan->alignment)), known->second.first,
                /*mayRepeat=*/true, known->second.second};
    Launch numbered;
    numbered.original = place;
    for (Value operand : launch.getArguments()) {
      numbered.operands.push_back(numbers.lookup(operand));
      BlockArgument argument = plan->storage.lookup(operand).argument;
      facts.mayRepeat &= !argument || !written.contains(argument.getAsOpaquePointer());
    }
    for (Value result : launch.getResults()) {
      numbered.results.push_back(add(result));
      Storage storage = plan->storage.lookup(result);
      facts.mayRepeat &= !storage.argument && storage.result < 0;
    }
    all->push_back(std::move(facts));
    list.launches.push_back(std::move(numbered));
  }
  list.readLifetimes();
  return list;
}

double LaunchList::getSeconds() const {
  double seconds = 0;
  for (const Launch &launch : launches)
    seconds += factsOf(launch).seconds;
  return seconds;
}

/// Bytes of results that lie in the place of operands which are read for the last time, as the planner will see to.
int64_t LaunchList::sharedBytes(unsigned place) const {
  const Launch &launch = launches[place];
  SmallVector<unsigned, 2> sharing, shared;
  int64_t sum = 0;
  for (auto [result, operand] : factsOf(launch).inPlace) {
    unsigned value = launch.operands[operand];
    if (bytes[value] == 0 || isKept[value] || last[value] != place || bytes[launch.results[result]] == 0 ||
        llvm::count(launch.operands, value) > 1 || llvm::is_contained(sharing, result) ||
        llvm::is_contained(shared, operand))
      continue;
    sharing.push_back(result);
    shared.push_back(operand);
    sum += bytes[launch.results[result]];
  }
  return sum;
}

void LaunchList::readLifetimes() {
  maker.assign(bytes.size(), never);
  firstReader.assign(bytes.size(), never);
  last.assign(bytes.size(), 0);
  for (auto [place, launch] : llvm::enumerate(launches)) {
    for (unsigned operand : launch.operands) {
      last[operand] = place;
      firstReader[operand] = std::min<unsigned>(firstReader[operand], place);
    }
    for (unsigned result : launch.results) {
      maker[result] = place;
      last[result] = isKept[result] ? launches.size() - 1 : place;
    }
  }
  std::vector<int64_t> change(launches.size() + 1);
  for (size_t value = 0; value < bytes.size(); ++value)
    if (bytes[value] > 0 && maker[value] != never) {
      change[maker[value]] += bytes[value];
      change[last[value] + 1] -= bytes[value];
    }
  peak = {};
  int64_t live = 0;
  for (unsigned place = 0; place < launches.size(); ++place) {
    live += change[place];
    int64_t here = live + factsOf(launches[place]).workspace - sharedBytes(place);
    if (here > peak.bytes)
      peak = {here, 0, place};
    peak.launches += here == peak.bytes;
  }
}

/// Drops the launches that nothing reads any more, since all that read them read a repetition.
void LaunchList::dropUnread() {
  std::vector<bool> isRead = isReturned;
  for (Launch &launch : llvm::reverse(launches)) {
    bool isNeeded = llvm::any_of(launch.results, [&](unsigned value) { return isRead[value]; });
    launch.isDropped = !isNeeded && factsOf(launch).mayRepeat;
    if (!launch.isDropped)
      for (unsigned operand : launch.operands)
        isRead[operand] = true;
  }
  llvm::erase_if(launches, [](const Launch &launch) { return launch.isDropped; });
}

bool LaunchList::isOnlyReadBehindPeak(const Launch &launch) const {
  return llvm::all_of(launch.results, [&](unsigned value) {
    return !isReturned[value] && (firstReader[value] == never || firstReader[value] > peak.place);
  });
}

/// Whether a value is only kept at the peak, for readers behind it.
bool LaunchList::crossesPeak(unsigned value) const {
  return bytes[value] > 0 && !isKept[value] && maker[value] < peak.place && last[value] > peak.place &&
         !llvm::is_contained(launches[peak.place].operands, value);
}

/// Sees to what a repeated launch reads. Fails when that keeps as much as is saved, or takes too many launches.
bool LaunchList::addOperands(unsigned place, bool repeatsOperands, Repetition &repetition) const {
  for (unsigned operand : launches[place].operands) {
    if (bytes[operand] == 0 || last[operand] >= repetition.before)
      continue;
    unsigned made = maker[operand];
    if (llvm::is_contained(repetition.launches, made))
      continue;
    // Over the peak it is kept in any case.
    bool isDead = last[operand] < peak.place;
    if (isDead && repeatsOperands && factsOf(launches[made]).mayRepeat) {
      if (repetition.launches.size() == mostTogether)
        return false;
      repetition.launches.push_back(made);
      repetition.seconds += factsOf(launches[made]).seconds;
      if (!addOperands(made, repeatsOperands, repetition))
        return false;
    } else if (isDead) {
      repetition.savedBytes -= bytes[operand];
    }
  }
  return repetition.savedBytes > 0;
}

std::optional<Repetition> LaunchList::findRepetition(unsigned place, bool repeatsOperands) const {
  const Launch &launch = launches[place];
  Repetition repetition;
  for (unsigned result : launch.results)
    if (crossesPeak(result)) {
      repetition.values.push_back(result);
      repetition.savedBytes += bytes[result];
    }
  if (repetition.values.empty() || !factsOf(launch).mayRepeat)
    return std::nullopt;
  auto reads = [&](const Launch &reader) {
    return llvm::any_of(reader.operands, [&](unsigned value) { return llvm::is_contained(repetition.values, value); });
  };
  repetition.before = peak.place + 1;
  while (!reads(launches[repetition.before]))
    ++repetition.before;
  repetition.launches.push_back(place);
  // One that nobody reads before is moved.
  repetition.seconds = isOnlyReadBehindPeak(launch) ? 0 : factsOf(launch).seconds;
  if (!addOperands(place, repeatsOperands, repetition))
    return std::nullopt;
  llvm::sort(repetition.launches);
  return repetition;
}

std::vector<Repetition> LaunchList::findRepetitions() const {
  std::vector<Repetition> found;
  for (unsigned place = 0; place < peak.place; ++place)
    for (bool repeatsOperands : {false, true})
      if (std::optional<Repetition> repetition = findRepetition(place, repeatsOperands))
        found.push_back(std::move(*repetition));
  llvm::stable_sort(found, [](const Repetition &a, const Repetition &b) {
    return a.seconds * double(b.savedBytes) < b.seconds * double(a.savedBytes);
  });
  return found;
}

LaunchList LaunchList::withRepetition(const Repetition &repetition) const {
  LaunchList list;
  list.facts = facts;
  list.bytes = bytes;
  list.isReturned = isReturned;
  list.isKept = isKept;
  list.launches.reserve(launches.size() + repetition.launches.size());
  list.launches.assign(launches.begin(), launches.begin() + repetition.before);
  // What was made, and what it is called when it is made again.
  DenseMap<unsigned, unsigned> again;
  for (unsigned place : repetition.launches) {
    Launch launch = launches[place];
    launch.isRepeated = true;
    for (unsigned &operand : launch.operands)
      if (auto found = again.find(operand); found != again.end())
        operand = found->second;
    for (unsigned &result : launch.results) {
      unsigned value = list.bytes.size();
      list.bytes.push_back(bytes[result]);
      list.isReturned.push_back(false);
      list.isKept.push_back(false);
      again[result] = value;
      result = value;
    }
    list.launches.push_back(std::move(launch));
  }
  for (unsigned place = repetition.before; place < launches.size(); ++place) {
    Launch launch = launches[place];
    for (unsigned &operand : launch.operands)
      if (llvm::is_contained(repetition.values, operand))
        operand = again.lookup(operand);
    list.launches.push_back(std::move(launch));
  }
  list.dropUnread();
  list.readLifetimes();
  return list;
}

void LaunchList::applyTo(func::FuncOp entry) const {
  SmallVector<LaunchOp> originals(entry.getOps<LaunchOp>());
  std::vector<Value> values(bytes.size());
  for (auto [number, argument] : llvm::enumerate(entry.getArguments()))
    values[number] = argument;
  llvm::SmallPtrSet<Operation *, 16> dropped(originals.begin(), originals.end());
  // From the last to the first, so that a repetition knows what it stands before; operands afterwards.
  SmallVector<LaunchOp> made(launches.size());
  OpBuilder builder(entry.getBody().front().getTerminator());
  for (unsigned place = launches.size(); place-- > 0;) {
    LaunchOp original = originals[launches[place].original];
    if (launches[place].isRepeated) {
      made[place] = cast<LaunchOp>(builder.clone(*original));
    } else {
      made[place] = original;
      dropped.erase(original);
    }
    builder.setInsertionPoint(made[place]);
    for (auto [value, result] : llvm::zip_equal(launches[place].results, made[place].getResults()))
      values[value] = result;
  }
  for (auto [launch, op] : llvm::zip_equal(launches, made))
    for (auto [value, operand] : llvm::zip_equal(launch.operands, op.getArgumentsMutable()))
      operand.set(values[value]);
  for (LaunchOp original : llvm::reverse(originals))
    if (dropped.contains(original))
      original.erase();
}
