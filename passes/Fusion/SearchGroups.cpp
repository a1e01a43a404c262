//===- SearchGroups.cpp - the cut of an entry point that costs least ----------------------------------------------===//
//
// Every operation starts as a group of its own. Of all pairs of groups, one of which reads what the other makes, the
// one whose kernels cost most more than one kernel of both becomes one; then the next, until no pair is cheaper
// together. Pairs wait in a queue by what they save; a pair is looked at again only when one of its groups has grown.
// Equal savings go by the order in the program: the earlier reader first, and of what it reads the latest. So equal
// layers are cut equally, and the result is the same in every run.
//
// Groups stand in the order of launches. A pair can become one unless a third group stands between them: one that reads
// of the producer, directly or not, and that the reader waits for. Otherwise the groups between them that the reader
// waits for move before the joined one, or those that wait for the producer behind it, whichever are fewer; all others
// stay where they are.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "passes/Fusion/FusionGroups.h"
#include <cmath>
#include <queue>

using namespace mlir;
using namespace hadal;

namespace {

class GroupSearch {
public:
  explicit GroupSearch(KernelPricer &pricer) : pricer(pricer) {}

  LogicalResult open(func::FuncOp entry);
  void join();
  FusionCut finish(bool findBoundaries);

private:
  using GroupSet = llvm::SmallSetVector<FusionGroup *, 8>;
  /// Two groups that are cheaper as one, by so many picoseconds: whole ones, so that what is equal is equal.
  struct Pair {
    int64_t saved;
    FusionGroup *producer, *reader;
    /// Places in the program of the reader's first operation and of the producer's last.
    unsigned readerNumber, producerNumber;

    bool operator<(const Pair &other) const {
      return std::make_tuple(saved, -int64_t(readerNumber), producerNumber) <
             std::make_tuple(other.saved, -int64_t(other.readerNumber), other.producerNumber);
    }
  };

  FusionGroup *add(FusionGroup group);
  GroupSet producersOf(const FusionGroup &group) const;
  GroupSet readersOf(const FusionGroup &group) const;
  void consider(FusionGroup *producer, FusionGroup *reader);
  FusionGroup *collectBetween(FusionGroup *producer, FusionGroup *reader, GroupSet &behind) const;
  GroupSet collectBefore(FusionGroup *producer, FusionGroup *reader) const;
  void replace(FusionGroup *producer, FusionGroup *reader, FusionGroup *joined, const GroupSet &before,
               const GroupSet &behind);
  GroupBoundary explain(FusionGroup *producer, FusionGroup *reader);

  KernelPricer &pricer;
  /// All groups that there have been; those that became part of another hold no operations.
  std::vector<std::unique_ptr<FusionGroup>> groups;
  /// The order of launches, with gaps.
  std::vector<FusionGroup *> order;
  DenseMap<Operation *, FusionGroup *> groupOfOp;
  DenseMap<Operation *, unsigned> numbers;
  std::priority_queue<Pair> pairs;
};

FusionGroup *GroupSearch::add(FusionGroup group) {
  FusionGroup *added = groups.emplace_back(std::make_unique<FusionGroup>(std::move(group))).get();
  for (Operation *op : added->operations)
    groupOfOp[op] = added;
  GroupBody body(*added);
  added->price = pricer.price(added->anchor, body.body, body.operands.getArrayRef(), body.results);
  return added;
}

LogicalResult GroupSearch::open(func::FuncOp entry) {
  if (!llvm::hasSingleElement(entry.getBody()))
    return entry.emitOpError("has control flow: an entry point is one block");
  for (Operation &op : entry.getBody().front().without_terminator()) {
    FailureOr<FusionGroup> group = makeGroup(&op);
    if (failed(group))
      return failure();
    numbers[&op] = numbers.size();
    if (isCopiedByAllReaders(&op))
      continue;
    group->place = order.size();
    order.push_back(add(std::move(*group)));
  }
  return success();
}

GroupSearch::GroupSet GroupSearch::producersOf(const FusionGroup &group) const {
  GroupSet producers;
  for (Operation *op : group.operations)
    forEachSource(op, [&](Value source) {
      FusionGroup *producer = source.getDefiningOp() ? groupOfOp.lookup(source.getDefiningOp()) : nullptr;
      if (producer && producer != &group)
        producers.insert(producer);
    });
  return producers;
}

GroupSearch::GroupSet GroupSearch::readersOf(const FusionGroup &group) const {
  GroupSet readers;
  for (Operation *op : group.operations)
    forEachReader(op, [&](Operation *reader) {
      FusionGroup *found = groupOfOp.lookup(reader);
      if (found && found != &group)
        readers.insert(found);
    });
  return readers;
}

void GroupSearch::consider(FusionGroup *producer, FusionGroup *reader) {
  std::string reason;
  FailureOr<FusionGroup> joined = joinGroups(*producer, *reader, reason);
  if (failed(joined))
    return;
  GroupBody body(*joined);
  KernelPrice together = pricer.price(joined->anchor, body.body, body.operands.getArrayRef(), body.results);
  int64_t saved = std::llround((producer->price.total() + reader->price.total() - together.total()) * 1e12);
  if (saved > 0)
    pairs.push({saved, producer, reader, numbers.lookup(reader->operations.front()),
                numbers.lookup(producer->operations.back())});
}

/// Collects the groups between a producer and its reader that wait for the producer. Answers with the first that the
/// reader waits for as well, or null.
FusionGroup *GroupSearch::collectBetween(FusionGroup *producer, FusionGroup *reader, GroupSet &behind) const {
  SmallVector<FusionGroup *> pending;
  auto visit = [&](FusionGroup *group, FusionGroup *from) {
    if (group == reader)
      return from != producer;
    if (group->place < reader->place && behind.insert(group))
      pending.push_back(group);
    return false;
  };
  for (FusionGroup *group : readersOf(*producer))
    visit(group, producer);
  while (!pending.empty()) {
    FusionGroup *from = pending.pop_back_val();
    for (FusionGroup *group : readersOf(*from))
      if (visit(group, from))
        return from;
  }
  return nullptr;
}

/// The groups between a producer and its reader that the reader waits for.
GroupSearch::GroupSet GroupSearch::collectBefore(FusionGroup *producer, FusionGroup *reader) const {
  GroupSet before;
  SmallVector<FusionGroup *> pending{reader};
  while (!pending.empty())
    for (FusionGroup *group : producersOf(*pending.pop_back_val()))
      if (group->place > producer->place && before.insert(group))
        pending.push_back(group);
  return before;
}

/// Puts the joined group into the order of launches instead of the two. Of what stands between them the reader waits
/// for `before`, and `behind` waits for the producer.
void GroupSearch::replace(FusionGroup *producer, FusionGroup *reader, FusionGroup *joined, const GroupSet &before,
                          const GroupSet &behind) {
  size_t begin = producer->place, end = reader->place + 1;
  bool isEarly = before.size() <= behind.size();
  SmallVector<FusionGroup *> first, rest;
  for (FusionGroup *group : ArrayRef(order).slice(begin, end - begin))
    if (group && group != producer && group != reader)
      ((isEarly ? before.contains(group) : !behind.contains(group)) ? first : rest).push_back(group);
  first.push_back(joined);
  first.append(rest);
  first.resize(end - begin, nullptr);
  for (auto [offset, group] : llvm::enumerate(first)) {
    order[begin + offset] = group;
    if (group)
      group->place = begin + offset;
  }
  for (FusionGroup *old : {producer, reader})
    old->operations.clear();
}

void GroupSearch::join() {
  for (FusionGroup *reader : order)
    for (FusionGroup *producer : producersOf(*reader))
      consider(producer, reader);
  while (!pairs.empty()) {
    Pair pair = pairs.top();
    pairs.pop();
    if (pair.producer->operations.empty() || pair.reader->operations.empty())
      continue;
    GroupSet behind;
    if (collectBetween(pair.producer, pair.reader, behind))
      continue;
    GroupSet before = collectBefore(pair.producer, pair.reader);
    std::string reason;
    FusionGroup *joined = add(*joinGroups(*pair.producer, *pair.reader, reason));
    replace(pair.producer, pair.reader, joined, before, behind);
    for (FusionGroup *producer : producersOf(*joined))
      consider(producer, joined);
    for (FusionGroup *reader : readersOf(*joined))
      consider(joined, reader);
  }
}

GroupBoundary GroupSearch::explain(FusionGroup *producer, FusionGroup *reader) {
  GroupBoundary boundary{producer, reader, ""};
  FailureOr<FusionGroup> joined = joinGroups(*producer, *reader, boundary.reason);
  if (failed(joined))
    return boundary;
  GroupSet behind;
  boundary.between = collectBetween(producer, reader, behind);
  if (boundary.between)
    return boundary;
  GroupBody body(*joined);
  KernelPrice together = pricer.price(joined->anchor, body.body, body.operands.getArrayRef(), body.results);
  llvm::raw_string_ostream stream(boundary.reason);
  printSeconds(stream, producer->price.total() + reader->price.total());
  stream << " apart, together ";
  together.print(stream);
  return boundary;
}

FusionCut GroupSearch::finish(bool findBoundaries) {
  FusionCut cut;
  llvm::erase(order, nullptr);
  if (findBoundaries)
    for (FusionGroup *producer : order)
      for (FusionGroup *reader : readersOf(*producer))
        cut.boundaries.push_back(explain(producer, reader));
  llvm::erase_if(groups, [](const auto &group) { return group->operations.empty(); });
  llvm::sort(groups, [](const auto &a, const auto &b) { return a->place < b->place; });
  cut.groups = std::move(groups);
  return cut;
}

} // namespace

FailureOr<FusionCut> hadal::findFusionGroups(func::FuncOp entry, KernelPricer &pricer, bool findBoundaries) {
  GroupSearch search(pricer);
  if (failed(search.open(entry)))
    return failure();
  search.join();
  return search.finish(findBoundaries);
}
