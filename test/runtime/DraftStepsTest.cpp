// What a program that drafts tokens has to have beside the steps of its model.
#include "runtime/programs/generate/Steps.h"
#include "test/runtime/ProgramBuilder.h"
#include "test/runtime/Support.h"

#include <functional>
#include <string>

namespace hadal::test {
namespace {

constexpr int64_t vocabulary = 10, channels = 3;

/// Tables with decode.1, decode.1.2, decode.1.3 and prefill.4, and what two depths draft beside each.
struct DraftTables {
  ProgramBuilder builder;
  std::deque<std::string> names;

  DraftTables() {
    builder.program.program = "generate";
    builder.program.vocabulary = vocabulary;
    builder.tensor(HADAL_STATE, "cache.0", {2, 4, 3});
    model = builder.parameter("model", {4}, 1);
    block = builder.parameter("block", {4}, 1);
    for (int64_t rows : {1, 2, 3, 4})
      for (int depth : {0, 1, 2})
        addStep(rows, depth);
  }

  /// The message with which changed tables are refused.
  static std::string refusal(const std::function<void(DraftTables &)> &change) {
    DraftTables tables;
    change(tables);
    Program program(tables.builder.build());
    return failureOf(HADAL_EXIT_INPUT, [&] { Steps steps(program); });
  }
  /// The entry point of a depth that adds so many rows.
  EntryBuilder &step(int64_t rows, int depth) {
    return builder.entryBuilders[static_cast<size_t>(3 * (rows - 1) + depth)];
  }
  /// Takes a tensor from those that a step reads or writes.
  void drop(std::vector<uint32_t> &list, std::string_view name) {
    std::erase_if(list, [&](uint32_t index) { return builder.tensors[index].name == name; });
  }

private:
  hadal_argument model, block;

  void addStep(int64_t rows, int depth) {
    std::string step = rows == 4 ? "prefill.4" : concat("decode.1", rows > 1 ? concat(".", rows) : "");
    names.push_back(depth ? concat("draft.", depth, ".", step) : step);
    EntryBuilder &entry = builder.entry(names.back().c_str());
    entry.tokensAhead = 3;
    bool picks = depth > 0 || rows == 4;
    int64_t yielded = picks ? 1 : rows;
    auto add = [&](std::vector<uint32_t> &list, hadal_role role, const char *name, std::initializer_list<int64_t> shape,
                   uint32_t type) { list.push_back(builder.tensor(role, name, shape, type).index); };
    add(entry.inputs, HADAL_INPUT, "tokens", {1, rows + 3}, HADAL_I32);
    add(entry.inputs, HADAL_INPUT, "positions", {1, rows}, HADAL_I32);
    add(entry.inputs, HADAL_INPUT, "lengths", {1}, HADAL_I32);
    add(entry.inputs, HADAL_INPUT, "pages", {1, 2}, HADAL_I32);
    if (picks)
      add(entry.inputs, HADAL_INPUT, "rows", {1, 1}, HADAL_I32);
    if (depth)
      add(entry.inputs, HADAL_INPUT, "hidden", {1, rows, channels}, HADAL_F32);
    add(entry.results, HADAL_RESULT, "logits", {1, yielded, vocabulary}, HADAL_F32);
    add(entry.results, HADAL_RESULT, "normalizers", {1, yielded, 2}, HADAL_F32);
    if (depth < 2)
      add(entry.results, HADAL_RESULT, "hidden", {1, rows, channels}, HADAL_F32);
    // What the depths read, the model may read as well.
    entry.fill("weights", depth ? block : model, 0, 4, 0);
    entry.fill("weights", model, 0, 4, 0);
  }
};

TEST(DraftStepsTest, FindsTheStepOfADepthThatFits) {
  DraftTables tables;
  Program program(tables.builder.build());
  Steps steps(program);
  EXPECT_EQ(steps.depths, 2);
  EXPECT_EQ(steps.mostDrafts, 2);
  EXPECT_EQ(steps.channels, channels);
  EXPECT_FALSE(steps.goesOn);
  for (int64_t depth : {0, 1, 2}) {
    EXPECT_EQ(steps.decode(1, 2, depth).rows, 2);
    EXPECT_EQ(steps.decode(1, 3, depth).depth, depth);
    EXPECT_EQ(steps.prefill(4, depth).rows, 4);
    EXPECT_EQ(steps.prefill(1, depth).depth, depth);
  }
  std::vector<uint32_t> ofDrafts = steps.parametersOfDrafts(program);
  ASSERT_EQ(ofDrafts.size(), 1u);
  EXPECT_STREQ(program.tensors()[ofDrafts.front()].name, "block");
}

TEST(DraftStepsTest, RefusesDraftsThatDoNotFitTheModel) {
  using Tables = DraftTables;
  EXPECT_CONTAINS(Tables::refusal([](Tables &t) { t.drop(t.step(2, 0).results, "hidden"); }),
                  "'decode.1.2' yields no hidden states for the next depth");
  EXPECT_CONTAINS(
      Tables::refusal([](Tables &t) { t.drop(t.step(2, 1).inputs, "hidden"); }),
      "'draft.1.decode.1.2' reads hidden states and picks rows unless it is a draft, or the other way round");
  EXPECT_CONTAINS(Tables::refusal([](Tables &t) {
                    t.step(3, 2).name = "draft.2.decode.1.30";
                    t.step(3, 1).name = "draft.2.decode.1.3";
                  }),
                  "no entry point is for depth 1 what 'decode.1.3' is for depth 0");
  EXPECT_CONTAINS(Tables::refusal([](Tables &t) {
                    hadal_tensor &states = t.builder.tensors[t.step(1, 1).results.back()];
                    states.dimensions[2] = states.global_dimensions[2] = 5;
                  }),
                  "'hidden' of the entry point 'draft.1.decode.1' is [1, 1, 5] of f32 instead of [1, 1, 3] of f32");
}

} // namespace
} // namespace hadal::test
