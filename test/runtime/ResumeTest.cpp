// Runs that are interrupted or killed and go on from a checkpoint, to the same bits, or say why they do not.
#include "runtime/io/CheckpointFolder.h"
#include "test/runtime/TrainFixture.h"

#include <csignal>
#include <random>

namespace hadal::test {
namespace {

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

} // namespace
} // namespace hadal::test
