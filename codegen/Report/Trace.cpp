//===- Trace.cpp - the times of a run, from the trace that it wrote -----------------------------------------------===//
//
// A slice is one command on one thread, with the entry point as its category and the command's number among its
// arguments. A thread that finds no task left has none. The commands of an entry point run one after the other, so in
// the order of time their numbers rise until another run begins.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Report/Trace.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include <map>
#include <set>

using namespace mlir;
using namespace hadal;

namespace {

/// One command on one thread, in microseconds.
struct Slice {
  double begin, duration;
  int64_t thread;
  unsigned command;
};

/// From the first thread's begin to the last one's end, in microseconds.
struct Span {
  double begin = 0, end = 0;
  bool exists = false;

  void add(double from, double duration) {
    begin = exists ? std::min(begin, from) : from;
    end = exists ? std::max(end, from + duration) : from + duration;
    exists = true;
  }
  double seconds() const { return (end - begin) * 1e-6; }
};

class TraceReader {
public:
  TraceReader(StringRef path, const ProgramFacts &program) : path(path), program(program) {
    for (auto [number, entry] : llvm::enumerate(program.entries))
      entryNumbers[entry.name()] = number;
    slices.resize(program.entries.size());
  }

  llvm::Expected<MeasuredRun> read(StringRef text) {
    llvm::Expected<llvm::json::Value> document = llvm::json::parse(text);
    if (!document)
      return fail("is no JSON: " + llvm::toString(document.takeError()));
    const llvm::json::Object *object = document->getAsObject();
    const llvm::json::Array *events = object ? object->getArray("traceEvents") : nullptr;
    if (!events)
      return fail("is no trace: it has no list \"traceEvents\", as ./train --trace FILE writes it");
    for (const llvm::json::Value &event : *events)
      if (const llvm::json::Object *slice = event.getAsObject())
        if (llvm::Error error = add(*slice))
          return std::move(error);
    return finish();
  }

private:
  llvm::Error fail(const Twine &what) { return llvm::createStringError("the trace " + path + " " + what); }

  llvm::Error add(const llvm::json::Object &slice) {
    StringRef kind = slice.getString("ph").value_or("");
    const llvm::json::Object *arguments = slice.getObject("args");
    if (kind == "M" && slice.getString("name") == StringRef("process_name") && arguments)
      name = arguments->getString("name").value_or("").str();
    if (kind == "M" && slice.getString("name") == StringRef("machine_rates"))
      return addRates(arguments);
    if (kind != "X")
      return llvm::Error::success();
    std::optional<StringRef> command = slice.getString("name"), category = slice.getString("cat");
    std::optional<double> begin = slice.getNumber("ts"), duration = slice.getNumber("dur");
    std::optional<int64_t> thread = slice.getInteger("tid"),
                           number = arguments ? arguments->getInteger("command") : std::nullopt;
    if (!command || !category || !begin || !duration || !thread || !number || *number < 0)
      return fail("has a slice without name, cat, ts, dur, tid or args.command: it was not written by a program of "
                  "hadalc");
    return addCommand(*category, *command, *thread, unsigned(*number), *begin, *duration);
  }

  llvm::Error addRates(const llvm::json::Object *arguments) {
    MeasuredRates found;
    for (auto [key, rate] : {std::pair("memory bytes per second", &found.memoryBytes),
                             {"second-level cache bytes per second", &found.cacheBytes},
                             {"f32 multiply-adds per second", &found.multiplyAdds}}) {
      std::optional<double> number = arguments ? arguments->getNumber(key) : std::nullopt;
      if (!number || !(*number > 0))
        return fail(Twine("tells the rates of a machine, and \"") + key + "\" is not above 0");
      *rate = *number;
    }
    rates = found;
    return llvm::Error::success();
  }

  llvm::Error addCommand(StringRef category, StringRef command, int64_t thread, unsigned number, double begin,
                         double duration) {
    auto found = entryNumbers.find(category);
    if (found == entryNumbers.end())
      return fail("is of another program: it runs the entry point '" + category + "', which this one does not have");
    const EntryFacts &entry = program.entries[found->second];
    if (number < entry.commands)
      if (std::string expected = program.nameCommand(entry, number); expected != command)
        return fail("is of another program: command " + Twine(number) + " of '" + category + "' is '" + command +
                    "' there and '" + expected + "' here; compile the model as the program that ran was compiled");
    if (number >= entry.commands + entry.plan.copies.size())
      return fail("is of another program: '" + category + "' runs a command " + Twine(number) + ", '" + command +
                  "', and this one has " + Twine(entry.commands));
    threads.insert(thread);
    slices[found->second].push_back({begin, duration, thread, number});
    return llvm::Error::success();
  }

  /// Of each command of each run, from its slices on all threads.
  static std::map<std::pair<int64_t, unsigned>, Span> joinThreads(std::vector<Slice> &slices) {
    llvm::sort(slices, [](const Slice &a, const Slice &b) {
      return std::tie(a.begin, a.command, a.thread) < std::tie(b.begin, b.command, b.thread);
    });
    std::map<std::pair<int64_t, unsigned>, Span> spans;
    std::set<int64_t> seen; // threads of the last command
    int64_t run = 0, last = -1;
    for (const Slice &slice : slices) {
      bool isSame = slice.command == last;
      run += slice.command < last || (isSame && seen.contains(slice.thread));
      if (!isSame || seen.contains(slice.thread))
        seen.clear();
      seen.insert(slice.thread);
      last = slice.command;
      spans[{run, slice.command}].add(slice.begin, slice.duration);
    }
    return spans;
  }

  llvm::Expected<MeasuredRun> finish() {
    MeasuredRun run{name, int64_t(threads.size()), {}, rates};
    for (auto [entry, ofEntry] : llvm::zip_equal(program.entries, slices)) {
      MeasuredEntry &measured = run.entries.emplace_back();
      measured.launches.resize(entry.launches.size());
      std::map<int64_t, Span> whole;
      for (const auto &[key, span] : joinThreads(ofEntry)) {
        whole[key.first].add(span.begin, span.end - span.begin);
        if (key.second < entry.commands)
          measured.launches[ProgramFacts::findLaunch(entry, key.second)] += span.seconds();
        else
          measured.others += span.seconds();
      }
      measured.runs = whole.size();
      for (const auto &[number, span] : whole)
        measured.seconds += span.seconds();
    }
    if (threads.empty())
      return fail("holds no launch: run the program with --trace for a step or more");
    return run;
  }

  std::string path;
  const ProgramFacts &program;
  std::string name;
  std::optional<MeasuredRates> rates;
  llvm::StringMap<size_t> entryNumbers;
  std::set<int64_t> threads;
  /// Of each entry point.
  std::vector<std::vector<Slice>> slices;
};

} // namespace

llvm::Expected<MeasuredRun> hadal::readTrace(StringRef path, const ProgramFacts &program) {
  llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> file = llvm::MemoryBuffer::getFile(path);
  if (!file)
    return llvm::createStringError("cannot read the trace " + path + ": " + file.getError().message());
  return TraceReader(path, program).read((*file)->getBuffer());
}
