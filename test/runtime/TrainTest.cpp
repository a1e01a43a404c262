// Whole runs of the bigram model: that it learns, the same for any number of threads, and ends well whatever happens.
#include "runtime/io/CheckpointFolder.h"
#include "runtime/io/Safetensors.h"
#include "runtime/programs/train/Trainer.h"
#include "test/runtime/AllocationCount.h"
#include "test/runtime/TrainFixture.h"

#include <cmath>
#include <csignal>
#include <limits>
#include <sys/resource.h>

namespace hadal::test {
namespace {

TEST_F(TrainTest, LossFallsAndLogsHoldEveryStep) {
  std::string log = (folder / "log.jsonl").string();
  run(0, options(60, {"--log", log, "--valid", data, "--eval-interval", "25", "--eval-iters", "3", "--threads", "2",
                      "--tensorboard", (folder / "board").string()}));
  std::vector<Json> lines = logLines(log);
  ASSERT_EQ(lines.size(), 60u);
  EXPECT_NEAR(lines.front()["loss_main"].get<double>(), std::log(256), 0.1);
  EXPECT_LT(lines.back()["loss_main"].get<double>(), 3.0);
  for (size_t i = 0; i < lines.size(); ++i) {
    EXPECT_EQ(lines[i]["step"], i + 1);
    EXPECT_EQ(lines[i].contains("validation_loss"), i == 24 || i == 49 || i == 59);
    for (const char *key :
         {"loss", "loss_main", "loss_mtp", "loss_balance", "learning_rate", "gradient_norm", "tokens_per_second"})
      EXPECT_TRUE(lines[i][key].is_number()) << key;
    EXPECT_NEAR(lines[i]["loss"].get<double>(),
                lines[i]["loss_main"].get<double>() + 0.3 * lines[i]["loss_mtp"].get<double>(), 1e-5);
  }
}

TEST_F(TrainTest, SameBitsForAnyNumberOfThreads) {
  std::string first;
  for (int threads : {1, 2, 3, 8}) {
    std::string name = (folder / std::to_string(threads)).string();
    run(0, options(12, {"--save", name, "--threads", std::to_string(threads), "--shuffle"}));
    std::string weights = readFile(folder / (std::to_string(threads) + "/step-12/model.safetensors"));
    if (first.empty())
      first = weights;
    EXPECT_TRUE(weights == first) << threads << " threads";
  }
}

TEST_F(TrainTest, MicroBatchesEqualOneLargerBatch) {
  // Losses and gradients of two micro-batches are the mean of those of each, the experts' loads their sum.
  std::string both = (folder / "both.safetensors").string(), one = (folder / "one.safetensors").string();
  run(0, options(1, {"--global-batch-size", "4", "--save-gradients", both}));
  run(0, options(1, {"--save-gradients", one}));
  std::string rest = (folder / "rest.txt").string(), second = (folder / "second.safetensors").string();
  writeFile(rest, readFile(data).substr(2 * BigramModel::sequence));
  run(0, {"--data", rest, "--steps", "1", "--lr", "0.05", "--save-gradients", second});
  SafetensorsFile sum(both), first(one), other(second);
  ASSERT_EQ(sum.entries().size(), 4u + 1 + 4 + 1);
  for (const auto &[name, entry] : sum.entries()) {
    float share = name.ends_with(".load") ? 1.0f : 0.5f;
    auto floats = [&](const SafetensorsFile &file) {
      std::vector<float> values(entry.size / sizeof(float));
      file.read(file.entries().at(name), 0, std::as_writable_bytes(std::span(values)));
      return values;
    };
    std::vector<float> sums = floats(sum), firsts = floats(first), others = floats(other);
    for (size_t i = 0; i < sums.size(); ++i)
      ASSERT_NEAR(sums[i], (firsts[i] + others[i]) * share, 1e-6) << name;
  }
}

TEST_F(TrainTest, UnderNohupAClosedTerminalIsIgnored) {
  pid_t child = startChild([&] {
    closeStderr();
    signal(SIGHUP, SIG_IGN);
    return runTrain(model.program(), options(100000000));
  });
  usleep(300000);
  kill(child, SIGHUP);
  usleep(50000);
  EXPECT_EQ(waitpid(child, nullptr, WNOHANG), 0);
  kill(child, SIGTERM);
  EXPECT_EQ(waitFor(child), HADAL_EXIT_INTERRUPTED);
}

TEST_F(TrainTest, AFullDiskLeavesTheLastCheckpoint) {
  std::string saved = (folder / "saved").string(), messages = (folder / "messages").string();
  run(0, options(3, {"--save", saved}));
  pid_t child = startChild([&] {
    rlimit limit = {100000, 100000}; // less than the weights take
    setrlimit(RLIMIT_FSIZE, &limit);
    if (!std::freopen(messages.c_str(), "w", stderr))
      return 99;
    return runTrain(model.program(), options(5, {"--save", saved, "--resume"}));
  });
  EXPECT_EQ(waitFor(child), HADAL_EXIT_IO_FAILURE);
  EXPECT_CONTAINS(readFile(messages), "the last complete checkpoint is " + saved + "/step-3");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(saved), {}), 1);
  run(0, options(5, {"--save", saved, "--resume"}));
}

TEST_F(TrainTest, AFullDiskEndsTheLog) {
  std::string messages = run(HADAL_EXIT_IO_FAILURE, options(3, {"--log", "/dev/full"}));
  EXPECT_CONTAINS(messages, "cannot write '/dev/full': No space left on device");
}

TEST_F(TrainTest, AFileBesideTheModelThatCannotBeWrittenLosesNoStep) {
  // With two steps the trace is that of the last one, with three it is written on the way.
  std::string saved = (folder / "saved").string(), exported = (folder / "exported").string();
  std::string messages =
      run(HADAL_EXIT_IO_FAILURE, options(2, {"--trace", "/dev/full", "--save", saved, "--export", exported}));
  EXPECT_CONTAINS(messages, "cannot write '/dev/full'");
  EXPECT_CONTAINS(messages, "; saved as " + saved + "/step-2, continue with --resume");
  EXPECT_TRUE(std::filesystem::exists(exported + "/model.safetensors"));
  for (const char *option : {"--trace", "--log"}) {
    std::filesystem::remove_all(saved);
    messages = run(HADAL_EXIT_IO_FAILURE, options(3, {option, "/dev/full", "--save", saved}));
    std::string step = option == std::string("--trace") ? "/step-2" : "/step-1";
    EXPECT_CONTAINS(messages, "; saved as " + saved + step);
    EXPECT_TRUE(std::filesystem::exists(saved + step + "/trainer.json"));
  }
  std::string whole = (folder / "whole").string();
  run(0, options(3, {"--save", whole}));
  run(0, options(3, {"--save", saved, "--resume"}));
  EXPECT_TRUE(readFile(whole + "/step-3/optimizer.safetensors") == readFile(saved + "/step-3/optimizer.safetensors"));
}

TEST_F(TrainTest, AFileThatFailsBesideAFullDiskNamesBoth) {
  // Neither the log nor, behind it, the checkpoint fits.
  std::string saved = (folder / "saved").string(), messages = (folder / "messages").string();
  pid_t child = startChild([&] {
    rlimit limit = {100000, 100000}; // less than the weights take
    setrlimit(RLIMIT_FSIZE, &limit);
    if (!std::freopen(messages.c_str(), "w", stderr))
      return 99;
    return runTrain(model.program(), options(3, {"--save", saved, "--log", "/dev/full"}));
  });
  EXPECT_EQ(waitFor(child), HADAL_EXIT_IO_FAILURE);
  EXPECT_CONTAINS(readFile(messages), "'/dev/full': No space left on device; step 1 could not be saved: cannot write");
}

TEST_F(TrainTest, DataCutDuringTrainingEndsWithACheckpoint) {
  std::string saved = (folder / "saved").string(), messages = (folder / "messages").string();
  pid_t child = startChild([&] {
    if (!std::freopen(messages.c_str(), "w", stderr))
      return 99;
    return runTrain(model.program(), options(100000000, {"--save", saved}));
  });
  usleep(300000);
  std::filesystem::resize_file(data, 100);
  EXPECT_EQ(waitFor(child), HADAL_EXIT_INPUT);
  EXPECT_CONTAINS(readFile(messages), data + ": the file has changed during training: it ends before byte ");
  EXPECT_CONTAINS(readFile(messages), "; saved as " + saved + "/step-");
  EXPECT_EQ(CheckpointFolder(saved, 1).completeSteps().size(), 1u);
}

TEST_F(TrainTest, AStepAllocatesNothing) {
  TrainOptions trainOptions;
  trainOptions.data = trainOptions.valid = data;
  trainOptions.steps = 100;
  trainOptions.schedule.maximum = 0.1;
  trainOptions.globalBatchSize = 2 * BigramModel::microBatch;
  trainOptions.shuffle = true;
  trainOptions.evalInterval = 2;
  trainOptions.log = folder / "log.jsonl";
  trainOptions.tensorboard = folder / "board";
  trainOptions.machine.threads = 2;
  testing::internal::CaptureStderr();
  Trainer trainer(model.program(), trainOptions);
  for (int i = 0; i < 3; ++i)
    trainer.step();
  uint64_t before = allocationCount();
  for (int i = 0; i < 10; ++i)
    trainer.step();
  EXPECT_EQ(allocationCount(), before);
  testing::internal::GetCapturedStderr();
}

TEST_F(TrainTest, StopsBeforeTheUpdateWhenTheLossIsNotFinite) {
  TrainOptions trainOptions;
  trainOptions.data = data;
  trainOptions.steps = 5;
  trainOptions.schedule.maximum = 0.1;
  trainOptions.globalBatchSize = BigramModel::microBatch;
  trainOptions.machine.threads = 2;
  trainOptions.save = folder / "saved";
  testing::internal::CaptureStderr();
  Trainer trainer(model.program(), trainOptions);
  Session &session = trainer.session();
  uint32_t experts = session.require(HADAL_PARAMETER, "model.layers.0.mlp.experts.{e}.down_proj.weight");
  std::vector<float> infinity = {std::numeric_limits<float>::infinity()};
  session.write(experts, 300 * sizeof(float), std::as_bytes(std::span(infinity)));
  std::string message = failureOf(HADAL_EXIT_NON_FINITE, [&] { trainer.run(); });
  testing::internal::GetCapturedStderr();
  EXPECT_CONTAINS(message, "step 1: the loss is ");
  EXPECT_CONTAINS(message, "parameter 'model.layers.0.mlp.experts.{e}.down_proj.weight' (element 300 is inf)");
  EXPECT_CONTAINS(message, "before the update");
  EXPECT_FALSE(std::filesystem::exists(folder / "saved/step-1"));
}

/// Makes a gradient infinite, once a step is done.
bool isSpoilt = false;
void spoil(void *const *arguments, int64_t, int64_t, int64_t, void *) {
  if (isSpoilt)
    static_cast<float *>(arguments[0])[1000] = -std::numeric_limits<float>::infinity();
}

TEST_F(TrainTest, StopsBeforeTheUpdateWhenAGradientIsNotFinite) {
  TrainOptions trainOptions;
  trainOptions.data = data;
  trainOptions.steps = 3;
  trainOptions.schedule.maximum = 0.1;
  trainOptions.globalBatchSize = BigramModel::microBatch;
  trainOptions.machine.threads = 2;
  testing::internal::CaptureStderr();
  uint32_t gradient = 0;
  while (model.builder.tensors[gradient].role != HADAL_GRADIENT)
    ++gradient;
  model.builder.entryBuilders.front().launch(spoil, "spoil", 1, 1, {{HADAL_ARGUMENT_TENSOR, gradient}});
  Trainer trainer(model.program(), trainOptions);
  trainer.step();
  // The loss stays finite, the gradient does not.
  Session &session = trainer.session();
  uint32_t table = session.require(HADAL_PARAMETER, "model.embed_tokens.weight");
  std::vector<float> before = session.read<float>(table);
  isSpoilt = true;
  std::string message = failureOf(HADAL_EXIT_NON_FINITE, [&] { trainer.step(); });
  isSpoilt = false;
  testing::internal::GetCapturedStderr();
  EXPECT_CONTAINS(message, "step 2: the gradient norm is inf; the first non-finite tensor is the gradient of "
                           "'model.embed_tokens.weight' (element 1000 is -inf); stopped before the update");
  EXPECT_EQ(trainer.completedSteps(), 1);
  EXPECT_EQ(session.read<float>(table), before);
}

TEST_F(TrainTest, ParametersThatAreNotFiniteAreNeitherSavedNorExported) {
  // The largest learning rate makes them infinite in the first update, which no loss follows.
  std::string saved = (folder / "saved").string(), exported = (folder / "exported").string();
  run(0, options(1, {"--save", saved}));
  std::vector<std::string> fast = {"--data", data, "--steps", "2", "--lr", "3e38", "--weight-decay", "1e30"};
  auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), fast.begin(), fast.end());
    return more;
  };
  std::string messages = run(HADAL_EXIT_NON_FINITE, with({"--save", saved, "--resume", "--keep-checkpoints", "1"}));
  EXPECT_CONTAINS(messages, "step 2: the first non-finite tensor after the update is the parameter "
                            "'model.embed_tokens.weight' (element ");
  EXPECT_CONTAINS(messages, "it is not saved, the last checkpoint is " + saved + "/step-1");
  EXPECT_FALSE(std::filesystem::exists(saved + "/step-2"));
  fast[3] = "1";
  messages = run(HADAL_EXIT_NON_FINITE, with({"--export", exported}));
  EXPECT_CONTAINS(messages, "it is not exported, there is no checkpoint");
  EXPECT_FALSE(std::filesystem::exists(exported));
}

TEST_F(TrainTest, ExportedDirectoryIsLoadedAgain) {
  std::string exported = (folder / "exported").string();
  run(0, options(4, {"--export", exported, "--save", (folder / "saved").string()}));
  EXPECT_EQ(readFile(exported + "/config.json"), "{\"model_type\": \"bigram\"}\n");
  EXPECT_TRUE(readFile(exported + "/model.safetensors") == readFile(folder / "saved/step-4/model.safetensors"));
  std::string log = (folder / "log.jsonl").string();
  run(0, options(1, {"--load", exported, "--log", log}));
  EXPECT_LT(logLines(log).front()["loss_main"].get<double>(), 5.5);
}

TEST_F(TrainTest, TraceIsValidJson) {
  std::string trace = (folder / "trace.json").string();
  run(0, options(3, {"--trace", trace, "--threads", "2", "--global-batch-size", "4"}));
  Json json = Json::parse(readFile(trace));
  std::map<std::pair<std::string, uint64_t>, int> slices; // (entry point, launch) to the number of threads that ran it
  for (const Json &event : json["traceEvents"])
    if (event["ph"] == "X")
      ++slices[{event["cat"], event["args"]["command"]}];
  EXPECT_EQ(slices.size(), 4u + 1 + 3); // accumulate, gradient_norm, update
  for (const auto &[launch, count] : slices)
    EXPECT_TRUE(count >= 1 && count <= 4) << launch.first << launch.second; // 2 threads, 2 micro-batches
}

TEST_F(TrainTest, ValidationMayHaveTokensOfItsOwn) {
  auto validate = [&](const char *log) {
    run(0, options(2, {"--valid", data, "--eval-interval", "1", "--log", (folder / log).string()}));
    std::string text = readFile(folder / log);
    return text.substr(text.find("validation_loss"), 40);
  };
  std::string shared = validate("shared.jsonl");
  // Another tensor of the same name: what the trainer writes for `accumulate`, `evaluate` does not see.
  hadal_argument tokens = model.builder.tensor(HADAL_INPUT, "tokens", {BigramModel::microBatch, 10}, HADAL_I32);
  model.builder.entryBuilders.back().arguments[0] = tokens;
  model.builder.entryBuilders.back().inputs.clear();
  model.builder.entryBuilders.back().results.clear(); // both are listed anew
  EXPECT_EQ(validate("apart.jsonl"), shared);
}

} // namespace
} // namespace hadal::test
