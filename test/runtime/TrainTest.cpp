// Whole runs of the bigram model: that it learns, resumes to the same bits, and ends well whatever happens.
#include "runtime/io/NamedTensors.h"
#include "runtime/io/Safetensors.h"
#include "runtime/programs/train/Trainer.h"
#include "test/runtime/AllocationCount.h"
#include "test/runtime/TrainFixture.h"

#include <cmath>
#include <csignal>
#include <limits>
#include <random>
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

TEST_F(TrainTest, ResumedRunHasTheSameBits) {
  std::string whole = (folder / "whole").string(), parts = (folder / "parts").string();
  std::initializer_list<std::string> common = {
      "--shuffle", "--seed", "7", "--lr-decay-style", "cosine", "--lr-warmup-iters", "3", "--lr-decay-iters", "20"};
  auto with = [&](int steps, std::vector<std::string> more) {
    std::vector<std::string> list = options(steps, common);
    list.insert(list.end(), more.begin(), more.end());
    return list;
  };
  std::string wholeLog = (folder / "whole.jsonl").string(), partsLog = (folder / "parts.jsonl").string();
  run(0, with(20, {"--save", whole, "--log", wholeLog}));
  run(0, with(7, {"--save", parts, "--log", partsLog, "--resume"}));
  // A line behind the checkpoint, and half of one, as a killed run leaves them.
  writeFile(partsLog, readFile(partsLog) + "{\"step\":8,\"loss\":1}\n{\"step\":9,\"lo");
  run(0, with(13, {"--save", parts, "--log", partsLog, "--resume", "--threads", "3"}));
  run(0, with(20, {"--save", parts, "--log", partsLog, "--resume", "--threads", "1"}));
  for (const char *file : {"config.json", "model.safetensors", "optimizer.safetensors", "trainer.json"})
    EXPECT_TRUE(readFile(whole + "/step-20/" + file) == readFile(parts + "/step-20/" + file)) << file;
  std::vector<Json> expected = logLines(wholeLog), actual = logLines(partsLog);
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i)
    for (const char *key : {"step", "loss", "learning_rate", "gradient_norm"})
      EXPECT_EQ(actual[i][key], expected[i][key]) << key << " of line " << i;
}

TEST_F(TrainTest, KilledAtRandomInstantsAlwaysResumes) {
  std::string killed = (folder / "killed").string(), whole = (folder / "whole").string();
  run(0, options(150, {"--save", whole, "--save-interval", "50"}));
  auto body = [&] {
    closeStderr();
    return runTrain(model.program(),
                    options(150, {"--save", killed, "--save-interval", "1", "--resume", "--threads", "2"}));
  };
  std::mt19937 random(1);
  int kills = 0;
  for (int code = -1; code != 0;) {
    pid_t child = startChild(body);
    if (kills < 15) {
      usleep(2000 + random() % 60000);
      kill(child, SIGKILL);
    }
    code = waitFor(child);
    ASSERT_TRUE(code == 0 || code == 128 + SIGKILL) << code;
    kills += code != 0;
  }
  EXPECT_TRUE(readFile(whole + "/step-150/model.safetensors") == readFile(killed + "/step-150/model.safetensors"));
  EXPECT_TRUE(readFile(whole + "/step-150/optimizer.safetensors") ==
              readFile(killed + "/step-150/optimizer.safetensors"));
}

TEST_F(TrainTest, SignalsSaveAndExitWithTheirOwnCode) {
  std::string saved = (folder / "saved").string();
  for (int signal : {SIGTERM, SIGINT, SIGHUP}) {
    std::filesystem::remove_all(saved);
    pid_t child = startChild([&] {
      closeStderr();
      return runTrain(model.program(), options(100000000, {"--save", saved}));
    });
    usleep(300000);
    kill(child, signal);
    EXPECT_EQ(waitFor(child), HADAL_EXIT_INTERRUPTED);
    EXPECT_EQ(CheckpointFolder(saved, 1).completeSteps().size(), 1u);
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

TEST_F(TrainTest, StopsBeforeTheUpdateWhenAGradientIsNotFinite) {
  TrainOptions trainOptions;
  trainOptions.data = data;
  trainOptions.steps = 3;
  trainOptions.schedule.maximum = 0.1;
  trainOptions.globalBatchSize = BigramModel::microBatch;
  trainOptions.machine.threads = 2;
  testing::internal::CaptureStderr();
  Trainer trainer(model.program(), trainOptions);
  trainer.step();
  // The next micro-batch adds to what is there: the loss stays finite, the gradient does not.
  Session &session = trainer.session();
  uint32_t table = session.require(HADAL_PARAMETER, "model.embed_tokens.weight");
  uint32_t gradient = session.require(HADAL_GRADIENT, "model.embed_tokens.weight");
  std::vector<float> infinity = {-std::numeric_limits<float>::infinity()};
  session.write(gradient, 1000 * sizeof(float), std::as_bytes(std::span(infinity)));
  std::vector<float> before = session.read<float>(table);
  std::string message = failureOf(HADAL_EXIT_NON_FINITE, [&] { trainer.step(); });
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

struct BadCommandLine {
  std::vector<std::string> options;
  int code;
  std::string message;
};

TEST_F(TrainTest, EveryBadOptionHasItsMessage) {
  std::string shortData = (folder / "short.txt").string(), odd = (folder / "odd.u16").string();
  writeFile(shortData, "seventeen letters");
  writeFile(odd, "abc");
  std::string here = folder.path().string(), missing = (folder / "missing").string();
  std::string link = (folder / "link").string(), validation = (folder / "valid.txt").string();
  std::filesystem::create_symlink(data, link);
  writeFile(validation, sampleText(1000));
  const BadCommandLine cases[] = {
      {{"--data", data, "--steps", "1"}, 2, "--lr is required"},
      {{"--data", data, "--lr", "1"}, 2, "--steps is required"},
      {{"--steps", "1", "--lr", "1"}, 2, "--data is required"},
      {options(1, {"--unknown"}), 2, "--unknown"},
      {options(1, {"-held"}), 2, "-held"}, // not -h
      {options(1, {"--threads", "0"}), 2, "--threads"},
      {options(1, {"--threads", "many"}), 2, "--threads"},
      {options(0), 2, "--steps"},
      {{"--data", data, "--lr", "1", "--steps", "99999999999999999999"},
       2,
       "--steps: '99999999999999999999' is not a whole number from 1 to 9223372036854775807"},
      {options(1, {"--keep-checkpoints", "4294967297"}), 2, "is not a whole number from 1 to 4294967295"},
      {options(1, {"--seed", "18446744073709551616"}), 2, "is not a whole number from 0 to 18446744073709551615"},
      {options(1, {"--global-batch-size", "3"}), 2, "not a multiple of 2"},
      {options(1, {"--global-batch-size", "2000"}), 1, "4000 tokens are too few"},
      {options(1, {"--lr-decay-style", "linear"}), 2,
       "--lr-decay-style: 'linear' is unknown, expected constant or cosine"},
      {options(1, {"--lr-warmup-iters", "-1"}), 2, "--lr-warmup-iters"},
      {options(1, {"--lr-warmup-iters", "9", "--lr-decay-style", "cosine", "--lr-decay-iters", "9"}), 2,
       "--lr-decay-iters"},
      {options(1, {"--min-lr", "1"}), 2, "--min-lr: 1 is above --lr 0.05"},
      {options(1, {"--weight-decay", "-1"}), 2, "--weight-decay"},
      {options(1, {"--clip-grad", "-1"}), 2, "--clip-grad"},
      {options(1, {"--clip-grad", "inf"}), 2, "--clip-grad: 'inf' is not a number from 0 up"},
      {options(1, {"--adam-beta1", "1"}), 2, "--adam-beta1"},
      {options(1, {"--adam-beta2", "1.5"}), 2, "--adam-beta2"},
      {options(1, {"--adam-eps", "-1"}), 2, "--adam-eps"},
      {{"--data", data, "--steps", "1", "--lr", "1e39"},
       2,
       "--lr: '1e39' is not a number from 0 up (as a 32-bit float)"},
      {options(1, {"--adam-eps", "1e-60"}), 2, "--adam-eps: '1e-60' is not a number"},
      {options(1, {"--adam-beta2", "0.99999999999"}), 2,
       "--adam-beta2: '0.99999999999' is not a number from 0 up and below 1"},
      {options(1, {"--mtp-loss-weight", "1e39"}), 2, "--mtp-loss-weight: '1e39' is not a number"},
      {options(1, {"--mtp-loss-weight", "x"}), 2, "--mtp-loss-weight"},
      {options(1, {"--balance-loss-weight", "-1"}), 2, "--balance-loss-weight"},
      {options(1, {"--router-bias-rate", "-1"}), 2, "--router-bias-rate"},
      {options(1, {"--save-interval", "1"}), 2, "--save-interval needs --save"},
      {options(1, {"--resume"}), 2, "--resume needs --save"},
      {options(1, {"--keep-checkpoints", "0"}), 2, "--keep-checkpoints"},
      {options(1, {"--eval-interval", "1"}), 2, "--eval-interval needs --valid"},
      {options(1, {"--eval-iters", "1"}), 2, "--eval-iters needs --valid"},
      {options(1, {"--seed", "-3"}), 2, "--seed"},
      {options(1, {"--valid", missing + ".txt"}), 1, "cannot open '" + missing + ".txt': No such file or directory"},
      {options(1, {"--valid", shortData}), 1,
       "short.txt: 17 tokens are too few: a micro-batch of 2 samples of sequence "
       "length 8 needs 18"},
      {options(1, {"--load", missing}), 1, "is not a folder"},
      {options(1, {"--load", here}), 1, "has neither model.safetensors nor"},
      {options(1, {"--save", data}), 2, "--save: '" + data + "' is not a folder"},
      {options(1, {"--log", here}), 2, "--log: '" + here + "' is a folder"},
      {options(1, {"--log", missing + "/log"}), 2, "--log: the folder '" + missing + "' does not exist"},
      {options(1, {"--trace", missing + "/t.json"}), 2, "--trace: the folder"},
      {options(1, {"--save-gradients", missing + "/g"}), 2, "--save-gradients: the folder"},
      {options(1, {"--tensorboard", data}), 2, "--tensorboard: '" + data + "' is not a folder"},
      {options(1, {"--export", data}), 2, "--export: '" + data + "' is not a folder"},
      {options(1, {"--export", data + "/a/b"}), 2, "--export: '" + data + "' is not a folder"},
      {options(1, {"--log", data}), 2, "--log: '" + data + "' is also the file of --data"},
      {options(1, {"--trace", link}), 2, "--trace: '" + link + "' is also the file of --data"},
      {options(1, {"--valid", validation, "--save-gradients", validation}), 2, "is also the file of --valid"},
      {options(1, {"--log", missing, "--trace", here + "/./missing"}), 2,
       "--trace: '" + here + "/./missing' is also the file of --log"},
      {{"--data", missing + ".txt", "--steps", "1", "--lr", "1"}, 1, "cannot open"},
      {{"--data", missing, "--steps", "1", "--lr", "1"}, 1, "cannot open"},
      {{"--data", odd, "--steps", "1", "--lr", "1"}, 1, "3 bytes are no multiple of the 2 bytes of a token id"},
      {{"--data", here, "--steps", "1", "--lr", "1"}, 1, "not a regular file"},
  };
  for (const BadCommandLine &bad : cases) {
    std::string messages = run(bad.code, bad.options);
    EXPECT_CONTAINS(messages, "error: ");
    EXPECT_CONTAINS(messages, bad.message);
  }
  EXPECT_EQ(readFile(data), sampleText(4000));
}

TEST_F(TrainTest, AnEmptyPathIsNoPath) {
  for (std::string option :
       {"--data", "--valid", "--load", "--save", "--export", "--log", "--tensorboard", "--trace", "--save-gradients"}) {
    std::vector<std::string> list = options(1, {option, ""});
    if (option == "--data")
      list.erase(list.begin(), list.begin() + 2);
    EXPECT_CONTAINS(run(2, list), "error: " + option + ": '' is not a path");
  }
}

TEST_F(TrainTest, AFolderThatCannotBeWrittenIsRefusedAtTheStart) {
  std::string closed = (folder / "closed").string();
  std::filesystem::create_directory(closed);
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
  std::filesystem::permissions(closed, std::filesystem::perms(0555));
  for (std::string path : {closed, closed + "/inner/model"}) {
    pid_t child = startChild([&] {
      if (getuid() == 0 && setuid(65534) != 0) // root may write everywhere
        return 99;
      try {
        requireFillable(path, "--export");
      } catch (const Error &error) {
        return std::string(error.what()).find("--export: the folder '" + closed) == 0 ? int{error.code()} : 98;
      }
      return 0;
    });
    EXPECT_EQ(waitFor(child), HADAL_EXIT_COMMAND_LINE) << path;
  }
  requireFillable(folder / "a/b/c", "--export");
  EXPECT_FALSE(std::filesystem::exists(folder / "a"));
}

TEST_F(TrainTest, HelpGroupsTheOptions) {
  auto help = [&](const char *option) {
    testing::internal::CaptureStdout();
    EXPECT_EQ(runTrain(model.program(), {option}), 0);
    return testing::internal::GetCapturedStdout();
  };
  std::string common = help("--help"), all = help("--help-all");
  for (const char *flag : {"--data", "--steps", "--lr ", "--save-gradients", "--export", "--threads", "Exit codes"})
    EXPECT_CONTAINS(common, flag);
  for (const char *flag : {"--adam-beta1", "--keep-checkpoints", "--mtp-loss-weight", "--data"})
    EXPECT_CONTAINS(all, flag);
  EXPECT_EQ(common.find("--adam-beta1"), std::string::npos);
}

TEST_F(TrainTest, ResumingAnotherRunIsRefused) {
  std::string saved = (folder / "saved").string(), other = (folder / "other.txt").string();
  writeFile(other, sampleText(3999));
  run(0, options(2, {"--save", saved}));
  EXPECT_CONTAINS(run(2, options(3, {"--save", saved})), "add --resume");
  EXPECT_CONTAINS(run(2, options(3, {"--save", saved, "--resume", "--shuffle"})), "--shuffle is on, but was off");
  EXPECT_CONTAINS(run(2, options(3, {"--save", saved, "--resume", "--seed", "5"})), "--seed is 5, but was 1234");
  EXPECT_CONTAINS(run(2, options(3, {"--save", saved, "--resume", "--save-gradients", (folder / "g").string()})),
                  "after step 2");
  EXPECT_CONTAINS(run(2, {"--data", other, "--steps", "3", "--lr", "0.1", "--save", saved, "--resume"}),
                  "is 3999, but was 4000");
  EXPECT_CONTAINS(run(0, options(2, {"--save", saved, "--resume"})), "nothing to train");
}

TEST_F(TrainTest, ResumingOnOtherDataOfEqualLengthIsRefused) {
  std::string saved = (folder / "saved").string(), text = sampleText(4000);
  run(0, options(2, {"--save", saved}));
  for (size_t place : {0, 2000, 3999}) {
    std::string changed = text;
    changed[place] ^= 1;
    writeFile(data, changed);
    EXPECT_CONTAINS(run(2, options(3, {"--save", saved, "--resume"})), "the digest of --data, of as many tokens, is ");
  }
  // The same tokens under another name and in another width are the same data.
  std::string ids = (folder / "ids.u16").string(), wide;
  for (char byte : text)
    wide += {byte, '\0'};
  writeFile(ids, wide);
  run(0, {"--data", ids, "--steps", "3", "--lr", "0.05", "--save", saved, "--resume"});
}

TEST_F(TrainTest, ResumingWithOtherSettingsIsSaid) {
  auto resumed = [&](std::vector<std::string> before, std::vector<std::string> after) {
    TemporaryFolder place;
    for (std::vector<std::string> *list : {&before, &after})
      list->insert(list->end(), {"--data", data, "--save", (place / "saved").string()});
    run(0, before);
    after.push_back("--resume");
    std::string messages = run(0, after);
    size_t begin = messages.find("warning: --resume: ");
    return begin == messages.npos ? "" : messages.substr(begin, messages.find('\n', begin) - begin);
  };
  // What makes no difference: more steps at a constant rate, a warm-up that is over, an end of the decay that is
  // passed, and what does not train.
  EXPECT_EQ(resumed({"--steps", "2", "--lr", "0.1"}, {"--steps", "4", "--lr", "0.1", "--threads", "1"}), "");
  EXPECT_EQ(resumed({"--steps", "3", "--lr", "0.1", "--lr-warmup-iters", "2"}, {"--steps", "4", "--lr", "0.1"}), "");
  EXPECT_EQ(resumed({"--steps", "2", "--lr", "0.1", "--lr-decay-style", "cosine"},
                    {"--steps", "3", "--lr", "0.1", "--lr-decay-style", "cosine", "--lr-decay-iters", "2"}),
            "");
  EXPECT_EQ(resumed({"--steps", "2", "--lr", "0.1"}, {"--steps", "3", "--lr", "1e-1", "--save-interval", "1"}), "");
  EXPECT_EQ(resumed({"--steps", "2", "--lr", "0.1"}, {"--steps", "2", "--lr", "0.3"}), ""); // nothing is trained
  // What does.
  EXPECT_EQ(resumed({"--steps", "2", "--lr", "0.1", "--lr-decay-style", "cosine"},
                    {"--steps", "4", "--lr", "0.1", "--lr-decay-style", "cosine"}),
            "warning: --resume: the run that was saved there goes on otherwise: --lr-decay-iters is 4, but was 2 (it "
            "follows --steps; --lr-decay-iters 2 keeps it); the learning rate of step 3 is 0.0146447 instead of 0");
  EXPECT_CONTAINS(resumed({"--steps", "2", "--lr", "0.1"}, {"--steps", "3", "--lr", "0.2"}),
                  "otherwise: --lr is 0.2, but was 0.1; the learning rate of step 3 is 0.2 instead of 0.1");
  EXPECT_CONTAINS(
      resumed({"--steps", "2", "--lr", "0.1"}, {"--steps", "4", "--lr", "0.1", "--lr-decay-style", "cosine"}),
      "--lr-decay-style is cosine, but was constant");
  EXPECT_CONTAINS(resumed({"--steps", "2", "--lr", "0.1", "--lr-warmup-iters", "9"}, {"--steps", "3", "--lr", "0.1"}),
                  "--lr-warmup-iters is 0, but was 9");
  const std::pair<const char *, const char *> others[] = {{"--global-batch-size", "4"}, {"--weight-decay", "0.2"},
                                                          {"--clip-grad", "0"},         {"--adam-beta1", "0.8"},
                                                          {"--adam-beta2", "0.9"},      {"--adam-eps", "1e-06"},
                                                          {"--mtp-loss-weight", "0.1"}, {"--router-bias-rate", "0.5"}};
  for (auto [option, value] : others)
    EXPECT_CONTAINS(resumed({"--steps", "2", "--lr", "0.1"}, {"--steps", "3", "--lr", "0.1", option, value}),
                    concat("otherwise: ", option, " is ", value, ", but was "));
  // An end of the decay that is given does not move with --steps.
  std::vector<std::string> cosine = {"--lr",    "0.1", "--lr-decay-style", "cosine", "--lr-decay-iters", "9",
                                     "--steps", "2"};
  std::vector<std::string> longer = cosine;
  longer.back() = "4";
  EXPECT_EQ(resumed(cosine, longer), "");
}

TEST_F(TrainTest, ResumingInAnotherPrecisionIsSaid) {
  std::string saved = (folder / "saved").string();
  run(0, options(2, {"--save", saved}));
  model.builder.program.precision = "bf16";
  EXPECT_CONTAINS(
      run(0, options(3, {"--save", saved, "--resume"})),
      "warning: --resume: the run that was saved there goes on otherwise: the precision is bf16, but was f32");
  EXPECT_EQ(run(0, options(4, {"--save", saved, "--resume"})).find("warning"), std::string::npos);
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

TEST_F(TrainTest, ResumingWithAnotherModelOfTheSameShapesIsSaid) {
  std::string saved = (folder / "saved").string();
  run(0, options(2, {"--save", saved}));
  model.builder.program.config_json = "{\"model_type\": \"bigram\", \"rope_theta\": 5000}";
  EXPECT_CONTAINS(
      run(0, options(3, {"--save", saved, "--resume"})),
      "warning: --resume: the run that was saved there goes on otherwise: the digest of the model's config.json "
      "is ");
}

TEST_F(TrainTest, DamagedCheckpointsAreNotSkippedSilently) {
  std::string saved = (folder / "saved").string();
  run(0, options(3, {"--save", saved, "--save-interval", "1", "--keep-checkpoints", "3"}));
  auto cut = [&](const char *step) { std::filesystem::resize_file(saved + step + "/model.safetensors", 1000); };
  auto warning = [&](const char *step) {
    return "warning: skipped the checkpoint " + saved + step + ": model.safetensors has 1000 bytes instead of ";
  };
  cut("/step-1");
  cut("/step-3");
  std::string messages = run(0, options(2, {"--save", saved, "--resume"}));
  EXPECT_CONTAINS(messages, warning("/step-3"));
  EXPECT_CONTAINS(messages, "resumed from " + saved + "/step-2");
  EXPECT_EQ(messages.find("/step-1"), std::string::npos); // older than the one that is used
  cut("/step-2");
  messages = run(1, options(4, {"--save", saved, "--resume"}));
  EXPECT_CONTAINS(messages, warning("/step-1"));
  EXPECT_CONTAINS(messages, "every checkpoint in '" + saved + "' is damaged; remove their folders");
  EXPECT_CONTAINS(run(2, options(4, {"--save", saved})), "holds the damaged checkpoint step-3 of a former run");
  for (const char *step : {"/step-1", "/step-2", "/step-3"})
    std::filesystem::remove(saved + step + "/trainer.json"); // as unfinished saves look
  EXPECT_EQ(run(0, options(4, {"--save", saved, "--resume"})).find("warning"), std::string::npos);
}

TEST_F(TrainTest, ExportWithoutConfigurationIsRefusedAtTheStart) {
  model.builder.program.config_json = "";
  model.builder.program.config_json_reason = "the balance loss has no field there";
  std::string messages = run(1, options(2, {"--export", (folder / "exported").string()}));
  EXPECT_CONTAINS(messages, "the balance loss has no field there");
  EXPECT_EQ(messages.find("step 1/2"), std::string::npos);
}

TEST_F(TrainTest, NamesThatNoFileCanHoldAreRefusedAtTheStart) {
  // The expert 2 of a stacked parameter has the name of another one.
  model.builder.tensors[1].name = "model.layers.0.mlp.experts.2.down_proj.weight";
  std::string saved = (folder / "saved").string();
  std::string messages = run(1, options(2, {"--save", saved}));
  EXPECT_CONTAINS(messages, "have the name \"model.layers.0.mlp.experts.2.down_proj.weight\"");
  EXPECT_EQ(messages.find("step 1/2"), std::string::npos);
}

TEST_F(TrainTest, TooLittleMemoryIsForeseen) {
  model.builder.program.arena_size = uint64_t{1} << 60;
  std::string messages = run(HADAL_EXIT_OUT_OF_MEMORY, options(1));
  EXPECT_CONTAINS(messages, "out of memory: the program needs");
  EXPECT_CONTAINS(messages, "--micro-batch-size or --seq-length");
}

} // namespace
} // namespace hadal::test
