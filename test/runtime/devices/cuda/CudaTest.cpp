// The cuda device against a driver that has no GPU (FakeCuda.cpp): what it asks the driver for, in which order, that a
// training run gives the bits of the CPU's, and every message about a machine that cannot run the program. Each case
// runs in a child process of its own, since a driver is opened once per process.
#include "runtime/core/Initializer.h"
#include "runtime/io/ChromeTrace.h"
#include "runtime/programs/train/Trainer.h"
#include "test/runtime/BigramModel.h"
#include "test/runtime/Support.h"
#include "test/runtime/devices/cuda/GPUProgram.h"

#include <cmath>
#include <regex>

namespace hadal::test {
namespace {

struct Outcome {
  int code = 0;
  std::string text; // what the body returned, or the message of the error
};

using Settings = std::vector<std::pair<const char *, std::string>>;

/// Runs `body` in a child process with the fake driver set up, and brings back what it returns or why it failed.
Outcome inChild(const Settings &settings, const std::function<std::string()> &body) {
  int ends[2];
  if (pipe(ends))
    return {-1, "no pipe"};
  pid_t child = startChild([&] {
    for (auto &[name, value] : settings)
      setenv(name, value.c_str(), 1);
    auto send = [&](const std::string &text) {
      for (size_t sent = 0; sent < text.size();)
        sent += static_cast<size_t>(write(ends[1], text.data() + sent, text.size() - sent));
    };
    try {
      send(body());
      return 0;
    } catch (const Error &error) {
      send(error.what());
      return static_cast<int>(error.code());
    }
  });
  close(ends[1]);
  Outcome outcome;
  char part[4096];
  for (ssize_t count; (count = read(ends[0], part, sizeof part)) > 0;)
    outcome.text.append(part, static_cast<size_t>(count));
  close(ends[0]);
  outcome.code = waitFor(child);
  return outcome;
}

/// The message of a program for GPUs that cannot start.
Outcome start(const Settings &settings, const std::string &device = "auto") {
  return inChild(settings, [&] {
    BigramModel model;
    GPUProgram gpu(model.builder);
    Session session(gpu.build(), {.device = device});
    return session.device().describe();
  });
}

/// Parameters after some steps of training with two micro-batches each, as bytes.
std::string trained(const struct hadal_program &program, const std::filesystem::path &data, bool blocking = false) {
  TrainOptions options;
  options.data = data;
  options.valid = data;
  options.steps = 4;
  options.globalBatchSize = 2 * BigramModel::microBatch;
  options.schedule = {.maximum = 0.1, .minimum = 0, .decaySteps = 4};
  options.evalInterval = 2;
  options.evalIterations = 2;
  options.machine.launchBlocking = blocking;
  options.machine.threads = 2;
  closeStderr();
  Trainer trainer(program, options);
  EXPECT_EQ(trainer.run(), HADAL_EXIT_OK);
  std::string bytes;
  for (uint32_t index : trainer.session().program().tensorsOf(HADAL_PARAMETER)) {
    std::vector<char> values = trainer.session().read<char>(index);
    bytes.append(values.begin(), values.end());
  }
  return bytes;
}

std::vector<std::string> linesOf(const std::filesystem::path &path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);)
    lines.push_back(line);
  return lines;
}

TEST(CudaTest, TrainsToTheSameBitsAsTheCPU) {
  TemporaryFolder folder;
  writeFile(folder / "data.txt", sampleText(4000));
  Outcome cpu = inChild({}, [&] { return trained(BigramModel().program(), folder / "data.txt"); });
  ASSERT_EQ(cpu.code, 0) << cpu.text;
  for (bool blocking : {false, true}) {
    Outcome gpu = inChild({}, [&] {
      BigramModel model;
      return trained(GPUProgram(model.builder).build(), folder / "data.txt", blocking);
    });
    ASSERT_EQ(gpu.code, 0) << gpu.text;
    EXPECT_EQ(gpu.text.size(), cpu.text.size());
    EXPECT_TRUE(gpu.text == cpu.text) << "blocking " << blocking;
  }
}

TEST(CudaTest, AnEntryPointBecomesOneGraphAfterItsFirstRun) {
  TemporaryFolder folder;
  Outcome outcome = inChild({{"FAKE_CUDA_LOG", (folder / "log").string()}}, [&] {
    BigramModel model;
    GPUProgram gpu(model.builder);
    Session session(gpu.build());
    std::vector<int32_t> tokens(BigramModel::microBatch * (BigramModel::sequence + BigramModel::ahead), 7);
    for (int run = 0; run < 3; ++run) {
      session.write<int32_t>(session.require(HADAL_INPUT, "tokens"), tokens);
      session.setScalar("loss_scale", 1);
      session.run("evaluate");
    }
    return std::to_string(session.result("loss.main"));
  });
  ASSERT_EQ(outcome.code, 0) << outcome.text;
  EXPECT_NEAR(std::stod(outcome.text), std::log(256.0), 1e-4);
  std::vector<std::string> lines = linesOf(folder / "log");
  auto first = std::ranges::find(lines, "launch evaluate_rows: 16 x 128 threads, cluster 1, 0 bytes");
  ASSERT_NE(first, lines.end());
  std::vector<std::string> rest(first - 1, lines.end());
  std::string in = rest[0];
  EXPECT_TRUE(std::regex_match(in, std::regex("copy [0-9]+ bytes to the device"))) << in;
  EXPECT_EQ(rest, (std::vector<std::string>{in, "launch evaluate_rows: 16 x 128 threads, cluster 1, 0 bytes",
                                            "launch sum_main: 1 x 128 threads, cluster 1, 0 bytes", "begin capture",
                                            "capture evaluate_rows: 16 x 128 threads, cluster 1, 0 bytes",
                                            "capture sum_main: 1 x 128 threads, cluster 1, 0 bytes",
                                            "end capture: 2 operations", "instantiate", rest[8], in, "launch graph",
                                            rest[8], in, "launch graph", rest[8]}));
  EXPECT_EQ(rest[8], "copy 256 bytes to the host"); // of five results the one that the entry point writes
}

TEST(CudaTest, TellsTheDriverOfGridsAndTensorMaps) {
  TemporaryFolder folder;
  static const hadal_tensor_map map = {.argument = 1,
                                       .element_type = HADAL_BF16,
                                       .rank = 3,
                                       .swizzle = HADAL_SWIZZLE_128,
                                       .offset = 512,
                                       .sizes = {64, 16, 4},
                                       .strides = {2, 256, 4096},
                                       .box = {64, 8, 1}};
  Outcome outcome = inChild({{"FAKE_CUDA_LOG", (folder / "log").string()}}, [&] {
    BigramModel model;
    GPUProgram gpu(model.builder);
    hadal_gpu_launch &forward = gpu.launches[0];
    forward.cluster = 4;
    forward.shared_bytes = 200 << 10;
    forward.map_count = 1;
    forward.maps = &map;
    Session session(gpu.build());
    session.run("accumulate");
    return session.device().describe();
  });
  ASSERT_EQ(outcome.code, 0) << outcome.text;
  EXPECT_EQ(outcome.text, "cuda:0 Fake GPU 0 (sm_90a, CUDA 13.0)");
  std::vector<std::string> lines = linesOf(folder / "log");
  for (const char *line : {"load cubin", "kernel forward: 204800 bytes of shared memory",
                           "tensor map type 9 sizes 64 16 4 strides 256 4096 box 64 8 1 swizzle 3",
                           "launch forward: 16 x 128 threads, cluster 4, 204800 bytes"})
    EXPECT_EQ(std::ranges::count(lines, line), 1) << line;
}

TEST(CudaTest, CopiesAndFillsAreCommandsOfTheStream) {
  TemporaryFolder folder;
  Outcome outcome = inChild({{"FAKE_CUDA_LOG", (folder / "log").string()}}, [&] {
    ProgramBuilder builder;
    hadal_argument state = builder.tensor(HADAL_STATE, "state", {16});
    EntryBuilder &entry = builder.entry("move");
    hadal_argument buffer = entry.buffer(64);
    entry.fill("ones", buffer, 0, 64, 0x3f800000)
        .copy("most", buffer, 8, state, 4, 56)
        .fill("bytes", state, 0, 4, 0x11, 1)
        .fill("halves", state, 60, 4, 0x4000, 2);
    GPUProgram gpu(builder);
    Session session(gpu.build());
    for (int run = 0; run < 3; ++run)
      session.run("move");
    std::string text;
    for (uint32_t bits : session.read<uint32_t>(state.index))
      text += concat(bits, " ");
    return text;
  });
  ASSERT_EQ(outcome.code, 0) << outcome.text;
  std::string ones;
  for (int i = 0; i < 14; ++i)
    ones += concat(0x3f800000, " ");
  EXPECT_EQ(outcome.text, concat(0x11111111, " ", ones, 0x40004000, " "));
  std::vector<std::string> lines = linesOf(folder / "log");
  EXPECT_EQ(std::ranges::count(lines, "copy 56 bytes on the device"), 2); // once run, once captured
  EXPECT_EQ(std::ranges::count(lines, "fill 16 elements of 4 bytes"), 2);
  EXPECT_EQ(std::ranges::count(lines, "end capture: 4 operations"), 1);
  EXPECT_EQ(std::ranges::count(lines, "launch graph"), 2);
}

/// Adds the number to its task's element.
void mark(void *const *arguments, int64_t, int64_t first, int64_t end, void *) {
  for (int64_t task = first; task < end; ++task)
    static_cast<int32_t *>(arguments[0])[task] += static_cast<int32_t>(*static_cast<const int64_t *>(arguments[1]));
}

TEST(CudaTest, GridsFollowFromNumbers) {
  TemporaryFolder folder;
  Outcome outcome = inChild({{"FAKE_CUDA_LOG", (folder / "log").string()}}, [&] {
    ProgramBuilder builder;
    builder.number("pages", 3); // whose slot comes first
    hadal_argument tokens = builder.number("tokens", 10), marks = builder.tensor(HADAL_STATE, "marks", {7}, HADAL_I32);
    builder.entry("mark").launchBy(tokens.index, 10, 2, 3, mark, "mark", {marks, tokens});
    GPUProgram gpu(builder);
    Session session(gpu.build());
    for (int64_t value : {4, 0, 10, 1}) {
      session.setNumber("tokens", value);
      session.run("mark");
    }
    std::string text;
    for (int32_t value : session.read<int32_t>(marks.index))
      text += concat(value, " ");
    return text;
  });
  ASSERT_EQ(outcome.code, 0) << outcome.text;
  EXPECT_EQ(outcome.text, "15 14 14 10 10 10 10 ");
  std::vector<std::string> launches;
  for (const std::string &line : linesOf(folder / "log"))
    if (line.starts_with("launch") || line.starts_with("begin"))
      launches.push_back(line.substr(0, line.find(" x")));
  EXPECT_EQ(launches, (std::vector<std::string>{"launch mark: 3", "launch mark: 7", "launch mark: 1"}));
}

TEST(CudaTest, TakesTheImageThatSuitsTheGPUBest) {
  TemporaryFolder folder;
  auto loaded = [&](const char *name, const std::string &capability, const std::string &accepted) {
    std::string log = (folder / name).string();
    Settings settings = {{"FAKE_CUDA_LOG", log}, {"FAKE_CUDA_CAPABILITY", capability}, {"FAKE_CUDA_IMAGES", accepted}};
    Outcome outcome = inChild(settings, [&] {
      BigramModel model;
      GPUProgram gpu(model.builder);
      model.builder.program.target = "sm_80";
      std::vector<hadal_image> images = {{"sm_80", HADAL_PTX, ".version 7.1", 12},
                                         {"sm_90", HADAL_PTX, ".version 8.0", 12},
                                         {"sm_80", HADAL_CUBIN, "a cubin", 7},
                                         {"sm_100", HADAL_PTX, ".version 8.7", 12}};
      model.builder.program.images = images.data();
      model.builder.program.image_count = images.size();
      Session session(gpu.build());
      return std::string();
    });
    std::string text;
    for (const std::string &line : linesOf(log))
      if (line.starts_with("load"))
        text += line + ";";
    return text;
  };
  EXPECT_EQ(loaded("exact", "8.0", "cubin,ptx"), "load cubin;");
  EXPECT_EQ(loaded("translated", "8.0", "ptx"), "load cubin;load ptx 7.1;");
  EXPECT_EQ(loaded("newer", "9.0", "cubin,ptx"), "load ptx 8.0;");
  EXPECT_EQ(loaded("none", "9.0", "cubin"), "load ptx 8.0;load ptx 7.1;");
  EXPECT_EQ(loaded("newest", "10.0", "ptx"), "load ptx 8.7;");
}

TEST(CudaTest, RecordsLaunchesWithEvents) {
  TemporaryFolder folder;
  Outcome outcome = inChild({}, [&] {
    BigramModel model;
    GPUProgram gpu(model.builder);
    Session session(gpu.build());
    session.run("accumulate");
    CommandRecorder recorder(session.device().threads(), 10);
    session.run(session.requireEntry("accumulate"), &recorder);
    writeChromeTrace(folder / "trace.json", recorder, "a test", std::nullopt);
    std::string text;
    for (const CommandRecord &record : recorder.threads()[0])
      text += concat(record.command, ":", record.end - record.begin, " ");
    return text;
  });
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.text, "0:500000 1:500000 2:500000 3:500000 "); // half a millisecond each, says the fake
  std::string trace = readFile(folder / "trace.json");
  EXPECT_CONTAINS(trace, "\"location\":\"bigram.mlir:12:3\"");
  EXPECT_CONTAINS(trace, "\"name\":\"memory\"");
}

//===----------------------------------------------------------------------===//
// Machines that cannot run the program
//===----------------------------------------------------------------------===//

TEST(CudaTest, SaysWhatIsWrongWithTheDriver) {
  Outcome outcome = start({{"FAKE_CUDA_VERSION", "11080"}});
  EXPECT_EQ(outcome.code, HADAL_EXIT_NO_DEVICE);
  EXPECT_EQ(outcome.text, "the NVIDIA driver is too old: it is for CUDA 11.8, the program needs CUDA 12.1 or newer; "
                          "install a newer driver");
  outcome = start({{"FAKE_CUDA_FAIL", "cuInit"}});
  EXPECT_EQ(outcome.code, HADAL_EXIT_NO_DEVICE);
  EXPECT_CONTAINS(outcome.text, "the NVIDIA driver does not start: an error of the fake driver (CUDA_ERROR_UNKNOWN)");
  outcome = start({{"FAKE_CUDA_DEVICES", "0"}});
  EXPECT_EQ(outcome.code, HADAL_EXIT_NO_DEVICE);
  EXPECT_EQ(outcome.text,
            "this machine has no NVIDIA GPU that the process may use (CUDA 13.0); the program was compiled "
            "for sm_90a");
}

TEST(CudaTest, SaysWhatIsWrongWithTheGPU) {
  Outcome outcome = start({{"FAKE_CUDA_CAPABILITY", "8.0"}});
  EXPECT_EQ(outcome.code, HADAL_EXIT_NO_DEVICE);
  EXPECT_CONTAINS(outcome.text, "cuda:0, Fake GPU 0 (compute capability 8.0, 2.00 GiB), is older than the program's "
                                "target sm_90a (compute capability 9.0)");
  outcome = start({{"FAKE_CUDA_MEMORY", "100000"}});
  EXPECT_EQ(outcome.code, HADAL_EXIT_OUT_OF_MEMORY);
  EXPECT_CONTAINS(outcome.text, "out of memory on Fake GPU 0");
  EXPECT_CONTAINS(outcome.text, "the program needs 1.");
  EXPECT_CONTAINS(outcome.text, "97.66 KiB are available; compile with a smaller --micro-batch-size or --seq-length");
}

TEST(CudaTest, LoadsWhatTheDriverTakes) {
  EXPECT_EQ(start({{"FAKE_CUDA_IMAGES", "ptx"}}).code, 0); // the cubin is refused, the PTX translated
  EXPECT_EQ(start({{"FAKE_CUDA_IMAGES", "ptx"}, {"FAKE_CUDA_CAPABILITY", "10.0"}}).code, 0);
  Outcome outcome = start({{"FAKE_CUDA_IMAGES", "none"}});
  EXPECT_EQ(outcome.code, HADAL_EXIT_NO_DEVICE);
  EXPECT_EQ(outcome.text,
            "the NVIDIA driver (CUDA 13.0) cannot load the program's code for sm_90a: an error of the fake "
            "driver (CUDA_ERROR_INVALID_PTX), ptxas fatal: no such GPU; install a newer driver");
  outcome = start({{"FAKE_CUDA_IMAGES", "cubin"}, {"FAKE_CUDA_CAPABILITY", "10.0"}});
  EXPECT_EQ(outcome.code, HADAL_EXIT_NO_DEVICE);
  EXPECT_CONTAINS(outcome.text, "whose instructions only GPUs of compute capability 9.0 have, not Fake GPU 0");
}

TEST(CudaTest, NamesTheKernelThatFails) {
  auto run = [](const Settings &settings, int runs, bool blocking) {
    return inChild(settings, [&] {
      BigramModel model;
      GPUProgram gpu(model.builder);
      Session session(gpu.build(), {.launchBlocking = blocking});
      for (int i = 0; i < runs; ++i) {
        if (i == 1)
          setenv("FAKE_CUDA_FAIL", "adamw", 1);
        session.run("update");
        session.result("gradient_norm");
      }
      return std::string();
    });
  };
  Outcome first = run({{"FAKE_CUDA_FAIL", "adamw"}}, 1, false);
  EXPECT_EQ(first.code, HADAL_EXIT_DEVICE_FAILURE);
  EXPECT_EQ(first.text,
            "the kernel 'adamw' (bigram.mlir:12:3; command 0 of 'update', 256 x 128 threads, 0 bytes shared) failed: "
            "an illegal memory access was encountered (CUDA_ERROR_ILLEGAL_ADDRESS)");
  Outcome later = run({}, 2, false);
  EXPECT_EQ(later.code, HADAL_EXIT_DEVICE_FAILURE);
  EXPECT_CONTAINS(later.text, "a kernel of 'update' failed on Fake GPU 0");
  EXPECT_CONTAINS(later.text, "run with --launch-blocking to learn which: an illegal memory access");
  EXPECT_EQ(run({}, 2, true).text, first.text);
  Outcome launched = run({{"FAKE_CUDA_FAIL", "cuLaunchKernelEx"}}, 1, false);
  EXPECT_CONTAINS(launched.text, "the kernel 'adamw' (bigram.mlir:12:3; command 0 of 'update', 256 x 128 threads, "
                                 "0 bytes shared) could not be launched: ");
  EXPECT_CONTAINS(run({{"FAKE_CUDA_FAIL", "cuModuleGetFunction"}}, 1, false).text,
                  "the kernel 'forward' (bigram.mlir:12:3) is not in the program's code for sm_90a");
}

TEST(CudaTest, AnUploadThatFailsOnAThreadEndsInItsMessage) {
  Outcome outcome = inChild({}, [&] {
    BigramModel model;
    GPUProgram gpu(model.builder);
    Session session(gpu.build(), {.threads = 4});
    setenv("FAKE_CUDA_FAIL", "cuMemcpyHtoDAsync", 1);
    initializeParameters(session, 1);
    return std::string();
  });
  EXPECT_EQ(outcome.code, HADAL_EXIT_DEVICE_FAILURE);
  EXPECT_CONTAINS(outcome.text, "writing the tensor '");
}

//===----------------------------------------------------------------------===//
// Names of devices
//===----------------------------------------------------------------------===//

TEST(CudaTest, ListsTheDevicesWhenANameIsWrong) {
  Outcome outcome = start({{"FAKE_CUDA_DEVICES", "2"}}, "gpu");
  EXPECT_EQ(outcome.code, HADAL_EXIT_COMMAND_LINE);
  EXPECT_EQ(outcome.text, "there is no device 'gpu'; there are: auto, cpu, cuda:0 (Fake GPU 0 (compute capability 9.0, "
                          "2.00 GiB)), cuda:1 (Fake GPU 1 (compute capability 9.0, 2.00 GiB))");
  outcome = start({}, "cuda:3");
  EXPECT_EQ(outcome.code, HADAL_EXIT_COMMAND_LINE);
  EXPECT_CONTAINS(outcome.text, "there is no GPU cuda:3; there are: cuda:0 Fake GPU 0 (compute capability 9.0");
  EXPECT_EQ(start({{"FAKE_CUDA_DEVICES", "2"}}, "cuda:1").text, "cuda:1 Fake GPU 1 (sm_90a, CUDA 13.0)");
  for (const char *name : {"cuda:", "cuda:x", "cuda:-1", "CUDA", ""})
    EXPECT_EQ(start({}, name).code, HADAL_EXIT_COMMAND_LINE) << name;
}

TEST(CudaTest, ProgramAndDeviceHaveToSuitEachOther) {
  Outcome outcome = start({}, "cpu");
  EXPECT_EQ(outcome.code, HADAL_EXIT_COMMAND_LINE);
  EXPECT_CONTAINS(outcome.text, "the device 'cpu' cannot run the program, which was compiled for sm_90a");
  outcome = inChild({}, [&] {
    Session session(BigramModel().program(), {.device = "cuda:0"});
    return std::string();
  });
  EXPECT_EQ(outcome.code, HADAL_EXIT_COMMAND_LINE);
  EXPECT_CONTAINS(outcome.text, "was compiled for CPUs; compile it with hadalc --target=sm_90a");
}

} // namespace
} // namespace hadal::test

int main(int argc, char **argv) {
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
