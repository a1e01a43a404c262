// Packed forms of parameters: made by entry points that are run when a parameter has been loaded or initialized, in
// memory that they alone keep.
#include "runtime/core/Initializer.h"
#include "runtime/core/MemoryNeeds.h"
#include "runtime/core/Session.h"
#include "runtime/core/TensorPlacement.h"
#include "test/runtime/ProgramBuilder.h"
#include "test/runtime/Support.h"

#include <numeric>

namespace hadal::test {
namespace {

/// Panels of 2 columns of a matrix [3, 2] by 2 more of padding, as a kernel would write them.
void pack(void *const *arguments, int64_t, int64_t, int64_t, void *) {
  const float *from = static_cast<const float *>(arguments[0]);
  float *to = static_cast<float *>(arguments[1]);
  for (int64_t panel = 0; panel < 2; ++panel)
    for (int64_t depth = 0; depth < 2; ++depth)
      for (int64_t lane = 0; lane < 2; ++lane)
        *to++ = 2 * panel + lane < 3 ? from[(2 * panel + lane) * 2 + depth] : 0.0f;
}

/// Adds up all elements of a packed matrix.
void addUp(void *const *arguments, int64_t, int64_t, int64_t, void *) {
  const float *from = static_cast<const float *>(arguments[0]);
  *static_cast<float *>(arguments[1]) = std::accumulate(from, from + 8, 0.0f);
}

/// Two parameters that are kept in panels, and a sum over those of the first.
struct PackingProgram {
  ProgramBuilder builder;
  hadal_argument first = parameter("first"), second = parameter("second");
  hadal_argument firstPanels = packedForm(first), secondPanels = packedForm(second);
  hadal_argument sum = builder.tensor(HADAL_RESULT, "sum", {});
  EntryBuilder &loadFirst = load("load.first", first, firstPanels);
  EntryBuilder &loadSecond = load("load.second", second, secondPanels);
  EntryBuilder &entry = builder.entry("sum").launch(addUp, "add_up", 1, 1, {firstPanels, sum});

  hadal_tensor &tensor(hadal_argument argument) { return builder.tensors[argument.index]; }
  std::string failure() {
    return failureOf(HADAL_EXIT_INPUT, [&] { Program program(builder.build()); });
  }

private:
  hadal_argument parameter(const char *name) {
    hadal_argument argument = builder.parameter(name, {3, 2}, 1.0f);
    builder.tensors.back().lifetime = HADAL_LOADING;
    return argument;
  }
  hadal_argument packedForm(hadal_argument parameter) {
    hadal_argument argument = builder.owned(HADAL_PACKED, parameter);
    hadal_tensor &added = builder.tensors.back();
    added.lifetime = HADAL_SESSION;
    added.layout = HADAL_TILED;
    added.order[0] = 0, added.order[1] = 1;
    added.tile_count = 1;
    added.tile_dimensions[0] = 0, added.tiles[0] = 2;
    return argument;
  }
  EntryBuilder &load(const char *name, hadal_argument parameter, hadal_argument panels) {
    EntryBuilder &added = builder.entry(name);
    added.loaded = parameter.index;
    return added.launch(pack, "pack", 1, 1, {parameter, panels});
  }
};

TEST(LoadingTest, PacksWheneverAParameterIsLoaded) {
  PackingProgram program;
  Session session(program.builder.build(), {.threads = 2});
  uint32_t first = program.first.index, second = program.second.index;
  session.write<float>(first, std::vector<float>{1, 2, 3, 4, 5, 6});
  session.finishLoading(first);
  session.write<float>(second, std::vector<float>{7, 7, 7, 7, 7, 7});
  session.finishLoading(second);
  EXPECT_EQ(session.read<float>(program.firstPanels.index), (std::vector<float>{1, 3, 2, 4, 5, 0, 6, 0}));
  EXPECT_EQ(session.read<float>(program.secondPanels.index), (std::vector<float>{7, 7, 7, 7, 7, 0, 7, 0}));
  session.run("sum");
  EXPECT_EQ(session.result("sum"), 21.0f);
  session.write<float>(first, std::vector<float>{2, 2, 2, 2, 2, 2});
  session.finishLoading(first);
  session.run("sum");
  EXPECT_EQ(session.result("sum"), 12.0f);
}

TEST(LoadingTest, InitializesWhatIsPacked) {
  PackingProgram program, kept;
  kept.tensor(kept.first).lifetime = kept.tensor(kept.second).lifetime = HADAL_SESSION;
  Session session(program.builder.build()), other(kept.builder.build());
  initializeParameters(session, 7);
  initializeParameters(other, 7);
  std::vector<float> rows = other.read<float>(kept.first.index),
                     panels = session.read<float>(program.firstPanels.index);
  EXPECT_EQ(panels, (std::vector<float>{rows[0], rows[2], rows[1], rows[3], rows[4], 0, rows[5], 0}));
  EXPECT_EQ(other.read<float>(kept.secondPanels.index), session.read<float>(program.secondPanels.index));
  EXPECT_NE(panels, session.read<float>(program.secondPanels.index));
}

TEST(LoadingTest, HoldsOneParameterAtATime) {
  PackingProgram program;
  program.builder.build();
  Program checked(program.builder.program);
  TensorPlacement placement(checked, 64);
  EXPECT_EQ(placement.offsets[program.first.index], placement.offsets[program.second.index]);
  EXPECT_EQ(placement.size, 4u * 64); // what is shared, two packed forms, a result
  EXPECT_EQ(MemoryNeeds(checked, 64, 1).persistent(), placement.size);

  Session session(program.builder.program);
  session.write<float>(program.first.index, std::vector<float>{1, 2, 3, 4, 5, 6});
  EXPECT_EQ(
      failureOf(HADAL_EXIT_INPUT,
                [&] { session.write<float>(program.second.index, std::vector<float>{1, 2, 3, 4, 5, 6}); }),
      "the parameter 'second' is written before the loading of 'first' is finished, in whose memory it is loaded");
  EXPECT_EQ(failureOf(HADAL_EXIT_INPUT, [&] { session.run("sum"); }),
            "the entry point 'sum' is run while 'first' is being loaded");
  session.finishLoading(program.first.index);
  EXPECT_EQ(failureOf(HADAL_EXIT_INPUT, [&] { session.read<float>(program.first.index); }),
            "the parameter 'first' cannot be read: this program holds it in the layout of its kernels only");
}

TEST(LoadingTest, EntryPointsThatDoNotExistAreListedWithoutThose) {
  PackingProgram program;
  Session session(program.builder.build());
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, [&] { session.requireEntry("update"); }), "it has: sum");
}

TEST(LoadingTest, RefusesMalformedTables) {
  auto failure = [](auto change) {
    PackingProgram program;
    change(program);
    return program.failure();
  };
  using P = PackingProgram;
  EXPECT_CONTAINS(failure([](P &p) { p.loadFirst.loaded = p.sum.index; }),
                  "'load.first' is run when tensor 4 is loaded, which is no parameter");
  EXPECT_CONTAINS(failure([](P &p) { p.loadFirst.loaded = p.second.index; }),
                  "touches 'first', which is neither the parameter that 'load.first' loads nor a packed form of it");
  EXPECT_CONTAINS(failure([](P &p) { p.loadFirst.results = {p.sum.index}; }),
                  "'load.first' is run when 'first' is loaded, and has inputs or results");
  EXPECT_CONTAINS(failure([](P &p) { p.entry.arguments[0] = p.first; }),
                  "touches 'first', which is held only while it is loaded");
  EXPECT_CONTAINS(failure([](P &p) { p.loadSecond.arguments[1] = p.loadSecond.arguments[0]; }),
                  "tensor 3 'second' has no entry point that packs it when the parameter is loaded");
  EXPECT_CONTAINS(failure([](P &p) { p.loadSecond.arguments[0] = p.loadSecond.arguments[1]; }),
                  "tensor 1 'second' has no entry point that reads it when the parameter is loaded");
  EXPECT_CONTAINS(failure([](P &p) { p.tensor(p.sum).lifetime = HADAL_LOADING; }),
                  "lives only while it is loaded, as nothing but parameters may");
  EXPECT_CONTAINS(failure([](P &p) { p.loadFirst.arguments[1] = p.builder.number("pages", 2); }),
                  "depends on a number");
  EXPECT_CONTAINS(failure([](P &p) { p.builder.number("pages", 1), p.loadFirst.launches[0].number = 0; }),
                  "has tasks by a number while 'load.first' loads a parameter");
  EXPECT_CONTAINS(failure([](P &p) { p.tensor(p.firstPanels).order[0] = 1; }),
                  "lies in an order that does not name each of its 2 dimensions");
  EXPECT_CONTAINS(failure([](P &p) { p.tensor(p.firstPanels).tile_count = 5; }), "is cut 5 times, at most 4");
  EXPECT_CONTAINS(failure([](P &p) { p.tensor(p.firstPanels).tile_dimensions[0] = 2; }),
                  "is cut along dimension 2 of 2");
  EXPECT_CONTAINS(failure([](P &p) { p.tensor(p.firstPanels).tiles[0] = 1; }), "has tiles of 1 elements");
  EXPECT_CONTAINS(failure([](P &p) { p.tensor(p.firstPanels).layout = HADAL_ROW_MAJOR; }),
                  "lies row by row, and has 1 tiles");
  EXPECT_CONTAINS(failure([](P &p) { p.tensor(p.firstPanels).dimensions[0] = 4; }),
                  "is a part of [3] in dimension 0, [4] from 0 on");
}

} // namespace
} // namespace hadal::test
