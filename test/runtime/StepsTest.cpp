// What a program that generates has to have: a fault of its tables is refused with what is wrong.
#include "runtime/programs/generate/Steps.h"
#include "test/runtime/ProgramBuilder.h"
#include "test/runtime/Support.h"

#include <functional>

namespace hadal::test {
namespace {

constexpr int64_t vocabulary = 10, pagesOfSequence = 2;

/// Tables with decode.1, decode.2, prefill.3 and prefill.2 over two caches of four pages of 4 positions.
struct GenerationTables {
  ProgramBuilder builder;

  GenerationTables() {
    builder.program.program = "generate";
    builder.program.vocabulary = vocabulary;
    for (const char *name : {"cache.0", "cache.1"})
      builder.tensor(HADAL_STATE, name, {4, 4, 3});
    addStep("decode.1", 1, 1);
    addStep("decode.2", 2, 1);
    addStep("prefill.3", 1, 3);
    addStep("prefill.2", 1, 2);
  }

  /// The message with which changed tables are refused.
  static std::string refusal(const std::function<void(GenerationTables &)> &change) {
    GenerationTables tables;
    change(tables);
    Program program(tables.builder.build());
    return failureOf(HADAL_EXIT_INPUT, [&] { Steps steps(program); });
  }
  /// The tensor of the step that has the name.
  hadal_tensor &find(size_t step, std::string_view name) {
    const EntryBuilder &entry = builder.entryBuilders[step];
    for (const std::vector<uint32_t> &list : {entry.inputs, entry.results})
      for (uint32_t index : list)
        if (builder.tensors[index].name == name)
          return builder.tensors[index];
    throw std::logic_error("no such tensor");
  }

private:
  void addStep(const char *name, int64_t sequences, int64_t rows) {
    EntryBuilder &entry = builder.entry(name);
    int64_t yielded = rows > 1 ? 1 : rows;
    entry.tokensAhead = 1;
    auto add = [&](std::vector<uint32_t> &list, hadal_role role, const char *tensor,
                   std::initializer_list<int64_t> shape,
                   uint32_t type) { list.push_back(builder.tensor(role, tensor, shape, type).index); };
    add(entry.inputs, HADAL_INPUT, "tokens", {sequences, rows + 1}, HADAL_I32);
    add(entry.inputs, HADAL_INPUT, "positions", {sequences, rows}, HADAL_I32);
    add(entry.inputs, HADAL_INPUT, "lengths", {sequences}, HADAL_I32);
    add(entry.inputs, HADAL_INPUT, "pages", {sequences, pagesOfSequence}, HADAL_I32);
    if (rows > 1)
      add(entry.inputs, HADAL_INPUT, "rows", {sequences, 1}, HADAL_I32);
    add(entry.results, HADAL_RESULT, "logits", {sequences, yielded, vocabulary}, HADAL_F32);
    add(entry.results, HADAL_RESULT, "normalizers", {sequences, yielded, 2}, HADAL_F32);
  }
};

void resize(hadal_tensor &tensor, size_t dimension, int64_t size) {
  tensor.dimensions[dimension] = tensor.global_dimensions[dimension] = size;
}

TEST(StepsTest, FindsTheStepThatFits) {
  GenerationTables tables;
  Program program(tables.builder.build());
  Steps steps(program);
  EXPECT_EQ(steps.decode(1).sequences, 1);
  EXPECT_EQ(steps.decode(2).sequences, 2);
  EXPECT_EQ(steps.prefill(1).rows, 2);
  EXPECT_EQ(steps.prefill(3).rows, 3);
  EXPECT_EQ(steps.prefill(100).rows, 3);
  EXPECT_EQ(steps.mostPromptRows(), 3u);
  EXPECT_TRUE(steps.prefill(1).pick.has_value());
  EXPECT_EQ(steps.mostPositions(), 8);
  EXPECT_EQ(steps.bytesOfPosition, 2u * 3 * 4);
}

TEST(StepsTest, RefusesTablesThatDoNotFit) {
  using Tables = GenerationTables;
  EXPECT_CONTAINS(Tables::refusal([](Tables &t) { t.find(0, "lengths").name = "sizes"; }),
                  "its entry point 'decode.1' has no tensor 'lengths'");
  EXPECT_CONTAINS(Tables::refusal([](Tables &t) { t.find(0, "positions").name = "places"; }),
                  "its entry point 'decode.1' has no input 'positions'");
  EXPECT_CONTAINS(Tables::refusal([](Tables &t) { resize(t.find(1, "logits"), 2, 9); }),
                  "'logits' of the entry point 'decode.2' is [2, 1, 9] of f32 instead of [2, 1, 10] of f32");
  EXPECT_CONTAINS(Tables::refusal([](Tables &t) { resize(t.find(2, "pages"), 1, 3); }),
                  "'pages' of the entry point 'prefill.3' is [1, 3] of i32 instead of [1, 2] of i32");
  EXPECT_CONTAINS(Tables::refusal([](Tables &t) { t.find(0, "positions").element_type = HADAL_F32; }),
                  "the input 'positions' of 'decode.1' is [1, 1] of f32; rows of i32 are expected");
  EXPECT_CONTAINS(Tables::refusal([](Tables &t) { resize(t.builder.tensors[1], 1, 5); }),
                  "the cache 'cache.1' is [4, 5, 3]; pages x positions x channels are expected, alike in all");
  EXPECT_CONTAINS(Tables::refusal([](Tables &t) {
                    for (size_t cache : {0, 1})
                      resize(t.builder.tensors[cache], 0, 3);
                  }),
                  "its caches have 3 pages, too few for 2 sequences of 2");
  EXPECT_CONTAINS(Tables::refusal([](Tables &t) {
                    t.builder.entryBuilders.pop_front();
                    t.builder.entryBuilders.pop_front();
                  }),
                  "no entry point adds one row to a sequence");
}

} // namespace
} // namespace hadal::test
