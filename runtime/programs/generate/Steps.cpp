// From the tables to steps, and from sequences to the inputs of a step.
#include "runtime/programs/generate/Steps.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

namespace hadal {
namespace {

/// The depth that a name such as "draft.2.decode.4" speaks of, which is taken off it; 0 for others.
int64_t takeDepth(std::string_view &name) {
  constexpr std::string_view prefix = "draft.";
  int64_t depth = 0;
  if (!name.starts_with(prefix))
    return 0;
  auto [rest, error] = std::from_chars(name.data() + prefix.size(), name.data() + name.size(), depth);
  if (error != std::errc() || depth < 1 || rest == name.data() + name.size() || *rest != '.')
    return 0;
  name.remove_prefix(static_cast<size_t>(rest + 1 - name.data()));
  return depth;
}

/// The input or result of an entry point, of the shape and type that are expected.
uint32_t requireTensor(const Program &program, const hadal_entry &entry, std::optional<uint32_t> index,
                       std::string_view name, std::span<const int64_t> shape, uint32_t elementType) {
  requireOfProgram(index.has_value(), "its entry point '", entry.name, "' has no tensor '", name, "'");
  const hadal_tensor &tensor = program.tensors()[*index];
  requireOfProgram(tensor.element_type == elementType && std::ranges::equal(dimensions(tensor), shape), "'", name,
                   "' of the entry point '", entry.name, "' is ", describeShape(dimensions(tensor)), " of ",
                   describeElementType(tensor.element_type), " instead of ", describeShape(shape), " of ",
                   describeElementType(elementType));
  return *index;
}

/// The shape of a tensor that says a part of a step's own.
std::array<int64_t, 2> requireMatrix(const Program &program, const hadal_entry &entry, std::optional<uint32_t> index,
                                     std::string_view name) {
  requireOfProgram(index.has_value(), "its entry point '", entry.name, "' has no input '", name, "'");
  const hadal_tensor &tensor = program.tensors()[*index];
  requireOfProgram(tensor.rank == 2 && tensor.element_type == HADAL_I32, "the input '", name, "' of '", entry.name,
                   "' is ", describeShape(dimensions(tensor)), " of ", describeElementType(tensor.element_type),
                   "; rows of i32 are expected");
  return {tensor.dimensions[0], tensor.dimensions[1]};
}

Step readStep(const Program &program, uint32_t number, int64_t pagesOfSequence) {
  const hadal_entry &entry = program.entries()[number];
  auto input = [&](std::string_view name, std::span<const int64_t> shape) {
    return requireTensor(program, entry, program.findInput(number, name), name, shape, HADAL_I32);
  };
  auto result = [&](std::string_view name, std::span<const int64_t> shape) {
    return requireTensor(program, entry, program.findResult(number, name), name, shape, HADAL_F32);
  };
  Step step;
  step.entry = number;
  auto [sequences, rows] = requireMatrix(program, entry, program.findInput(number, "positions"), "positions");
  step.sequences = sequences;
  step.rows = rows;
  step.width = rows + entry.tokens_ahead;
  step.tokens = input("tokens", std::array{sequences, step.width});
  step.positions = input("positions", std::array{sequences, rows});
  step.lengths = input("lengths", std::array{sequences});
  step.pages = input("pages", std::array{sequences, pagesOfSequence});
  if (program.findInput(number, "rows"))
    step.pick = input("rows", std::array<int64_t, 2>{sequences, 1});
  int64_t yielded = step.pick ? 1 : rows;
  step.logits = result("logits", std::array{sequences, yielded, program->vocabulary});
  step.normalizers = result("normalizers", std::array<int64_t, 3>{sequences, yielded, 2});
  std::string_view name = entry.name;
  step.depth = takeDepth(name);
  step.isPrefill = name.starts_with("prefill.");
  step.given = program.findInput(number, "hidden");
  step.hidden = program.findResult(number, "hidden");
  return step;
}

} // namespace

void Steps::verifyCaches(const Program &program) {
  for (uint32_t index : program.tensorsOf(HADAL_STATE)) {
    const hadal_tensor &cache = program.tensors()[index];
    std::span shape = dimensions(cache);
    requireOfProgram(shape.size() == 3 && (!pages || (shape[0] == pages && shape[1] == positionsOfPage)), "the cache '",
                     cache.name, "' is ", describeShape(shape),
                     "; pages x positions x channels are expected, alike in all");
    pages = shape[0];
    positionsOfPage = shape[1];
    bytesOfPosition += static_cast<uint64_t>(shape[2]) * elementSize(cache.element_type);
  }
}

/// Hidden states go from the model to the first depth and from each to the next, for the same rows of the same steps.
void Steps::verifyDrafts(const Program &program) {
  for (const Step &step : all)
    depths = std::max(depths, step.depth);
  for (const Step &step : all) {
    const char *name = program.entries()[step.entry].name;
    for (std::optional<uint32_t> states : {step.given, step.hidden}) {
      if (!states)
        continue;
      const hadal_tensor &tensor = program.tensors()[*states];
      channels = channels || tensor.rank != 3 ? channels : tensor.dimensions[2];
      requireTensor(program, program.entries()[step.entry], states, "hidden",
                    std::array{step.sequences, step.rows, channels}, HADAL_F32);
    }
    requireOfProgram(step.given.has_value() == (step.depth > 0) && (step.depth == 0 || step.pick), "'", name,
                     "' reads hidden states and picks rows unless it is a draft, or the other way round");
    requireOfProgram(step.depth >= depths || step.hidden, "'", name, "' yields no hidden states for the next depth");
    for (int64_t depth = 0; depth <= depths; ++depth)
      requireOfProgram(std::ranges::any_of(all,
                                           [&](const Step &other) {
                                             return other.depth == depth && other.sequences == step.sequences &&
                                                    other.rows == step.rows && other.isPrefill == step.isPrefill;
                                           }),
                       "no entry point is for depth ", depth, " what '", name, "' is for depth ", step.depth);
    if (depths > 0 && step.depth == 0 && !step.pick)
      mostDrafts = std::max(mostDrafts, step.rows - 1);
    goesOn |= depths > 0 && step.depth == depths && step.hidden;
  }
}

Steps::Steps(const Program &program) : vocabulary(program->vocabulary) {
  verifyCaches(program);
  for (uint32_t number = 0; number < program.entries().size(); ++number) {
    const hadal_entry &entry = program.entries()[number];
    if (entry.kind != HADAL_ENTRY_CALLED)
      continue;
    if (!pagesOfSequence)
      pagesOfSequence = requireMatrix(program, entry, program.findInput(number, "pages"), "pages")[1];
    all.push_back(readStep(program, number, pagesOfSequence));
    mostSequences = std::max(mostSequences, all.back().sequences);
  }
  // A model that keeps nothing of earlier positions has no caches.
  if (!pages) {
    pages = pagesOfSequence * mostSequences;
    positionsOfPage = 64;
  }
  requireOfProgram(std::ranges::any_of(all, [&](const Step &step) { return step.rows == 1 && !step.pick; }),
                   "no entry point adds one row to a sequence");
  requireOfProgram(std::ranges::any_of(all, [](const Step &step) { return step.isPrefill && step.depth == 0; }),
                   "no entry point reads a prompt");
  verifyDrafts(program);
  requireOfProgram(pages >= pagesOfSequence * mostSequences, "its caches have ", pages, " pages, too few for ",
                   mostSequences, " sequences of ", pagesOfSequence);
}

const Step &Steps::decode(size_t sequences, size_t rows, int64_t depth) const {
  const Step *smallest = nullptr;
  for (const Step &step : all) {
    bool fits = step.depth == depth && !step.isPrefill && step.pick.has_value() == (depth > 0) &&
                step.sequences >= static_cast<int64_t>(sequences) && step.rows >= static_cast<int64_t>(rows);
    if (fits && (!smallest || step.sequences * step.rows < smallest->sequences * smallest->rows))
      smallest = &step;
  }
  return *smallest;
}

const Step &Steps::prefill(size_t rows, int64_t depth) const {
  int64_t wanted = std::min(static_cast<int64_t>(rows), static_cast<int64_t>(mostPromptRows()));
  const Step *smallest = nullptr;
  for (const Step &step : all)
    if (step.depth == depth && step.isPrefill && step.rows >= wanted && (!smallest || step.rows < smallest->rows))
      smallest = &step;
  return *smallest;
}

size_t Steps::mostPromptRows() const {
  int64_t most = 0;
  for (const Step &step : all)
    most = std::max(most, step.isPrefill ? step.rows : 0);
  return static_cast<size_t>(most);
}

std::vector<uint32_t> Steps::parametersOfDrafts(const Program &program) const {
  std::set<uint32_t> read;
  for (const Step &step : all) {
    const hadal_entry &entry = program.entries()[step.entry];
    for (const hadal_argument &argument : std::span(entry.arguments, entry.argument_count))
      if (step.depth == 0 && argument.kind == HADAL_ARGUMENT_TENSOR)
        read.insert(program.tensors()[argument.index].owner);
  }
  std::vector<uint32_t> others = program.tensorsOf(HADAL_PARAMETER);
  // Scales may always be missing.
  std::erase_if(others, [&](uint32_t parameter) { return read.contains(parameter) || program.areScales(parameter); });
  return others;
}

StepRunner::StepRunner(Session &session, const Steps &steps) : session(session), steps(steps) {}

void StepRunner::run(const Step &step, std::span<const AddedRows> added, CommandRecorder *recorder) {
  auto size = [](int64_t count) { return static_cast<size_t>(count); };
  latest = &step;
  tokens.assign(size(step.sequences * step.width), 0);
  positions.assign(size(step.sequences * step.rows), -1);
  lengths.assign(size(step.sequences), 0);
  pages.assign(size(step.sequences * steps.pagesOfSequence), -1);
  picked.assign(size(step.sequences), -1);
  size_t rowSize = step.given ? size(steps.channels) : 0;
  hidden.assign(size(step.sequences * step.rows) * rowSize, 0);
  lastRows.clear();
  for (size_t i = 0; i < added.size(); ++i) {
    const AddedRows &rows = added[i];
    size_t count = rows.rows(), first = i * size(step.rows);
    std::ranges::copy(rows.tokens.first(std::min(rows.tokens.size(), size(step.width))),
                      tokens.begin() + static_cast<int64_t>(i) * step.width);
    for (size_t row = 0; row < count; ++row)
      positions[first + row] = static_cast<int32_t>(rows.first + static_cast<int64_t>(row));
    lengths[i] = static_cast<int32_t>(rows.first + static_cast<int64_t>(count));
    std::ranges::copy(rows.pages, pages.begin() + static_cast<int64_t>(i) * steps.pagesOfSequence);
    if (step.given)
      std::ranges::copy(rows.hidden, hidden.begin() + static_cast<int64_t>(first * rowSize));
    picked[i] = static_cast<int32_t>(count) - 1;
    lastRows.push_back(step.pick ? i : first + count - 1);
  }
  session.write<int32_t>(step.tokens, tokens);
  session.write<int32_t>(step.positions, positions);
  session.write<int32_t>(step.lengths, lengths);
  session.write<int32_t>(step.pages, pages);
  if (step.pick)
    session.write<int32_t>(*step.pick, picked);
  if (step.given)
    session.write<float>(*step.given, hidden);
  session.run(step.entry, recorder);
  auto read = [&](uint32_t result, std::vector<float> &values) {
    values.resize(elementCount(session.tensor(result)));
    session.read(result, 0, std::as_writable_bytes(std::span(values)));
  };
  read(step.logits, logits);
  read(step.normalizers, normalizers);
}

NextToken StepRunner::read(size_t row) const {
  size_t vocabulary = static_cast<size_t>(steps.vocabulary);
  return {std::span(logits).subspan(row * vocabulary, vocabulary), normalizers[2 * row], normalizers[2 * row + 1]};
}

void StepRunner::appendHidden(size_t sequence, size_t row, size_t count, std::vector<float> &states) const {
  size_t channels = static_cast<size_t>(steps.channels), first = sequence * static_cast<size_t>(latest->rows) + row;
  states.resize(states.size() + count * channels);
  session.read(*latest->hidden, first * channels * sizeof(float),
               std::as_writable_bytes(std::span(states).last(count * channels)));
}

} // namespace hadal
