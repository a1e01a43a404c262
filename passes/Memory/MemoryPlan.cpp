//===- MemoryPlan.cpp - reads, checks and prints memory plans ----------------------------------------------------===//
//
// A value's storage is found in the order of launches: a result that is tied lies where its operand lies; a result that
// the entry point returns without tying has storage of its own in the runtime; every other result starts a buffer of
// the arena, which lives from the launch that makes it to the last that reads it or anything tied to it. What is
// returned but lies elsewhere, since it is returned twice or is an argument, is copied at the end.
//
// Overlaps are found by a sweep over the launches: buffers that begin are put into an ordered map by offset, where only
// the two neighbours can overlap; n log n in all.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "passes/Memory/MemoryPlan.h"
#include "dialect/IR/Encoding.h"
#include "passes/Transforms/Requirements.h"
#include "llvm/Support/Format.h"
#include <map>
#include <set>

using namespace mlir;
using namespace hadal;

namespace {

int64_t alignSize(int64_t bytes, int64_t alignment) { return llvm::alignTo(std::max<int64_t>(bytes, 1), alignment); }

/// The most bytes that are live during one launch.
int64_t getLiveSize(const EntryPlan &plan) {
  std::vector<int64_t> change(plan.launches.size() + 1);
  for (const PlannedBuffer &buffer : plan.buffers) {
    change[buffer.first] += buffer.size;
    change[buffer.last + 1] -= buffer.size;
  }
  int64_t live = 0, most = 0;
  for (int64_t bytes : change)
    most = std::max(most, live += bytes);
  return most;
}

} // namespace

std::string hadal::formatMiB(int64_t bytes) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.2f MiB", bytes / 1048576.0);
  return text;
}

int64_t hadal::getBufferAlignment(Operation *entry) {
  auto module = entry->getParentOfType<ModuleOp>();
  auto attribute = module ? module->getAttrOfType<IntegerAttr>(bufferAlignmentAttrName) : IntegerAttr();
  return attribute && attribute.getInt() > 0 ? attribute.getInt() : defaultBufferAlignment;
}

std::string hadal::formatLocation(Location location) {
  std::string text = "unknown";
  location->walk([&](Location part) {
    auto file = dyn_cast<FileLineColLoc>(part);
    if (!file)
      return WalkResult::advance();
    text = (file.getFilename().getValue() + ":" + Twine(file.getLine()) + ":" + Twine(file.getColumn())).str();
    return WalkResult::interrupt();
  });
  return text;
}

/// Bytes and places beyond this would not add up in 64 bits.
static constexpr int64_t mostBytes = int64_t(1) << 60;

/// Whether an entry point holds launches that can be planned.
static LogicalResult checkEntry(func::FuncOp entry) {
  if (failed(requireStraightLine(entry)))
    return failure();
  for (Operation &op : entry.getBody().front().without_terminator()) {
    auto launch = dyn_cast<LaunchOp>(op);
    if (!launch)
      return op.emitOpError("stands between launches: run hadal-fuse before the memory plan");
    int64_t workspace = launch.getWorkspace().value_or(0), placement = launch.getWorkspacePlacement().value_or(-1);
    if (workspace < 0 || workspace > mostBytes || placement < -1 || placement > mostBytes)
      return launch.emitOpError("has a workspace of ")
             << workspace << " bytes at " << placement << ", which no arena holds";
    for (int64_t offset : launch.getPlacement().value_or(ArrayRef<int64_t>()))
      if (offset > mostBytes)
        return launch.emitOpError("has a buffer at ") << offset << ", which no arena holds";
  }
  return requireClosedShapes(entry);
}

void EntryPlan::readCopies() {
  for (OpOperand &operand : entry.getBody().front().getTerminator()->getOpOperands()) {
    unsigned number = operand.getOperandNumber();
    Storage source = storage.lookup(operand.get());
    if (getTiedArgument(entry, number) || source.result == int64_t(number))
      continue;
    copies.push_back({operand.get(), number});
    if (source.buffer < 0)
      continue;
    buffers[source.buffer].last = launches.size() - 1;
    buffers[source.buffer].isCopied = true;
  }
}

FailureOr<EntryPlan> EntryPlan::read(func::FuncOp entry, int64_t alignment) {
  if (failed(checkEntry(entry)))
    return failure();
  EntryPlan plan;
  plan.entry = entry;
  plan.alignment = alignment ? alignment : getBufferAlignment(entry);
  Block &block = entry.getBody().front();
  Operation *terminator = block.getTerminator();
  for (BlockArgument argument : block.getArguments())
    plan.storage[argument].argument = argument;
  DenseMap<Value, int64_t> returned;
  for (OpOperand &operand : terminator->getOpOperands())
    if (!getTiedArgument(entry, operand.getOperandNumber()))
      returned.try_emplace(operand.get(), operand.getOperandNumber());

  for (Operation &op : block.without_terminator()) {
    auto launch = cast<LaunchOp>(op);
    unsigned number = plan.launches.size();
    plan.launches.push_back(launch);
    for (Value operand : launch.getArguments())
      if (int64_t buffer = plan.storage[operand].buffer; buffer >= 0)
        plan.buffers[buffer].last = number;
    for (OpResult result : launch.getResults()) {
      if (int64_t tied = launch.getTied() ? (*launch.getTied())[result.getResultNumber()] : -1; tied >= 0) {
        // Looked up first: the new entry may move the others.
        Storage shared = plan.storage.lookup(launch.getArguments()[tied]);
        plan.storage[result] = shared;
      } else if (auto found = returned.find(result); found != returned.end()) {
        plan.storage[result].result = found->second;
      } else {
        plan.storage[result].buffer = plan.buffers.size();
        int64_t offset = launch.getPlacement() ? (*launch.getPlacement())[result.getResultNumber()] : -1;
        plan.buffers.push_back(
            {result, launch, offset, alignSize(getByteSize(result.getType()), plan.alignment), number, number});
      }
    }
    plan.workspaces.push_back(-1);
    if (int64_t bytes = launch.getWorkspace().value_or(0)) {
      plan.workspaces.back() = plan.buffers.size();
      plan.buffers.push_back({Value(), launch, int64_t(launch.getWorkspacePlacement().value_or(-1)),
                              alignSize(bytes, plan.alignment), number, number});
    }
  }
  plan.readCopies();
  for (const PlannedBuffer &buffer : plan.buffers)
    plan.arenaSize = std::max(plan.arenaSize, buffer.offset + buffer.size);
  plan.liveSize = getLiveSize(plan);
  return plan;
}

LogicalResult EntryPlan::verify() const {
  std::vector<SmallVector<const PlannedBuffer *, 2>> begins(launches.size()), ends(launches.size());
  for (const PlannedBuffer &buffer : buffers) {
    if (buffer.offset < 0 || buffer.offset % alignment != 0)
      return LaunchOp(buffer.launch)
          .emitOpError("has a buffer without an aligned place in the arena: run hadal-plan-memory");
    begins[buffer.first].push_back(&buffer);
    ends[buffer.last].push_back(&buffer);
  }
  std::map<int64_t, const PlannedBuffer *> live;
  for (unsigned number = 0; number < launches.size(); ++number) {
    for (const PlannedBuffer *buffer : begins[number]) {
      auto [place, isNew] = live.try_emplace(buffer->offset, buffer);
      auto next = std::next(place);
      bool overlaps = !isNew || (next != live.end() && buffer->offset + buffer->size > next->first);
      if (place != live.begin()) {
        auto [offset, previous] = *std::prev(place);
        overlaps |= offset + previous->size > buffer->offset;
      }
      if (overlaps)
        return LaunchOp(buffer->launch).emitOpError("has a buffer at ")
               << buffer->offset << " of " << buffer->size << " bytes that overlaps another that is live";
    }
    for (const PlannedBuffer *buffer : ends[number])
      live.erase(buffer->offset);
  }
  return success();
}

void EntryPlan::print(raw_ostream &stream) const {
  stream << "memory plan of @" << func::FuncOp(entry).getSymName() << ": arena " << formatMiB(arenaSize) << ", "
         << formatMiB(liveSize) << " live at the peak, " << buffers.size() << " buffers, " << launches.size()
         << " launches\n";
  std::vector<const PlannedBuffer *> largest;
  for (const PlannedBuffer &buffer : buffers)
    largest.push_back(&buffer);
  llvm::sort(largest, [](auto *a, auto *b) { return std::make_pair(-a->size, a) < std::make_pair(-b->size, b); });
  for (const PlannedBuffer *buffer : ArrayRef(largest).take_front(10)) {
    stream << "  " << formatMiB(buffer->size) << " at " << buffer->offset << ", launches " << buffer->first << " to "
           << buffer->last << ": ";
    if (buffer->value)
      stream << buffer->value.getType() << " of @";
    else
      stream << "workspace of @";
    LaunchOp launch = buffer->launch;
    stream << launch.getKernel() << " (" << formatLocation(launch.getLoc()) << ")\n";
  }
}

PersistentMemory PersistentMemory::count(ModuleOp module) {
  PersistentMemory memory;
  // A tensor is an argument of several entry points and counts once.
  std::set<std::tuple<ArgumentRole, StringRef, const void *>> seen;
  auto add = [&](func::FuncOp entry, unsigned index) {
    Type type = entry.getArgumentTypes()[index];
    std::optional<ArgumentMeaning> meaning = getArgumentMeaning(entry, index);
    if (!meaning || !isa<RankedTensorType>(type))
      return;
    if (getLoadedParameter(entry))
      memory.loading = std::max(memory.loading, getByteSize(type));
    else if (seen.emplace(meaning->role, meaning->name, type.getAsOpaquePointer()).second)
      memory.bytes[meaning->role] += getByteSize(type);
  };
  for (auto entry : module.getOps<func::FuncOp>())
    for (unsigned index = 0; index < entry.getNumArguments(); ++index)
      add(entry, index);
  return memory;
}

int64_t PersistentMemory::of(ArgumentRole role) const {
  auto found = bytes.find(role);
  return found == bytes.end() ? 0 : found->second;
}

int64_t PersistentMemory::total() const {
  int64_t sum = 0;
  for (auto [role, size] : bytes)
    sum += size;
  return sum;
}

void PersistentMemory::print(raw_ostream &stream) const {
  auto mebibytes = [&](ArgumentRole role) { return formatMiB(of(role)); };
  stream << "persistent: parameters " << mebibytes(ArgumentRole::Parameter);
  if (loading > 0)
    stream << ", packed " << mebibytes(ArgumentRole::Packed) << ", loading " << formatMiB(loading);
  stream << ", gradients " << mebibytes(ArgumentRole::Gradient) << ", optimizer "
         << formatMiB(of(ArgumentRole::FirstMoment) + of(ArgumentRole::SecondMoment)) << ", states "
         << mebibytes(ArgumentRole::State) << ", inputs " << mebibytes(ArgumentRole::Input) << "\n";
}
