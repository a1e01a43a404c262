// Numbers that the runtime writes before a run: bounds, tasks and extents that follow from them, kernels that read
// them.
#include "runtime/core/Session.h"
#include "runtime/devices/emulator/calls.h"
#include "test/runtime/ProgramBuilder.h"
#include "test/runtime/Support.h"

namespace hadal::test {
namespace {

constexpr const char *location = "model.mlir:3:5 in mark.rows, llvm.store";

/// Adds the number to its task's element.
void mark(void *const *arguments, int64_t, int64_t first, int64_t end, void *) {
  for (int64_t task = first; task < end; ++task)
    static_cast<int32_t *>(arguments[0])[task] += static_cast<int32_t>(*static_cast<const int64_t *>(arguments[1]));
}

/// The same on a GPU, for the first thread of each block.
void markOnGPU(void *const *arguments, int64_t, const void *const *) {
  if (hadal_emulator_thread_id() != 0)
    return;
  int32_t *element = static_cast<int32_t *>(arguments[0]) + hadal_emulator_block_id();
  hadal_emulator_load(element, 4, 4, 0, location);
  hadal_emulator_load(arguments[1], 8, 8, 0, location);
  hadal_emulator_store(element, 4, 4, 0, location);
  *element += static_cast<int32_t>(*static_cast<const int64_t *>(arguments[1]));
  hadal_emulator_stored(element, 4, location);
}

/// Up to 10 tokens, two tasks for three of them.
struct MarkingProgram {
  ProgramBuilder builder;
  hadal_argument tokens = builder.number("tokens", 10);
  hadal_argument marks = builder.tensor(HADAL_STATE, "marks", {7}, HADAL_I32);
  hadal_argument input = builder.tensor(HADAL_INPUT, "input", {3, 10}, HADAL_I32);
  EntryBuilder &entry = builder.entry("mark");
  hadal_gpu_launch gpu = {.symbol = "mark$rows",
                          .location = "model.mlir:3:5",
                          .function = markOnGPU,
                          .blocks = 7,
                          .threads = 32,
                          .cluster = 1,
                          .shared_bytes = 0,
                          .map_count = 0,
                          .maps = nullptr};

  explicit MarkingProgram(bool emulated = false) {
    builder.tensors[input.index].extents[1] = tokens.index;
    entry.launchBy(tokens.index, 10, 2, 3, mark, "mark.rows", {marks, tokens});
    if (!emulated)
      return;
    builder.program.target = "sm_90a";
    builder.program.emulated = 1;
    entry.launches[0].function = nullptr;
    entry.launches[0].gpu = &gpu;
  }
  std::string failure() {
    return failureOf(HADAL_EXIT_INPUT, [&] { Program program(builder.build()); });
  }
};

TEST(TableNumbersTest, TasksFollowFromANumber) {
  for (bool emulated : {false, true})
    for (unsigned threads : {1u, 3u}) {
      MarkingProgram program(emulated);
      Session session(program.builder.build(), {.threads = threads});
      std::vector<int32_t> expected(7);
      for (int64_t tokens : {4, 0, 10, 1, 3}) {
        session.setNumber("tokens", tokens);
        session.run("mark");
        for (int64_t task = 0; task < (2 * tokens + 2) / 3; ++task)
          expected[static_cast<size_t>(task)] += static_cast<int32_t>(tokens);
        EXPECT_EQ(session.read<int32_t>(program.marks.index), expected) << tokens << " tokens, emulated " << emulated;
        EXPECT_EQ(session.shapeOf(program.input.index), (std::vector<int64_t>{3, tokens}));
      }
    }
}

TEST(TableNumbersTest, StayWithinTheirBounds) {
  MarkingProgram program;
  Session session(program.builder.build(), {.threads = 1});
  EXPECT_EQ(failureOf(HADAL_EXIT_INPUT, [&] { session.run("mark"); }),
            "the entry point 'mark' depends on the number 'tokens', which nobody has written");
  EXPECT_EQ(failureOf(HADAL_EXIT_INPUT, [&] { session.setNumber("tokens", 11); }),
            "the number 'tokens' is 11; the program was compiled for 0 to 10");
  EXPECT_EQ(failureOf(HADAL_EXIT_INPUT, [&] { session.setNumber("tokens", -1); }),
            "the number 'tokens' is -1; the program was compiled for 0 to 10");
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, [&] { session.setNumber("pages", 1); }), "has no number 'pages'");
}

TEST(TableNumbersTest, RefusesMalformedNumbers) {
  auto failure = [](auto change) {
    MarkingProgram program;
    change(program);
    return program.failure();
  };
  using P = MarkingProgram;
  EXPECT_CONTAINS(failure([](P &p) { p.builder.numbers[0].name = nullptr; }), "number 0 has no name");
  EXPECT_CONTAINS(failure([](P &p) { p.builder.numbers[0].bound = 0; }), "the number 'tokens' has the bound 0");
  EXPECT_CONTAINS(failure([](P &p) { p.builder.number("tokens", 3); }), "two numbers are named 'tokens'");
  EXPECT_CONTAINS(failure([](P &p) { p.entry.launches[0].number = 1; }), "has tasks by the number 1 of 1");
  EXPECT_CONTAINS(failure([](P &p) { p.entry.launches[0].number = HADAL_NONE; }),
                  "has tasks by a factor and a divisor, but of no number");
  EXPECT_CONTAINS(failure([](P &p) { p.entry.launches[0].task_divisor = 0; }), "by the factor 2 and the divisor 0");
  EXPECT_CONTAINS(failure([](P &p) { p.entry.launches[0].tasks = 8; }),
                  "command 0 of 'mark' has 8 tasks, which is not ceil(10 * 2 / 3) by the bound of 'tokens'");
  EXPECT_CONTAINS(failure([](P &p) { p.entry.launches[0].task_factor = INT64_MAX; }), "which is not ceil(10 * 9223");
  EXPECT_CONTAINS(failure([](P &p) { p.entry.arguments[1].index = 1; }), "an argument with index 1 out of range");
  EXPECT_CONTAINS(failure([](P &p) { p.builder.tensors[1].extents[1] = 4; }), "has the number 4 of 1 as extent 1");
  EXPECT_CONTAINS(failure([](P &p) { p.builder.tensors[1].extents[0] = 0; }),
                  "tensor 1 'input' has the dimension 3, and its extent 'tokens' the bound 10");
  EXPECT_CONTAINS(failure([](P &p) { p.builder.parameter("w", {10}, 1), p.builder.tensors.back().extents[0] = 0; }),
                  "has an extent that varies, as only inputs, results and states may");
  MarkingProgram clusters(true);
  clusters.entry.launches[0].tasks = 8;
  clusters.builder.numbers[0].bound = 12;
  clusters.builder.tensors[1].extents[1] = HADAL_NONE;
  clusters.gpu.blocks = 8;
  clusters.gpu.cluster = 2;
  EXPECT_CONTAINS(clusters.failure(), "has clusters of 2 blocks, whose number varies");
}

TEST(TableNumbersTest, TensorsAreWholeAndInRows) {
  auto failure = [](auto change) {
    MarkingProgram program;
    change(program.builder.tensors[program.input.index]);
    return program.failure();
  };
  EXPECT_CONTAINS(failure([](hadal_tensor &t) { t.lifetime = 4; }), "tensor 1 'input' has the unknown lifetime 4");
  EXPECT_CONTAINS(failure([](hadal_tensor &t) { t.layout = 2; }), "tensor 1 'input' has the unknown layout 2");
  EXPECT_CONTAINS(failure([](hadal_tensor &t) { t.layout = HADAL_TILED; }),
                  "tensor 1 'input' lies in tiles, as only packed forms of parameters may");
  EXPECT_CONTAINS(failure([](hadal_tensor &t) { t.global_dimensions[0] = 6; }),
                  "tensor 1 'input' is a part of [6] in dimension 0, [3] from 0 on; on one device it has to be whole");
  EXPECT_CONTAINS(failure([](hadal_tensor &t) { t.box_offsets[1] = 2; }), "[10] from 2 on");
  EXPECT_CONTAINS(failure([](hadal_tensor &t) { t.role = HADAL_STATE; }),
                  "lives for one run only, as nothing but inputs and results may");
}

} // namespace
} // namespace hadal::test
