// Verification of descriptors: each kind of malformed program is refused with a message that says which part is wrong.
#include "runtime/core/Session.h"
#include "test/runtime/BigramModel.h"
#include "test/runtime/Support.h"

namespace hadal::test {
namespace {

void nothing(void *const *, int64_t, int64_t, int64_t, void *) {}

/// One parameter, its gradient, and an entry point with two launches that share an arena buffer.
struct SmallProgram {
  ProgramBuilder builder;
  hadal_argument parameter = builder.parameter("weight", {2, 3}, 1);
  hadal_argument gradient = builder.owned(HADAL_GRADIENT, parameter);
  EntryBuilder &entry = builder.entry("accumulate");

  SmallProgram() {
    hadal_argument buffer = entry.buffer(24);
    entry.launch(nothing, "first", 2, 1, {parameter, buffer}).launch(nothing, "second", 2, 1, {buffer, gradient});
  }
  std::string failure() {
    return failureOf(HADAL_EXIT_INPUT, [&] { Program program(builder.build()); });
  }
};

TEST(ProgramTest, ResolvesNamesAndRoles) {
  BigramModel model;
  Program program(model.program());
  EXPECT_EQ(program.findTensor(HADAL_INPUT, "tokens"), 0u);
  EXPECT_EQ(program.findTensor(HADAL_RESULT, "tokens"), std::nullopt);
  EXPECT_EQ(program.findEntry("evaluate"), 3u);
  EXPECT_EQ(program.findEntry("decode"), std::nullopt);
  EXPECT_EQ(program.tensorsOf(HADAL_PARAMETER).size(), 3u);
  EXPECT_EQ(program.parameterCount(), 256u * 256 + 4 * 256 + 4);
  EXPECT_EQ(byteSize(program.tensors()[0]), 2u * 10 * 4);
}

TEST(ProgramTest, AcceptsWhatIsWellFormed) {
  SmallProgram small;
  Program program(small.builder.build());
}

TEST(ProgramTest, RefusesAnotherVersion) {
  SmallProgram small;
  small.builder.program.version = 77;
  EXPECT_CONTAINS(small.failure(), "version 77");
}

TEST(ProgramTest, RefusesMalformedTensors) {
  auto failure = [](auto change) {
    SmallProgram small;
    change(small.builder.tensors);
    return small.failure();
  };
  using Tensors = std::vector<hadal_tensor>;
  EXPECT_CONTAINS(failure([](Tensors &t) { t[0].role = 99; }), "tensor 0 'weight' has the unknown role 99");
  EXPECT_CONTAINS(failure([](Tensors &t) { t[0].element_type = 9; }), "unknown element type 9");
  EXPECT_CONTAINS(failure([](Tensors &t) { t[0].rank = 5; }), "rank 5");
  EXPECT_CONTAINS(failure([](Tensors &t) { t[0].dimensions[1] = 0; }), "the dimension 0");
  EXPECT_CONTAINS(failure([](Tensors &t) { t[0].dimensions[0] = t[0].dimensions[1] = INT64_MAX; }), "too many");
  EXPECT_CONTAINS(failure([](Tensors &t) { t[0].initializer = 7; }), "unknown initializer 7");
  EXPECT_CONTAINS(failure([](Tensors &t) { t[0].name = nullptr; }), "tensor 0 has no name");
  EXPECT_CONTAINS(failure([](Tensors &t) { t[1].owner = 1; }), "which is no parameter");
  EXPECT_CONTAINS(failure([](Tensors &t) { t[1].dimensions[0] = 3; }),
                  "has the shape [3, 3], its parameter has [2, 3]");
  EXPECT_CONTAINS(failure([](Tensors &t) { t.push_back(t[1]); }), "two tensors of role 1 are named 'weight'");
}

TEST(ProgramTest, ResultsHaveAnyShape) {
  SmallProgram small;
  small.builder.tensor(HADAL_RESULT, "log_probabilities", {4, 8});
  hadal_argument targets = small.builder.tensor(HADAL_RESULT, "targets", {4, 8}, HADAL_I32);
  Session session(small.builder.build(), {.threads = 1});
  EXPECT_EQ(session.read<int32_t>(targets.index), std::vector<int32_t>(32));
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, [&] { session.result("log_probabilities"); }),
                  "the result 'log_probabilities' has the shape [4, 8] of f32: it is no f32 that is read by itself");
  small.builder.tensors[targets.index].element_type = HADAL_BF16;
  EXPECT_CONTAINS(small.failure(), "'targets' is a result whose elements are neither f32 nor i32");
}

TEST(ProgramTest, ScalarsAreNumbers) {
  SmallProgram small;
  small.builder.tensor(HADAL_SCALAR, "beta1", {2});
  EXPECT_CONTAINS(small.failure(), "'beta1' is a scalar but not an f32 of rank 0");
}

/// What a program says on stderr, which has to end with the exit code.
std::string messageOf(int code, const struct hadal_program &program, const std::vector<std::string> &options) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(runTrain(program, options), code);
  return testing::internal::GetCapturedStderr();
}

TEST(ProgramsTest, RefusesAProgramThatNobodyKnows) {
  BigramModel model;
  model.builder.program.program = "dream";
  EXPECT_EQ(messageOf(HADAL_EXIT_INPUT, model.program(), {"--help"}),
            "error: this runtime has no program 'dream'; it has: train, evaluate, generate, kernels; compile and link "
            "with the same hadalc\n");
  model.builder.program.version = 77; // which may have no such field
  EXPECT_CONTAINS(messageOf(HADAL_EXIT_INPUT, model.program(), {"--help"}), "version 77");
}

TEST(ProgramsTest, TrainingRefusesWhatItDoesNotKnow) {
  auto message = [](auto change) {
    BigramModel model;
    change(model.builder);
    return messageOf(HADAL_EXIT_INPUT, model.program(), {"--help"});
  };
  EXPECT_CONTAINS(message([](ProgramBuilder &b) { b.tensor(HADAL_SCALAR, "temperature", {}); }),
                  "error: malformed program: 'temperature' is a scalar that training does not know");
  EXPECT_CONTAINS(message([](ProgramBuilder &b) { b.tensor(HADAL_RESULT, "perplexity", {}); }),
                  "'perplexity' is a result that training does not know");
  EXPECT_CONTAINS(message([](ProgramBuilder &b) { b.tensor(HADAL_RESULT, "loss.balance", {2}); }),
                  "the result 'loss.balance' is no f32 of rank 0, which training reads");
  EXPECT_CONTAINS(message([](ProgramBuilder &b) { b.tensors[0].name = "bytes"; }),
                  "its entry point 'accumulate' has no input 'tokens'");
  EXPECT_CONTAINS(
      message([](ProgramBuilder &b) { b.entryBuilders[0].tokensAhead = 10; }),
      "the input 'tokens' of 'accumulate' is [2, 10] of i32 with 10 tokens ahead; rows of i32 that are longer");
  EXPECT_CONTAINS(message([](ProgramBuilder &b) { b.entryBuilders[3].tokensAhead = 0; }), "of 'evaluate' is [2, 10]");
  EXPECT_CONTAINS(message([](ProgramBuilder &b) { b.entryBuilders[1].name = "norm"; }),
                  "it has no entry point 'gradient_norm'");
}

TEST(ProgramsTest, KernelsRunOnStates) {
  BigramModel model;
  model.builder.program.program = "kernels";
  EXPECT_CONTAINS(messageOf(HADAL_EXIT_INPUT, model.program(), {"--help"}),
                  "the tensor 'tokens' is no state: kernels are run on states");
  ProgramBuilder builder;
  builder.program.program = "kernels";
  builder.entry("nothing_entry");
  EXPECT_CONTAINS(messageOf(HADAL_EXIT_INPUT, builder.build(), {"--help"}),
                  "'nothing_entry' does not begin with a kernel");
}

TEST(ProgramTest, RefusesMalformedLaunches) {
  auto failure = [](auto change) {
    SmallProgram small;
    change(small.entry);
    return small.failure();
  };
  EXPECT_CONTAINS(failure([](EntryBuilder &e) { e.launches[1].tasks = 0; }), "command 1 of 'accumulate' has 0 tasks");
  EXPECT_CONTAINS(failure([](EntryBuilder &e) { e.launches[0].function = nullptr; }), "has no kernel");
  EXPECT_CONTAINS(failure([](EntryBuilder &e) { e.launches[1].argument_count = 9; }), "arguments [2, +9) of 4");
  EXPECT_CONTAINS(failure([](EntryBuilder &e) { e.arguments[0].index = 5; }), "index 5 out of range");
  EXPECT_CONTAINS(failure([](EntryBuilder &e) { e.buffers[0].last_command = 0; }),
                  "command 1 of 'accumulate' touches arena buffer 0 outside its lifetime [0, 0]");
  EXPECT_CONTAINS(failure([](EntryBuilder &e) { e.buffers[0].last_command = 2; }), "lifetime [0, 2] among 2 commands");
  EXPECT_CONTAINS(failure([](EntryBuilder &e) { e.buffers[0].offset = 32; }), "no multiple of 64");
  EXPECT_CONTAINS(failure([](EntryBuilder &e) { e.buffers[0].offset = 4096; }), "ends behind the arena");
  EXPECT_CONTAINS(failure([](EntryBuilder &e) { e.buffers.push_back(e.buffers[0]); }),
                  "share bytes while both are alive");
}

TEST(ProgramTest, BuffersMayShareBytesOneAfterTheOther) {
  SmallProgram small;
  small.entry.buffers.push_back(small.entry.buffers[0]);
  small.entry.buffers[0].last_command = 0;
  small.entry.buffers[1].first_command = 1;
  small.entry.arguments[2].index = 1;
  Program program(small.builder.build());
}

TEST(SessionTest, ReportsWhatDoesNotExist) {
  BigramModel model;
  Session session(model.program(), {.threads = 1});
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, [&] { session.run("decode"); }),
                  "no entry point 'decode'; it has: accumulate, gradient_norm, update, evaluate");
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, [&] { session.require(HADAL_PARAMETER, "weight"); }),
                  "no tensor 'weight'");
  std::vector<float> tooLong(300 * 256);
  uint32_t table = session.require(HADAL_PARAMETER, "model.embed_tokens.weight");
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, [&] { session.write<float>(table, tooLong); }), "write of");
  session.setScalar("balance_loss_weight", 1); // the program has none: no error
  EXPECT_EQ(session.result("loss.balance"), 0);
}

TEST(ProgramTest, RefusesMalformedGPULaunches) {
  // A program for the emulator, whose first launch moves the buffer of 24 bytes by a tensor map.
  auto failure = [](auto change) {
    SmallProgram small;
    small.builder.program.target = "sm_90a";
    small.builder.program.emulated = 1;
    hadal_tensor_map map = {.argument = 1,
                            .element_type = HADAL_BF16,
                            .rank = 1,
                            .swizzle = HADAL_SWIZZLE_32,
                            .offset = 0,
                            .sizes = {8},
                            .strides = {2},
                            .box = {8}};
    hadal_gpu_launch gpu = {.symbol = "kernel",
                            .location = "a.mlir:1:1",
                            .function = [](void *const *, int64_t, const void *const *) {},
                            .blocks = 2,
                            .threads = 128,
                            .cluster = 1,
                            .shared_bytes = 0,
                            .map_count = 1,
                            .maps = &map};
    for (hadal_launch &launch : small.entry.launches) {
      launch.function = nullptr;
      launch.gpu = &gpu;
    }
    change(small, gpu, map);
    return small.failure();
  };
  using Launch = hadal_gpu_launch;
  using Map = hadal_tensor_map;
  auto ofLaunch = [&](auto change) { return failure([&](SmallProgram &, Launch &launch, Map &) { change(launch); }); };
  auto ofMap = [&](auto change) { return failure([&](SmallProgram &, Launch &, Map &map) { change(map); }); };
  EXPECT_CONTAINS(ofLaunch([](Launch &l) { l.symbol = nullptr; }), "command 0 of 'accumulate' names no kernel");
  EXPECT_CONTAINS(ofLaunch([](Launch &l) { l.function = nullptr; }), "is not emulated, the program is");
  EXPECT_CONTAINS(ofLaunch([](Launch &l) { l.blocks = 3; }), "has 3 blocks for 2 tasks");
  EXPECT_CONTAINS(ofLaunch([](Launch &l) { l.threads = 2048; }), "has 2048 threads a block");
  EXPECT_CONTAINS(ofLaunch([](Launch &l) { l.cluster = 4; }), "has clusters of 4 among 2 blocks");
  EXPECT_CONTAINS(ofLaunch([](Launch &l) { l.shared_bytes = 1 << 20; }), "asks for 1048576 bytes of shared memory");
  EXPECT_CONTAINS(ofMap([](Map &m) { m.argument = 2; }),
                  "tensor map 0 of command 0 of 'accumulate' describes argument 2");
  EXPECT_CONTAINS(ofMap([](Map &m) { m.rank = 6; }), "has rank 6");
  EXPECT_CONTAINS(ofMap([](Map &m) { m.element_type = 9; }), "has the unknown element type 9");
  EXPECT_CONTAINS(ofMap([](Map &m) { m.swizzle = 4; }), "has the unknown swizzle 4");
  EXPECT_CONTAINS(ofMap([](Map &m) { m.offset = 8; }), "begins at byte 8");
  EXPECT_CONTAINS(ofMap([](Map &m) { m.sizes[0] = 0; }), "has the size 0");
  EXPECT_CONTAINS(ofMap([](Map &m) { m.strides[0] = 4; }), "has the stride 4 in dimension 0");
  EXPECT_CONTAINS(ofMap([](Map &m) { m.box[0] = 512; }), "has a box of 512 elements");
  EXPECT_CONTAINS(ofMap([](Map &m) { m.box[0] = 32; }), "has rows of 64 bytes in its box");
  EXPECT_CONTAINS(ofMap([](Map &m) { m.sizes[0] = 13; }), "ends at byte 26 of an argument of 24 bytes");
  EXPECT_CONTAINS(failure([](SmallProgram &small, Launch &, Map &) { small.entry.launches[0].gpu = nullptr; }),
                  "has no kernel");
  EXPECT_CONTAINS(failure([](SmallProgram &small, Launch &, Map &) { small.builder.program.target = "cpu"; }),
                  "is for a GPU in a program for the target 'cpu'");
  EXPECT_CONTAINS(failure([](SmallProgram &small, Launch &, Map &) { small.builder.program.emulated = 0; }),
                  "it is for the target 'sm_90a' but holds no code for it");
  EXPECT_CONTAINS(failure([](SmallProgram &small, Launch &, Map &) { small.entry.buffers[0].offset = 64; }),
                  "no multiple of 256");
}

TEST(ProgramTest, RefusesMalformedImages) {
  auto failure = [](hadal_image image) {
    SmallProgram small;
    small.builder.program.images = &image;
    small.builder.program.image_count = 1;
    return small.failure();
  };
  EXPECT_CONTAINS(failure({"sm_90a", HADAL_PTX, "", 0}), "image 0 of its code is empty");
  EXPECT_CONTAINS(failure({"gfx942", 2, "code", 4}),
                  "image 0 of its code, for gfx942, is of the unknown kind 2; this runtime loads cubins and PTX");
}

TEST(SessionTest, RefusesAnUnknownTarget) {
  BigramModel model;
  model.builder.program.target = "abacus";
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, [&] { Session session(model.program()); }),
                  "target 'abacus'; this runtime has: cpu and GPUs");
}

} // namespace
} // namespace hadal::test
