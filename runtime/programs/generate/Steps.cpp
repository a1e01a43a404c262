// From the tables to steps, and from sequences to the inputs of a step.
#include "runtime/programs/generate/Steps.h"

#include <algorithm>
#include <array>

namespace hadal {
namespace {

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
  std::ranges::stable_sort(all, {}, &Step::sequences);
  requireOfProgram(std::ranges::any_of(all, [&](const Step &step) { return step.rows == 1 && !step.pick; }),
                   "no entry point adds one row to a sequence");
  requireOfProgram(std::ranges::any_of(all, [](const Step &step) { return step.pick.has_value(); }),
                   "no entry point reads a prompt");
  requireOfProgram(pages >= pagesOfSequence * mostSequences, "its caches have ", pages, " pages, too few for ",
                   mostSequences, " sequences of ", pagesOfSequence);
}

const Step &Steps::decode(size_t sequences) const {
  return *std::ranges::find_if(all, [&](const Step &step) {
    return step.rows == 1 && !step.pick && step.sequences >= static_cast<int64_t>(sequences);
  });
}

const Step &Steps::prefill() const {
  return *std::ranges::max_element(all, {}, [](const Step &step) { return step.pick ? step.rows : 0; });
}

StepRunner::StepRunner(Session &session, const Steps &steps) : session(session), steps(steps) {}

void StepRunner::run(const Step &step, std::span<const AddedRows> added) {
  auto size = [](int64_t count) { return static_cast<size_t>(count); };
  tokens.assign(size(step.sequences * step.width), 0);
  positions.assign(size(step.sequences * step.rows), -1);
  lengths.assign(size(step.sequences), 0);
  pages.assign(size(step.sequences * steps.pagesOfSequence), -1);
  picked.assign(size(step.sequences), -1);
  lastRows.clear();
  for (size_t i = 0; i < added.size(); ++i) {
    const AddedRows &rows = added[i];
    std::ranges::copy(rows.tokens, tokens.begin() + static_cast<int64_t>(i) * step.width);
    for (size_t row = 0; row < rows.tokens.size(); ++row)
      positions[i * size(step.rows) + row] = static_cast<int32_t>(rows.first + static_cast<int64_t>(row));
    lengths[i] = static_cast<int32_t>(rows.first + static_cast<int64_t>(rows.tokens.size()));
    std::ranges::copy(rows.pages, pages.begin() + static_cast<int64_t>(i) * steps.pagesOfSequence);
    picked[i] = static_cast<int32_t>(rows.tokens.size()) - 1;
    lastRows.push_back(step.pick ? i : i * size(step.rows) + rows.tokens.size() - 1);
  }
  session.write<int32_t>(step.tokens, tokens);
  session.write<int32_t>(step.positions, positions);
  session.write<int32_t>(step.lengths, lengths);
  session.write<int32_t>(step.pages, pages);
  if (step.pick)
    session.write<int32_t>(*step.pick, picked);
  session.run(step.entry);
  auto read = [&](uint32_t result, std::vector<float> &values) {
    values.resize(elementCount(session.tensor(result)));
    session.read(result, 0, std::as_writable_bytes(std::span(values)));
  };
  read(step.logits, logits);
  read(step.normalizers, normalizers);
}

NextToken StepRunner::next(size_t sequence) const {
  size_t row = lastRows[sequence], vocabulary = static_cast<size_t>(steps.vocabulary);
  return {std::span(logits).subspan(row * vocabulary, vocabulary), normalizers[2 * row], normalizers[2 * row + 1]};
}

} // namespace hadal
