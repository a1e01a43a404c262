// Checkpoints: completeness, what a kill at each stage of saving leaves, and what is kept.
#include "runtime/io/CheckpointFolder.h"
#include "runtime/core/Initializer.h"
#include "test/runtime/BigramModel.h"
#include "test/runtime/Support.h"

#include <csignal>

namespace hadal::test {
namespace {

namespace fs = std::filesystem;

class CheckpointTest : public testing::Test {
protected:
  TemporaryFolder folder;
  BigramModel model;
  Session session{model.program(), {.threads = 1}};
  fs::path root = folder / "checkpoints";

  CheckpointTest() { initializeParameters(session, 1); }

  static TrainerState stateOf(int64_t step) {
    return {.step = step,
            .samples = static_cast<uint64_t>(step) * 2,
            .seed = 5,
            .shuffle = true,
            .dataTokens = 100,
            .dataDigest = "0123456789abcdef",
            .sequenceLength = 8,
            .tokensAhead = 2,
            .settings = {{"--lr", "0.1"}, {"--lr-decay-style", "cosine"}}};
  }
  size_t entries() const { return static_cast<size_t>(std::distance(fs::directory_iterator(root), {})); }
};

TEST_F(CheckpointTest, WhatIsSavedIsLoaded) {
  uint32_t moment = session.require(HADAL_SECOND_MOMENT, "model.layers.0.mlp.experts.{e}.down_proj.weight");
  std::vector<float> moments(4 * 256, 0.25f);
  session.write<float>(moment, moments);
  CheckpointFolder checkpoints(root, 2);
  checkpoints.save(session, stateOf(9));
  Session other(model.program(), {.threads = 1});
  TrainerState state = checkpoints.load(9, other);
  EXPECT_EQ(state.step, 9);
  EXPECT_EQ(state.samples, 18u);
  EXPECT_EQ(state.seed, 5u);
  EXPECT_TRUE(state.shuffle);
  EXPECT_EQ(state.dataTokens, 100u);
  EXPECT_EQ(state.dataDigest, stateOf(9).dataDigest);
  EXPECT_EQ(state.settings, stateOf(9).settings);
  for (hadal_role role : {HADAL_PARAMETER, HADAL_FIRST_MOMENT, HADAL_SECOND_MOMENT})
    for (uint32_t index : session.program().tensorsOf(role))
      EXPECT_TRUE(session.read<float>(index) == other.read<float>(index));
  EXPECT_CONTAINS(readFile(root / "step-9/optimizer.safetensors"),
                  "model.layers.0.mlp.experts.3.down_proj.weight.second_moment");
}

TEST_F(CheckpointTest, TheNewestAreKept) {
  CheckpointFolder checkpoints(root, 2);
  for (int64_t step : {5, 10, 100, 20})
    checkpoints.save(session, stateOf(step));
  EXPECT_EQ(checkpoints.completeSteps(), (std::vector<int64_t>{20, 100}));
  EXPECT_EQ(entries(), 2u);
}

TEST_F(CheckpointTest, EqualStatesGiveEqualBytes) {
  CheckpointFolder checkpoints(root, 2), others(folder / "others", 2);
  checkpoints.save(session, stateOf(3));
  sleep(1);
  others.save(session, stateOf(3));
  for (const fs::directory_entry &entry : fs::directory_iterator(root / "step-3"))
    EXPECT_TRUE(readFile(entry.path()) == readFile(folder / "others/step-3" / entry.path().filename())) << entry.path();
}

TEST_F(CheckpointTest, AKillAtAnyStageLeavesACompleteCheckpoint) {
  for (const char *stage : {"begin", "model", "optimizer", "state", "rename", "remove", "delete", "end"}) {
    fs::remove_all(root);
    pid_t child = startChild([&] {
      CheckpointFolder checkpoints(root, 1);
      checkpoints.save(session, stateOf(1));
      checkpoints.onStage = [&](std::string_view current) {
        if (current == stage)
          kill(getpid(), SIGKILL);
      };
      checkpoints.save(session, stateOf(2));
      return 0;
    });
    ASSERT_EQ(waitFor(child), 128 + SIGKILL) << stage;
    CheckpointFolder checkpoints(root, 1);
    bool committed = std::string(stage) == "remove" || std::string(stage) == "delete" || std::string(stage) == "end";
    EXPECT_EQ(checkpoints.newest(), committed ? 2 : 1) << stage;
    for (const fs::directory_entry &entry : fs::directory_iterator(root))
      EXPECT_TRUE(entry.path().filename().string().starts_with("step-")) << entry.path();
    Session other(model.program(), {.threads = 1});
    checkpoints.load(*checkpoints.newest(), other);
    checkpoints.save(session, stateOf(3));
    EXPECT_EQ(checkpoints.completeSteps(), std::vector<int64_t>{3});
  }
}

TEST_F(CheckpointTest, IncompleteFoldersAreNoCheckpoints) {
  {
    CheckpointFolder checkpoints(root, 9);
    for (int64_t step : {1, 2, 3, 4, 5})
      checkpoints.save(session, stateOf(step));
  }
  fs::remove(root / "step-5/trainer.json");
  fs::resize_file(root / "step-4/model.safetensors", 1000);
  fs::remove(root / "step-3/optimizer.safetensors");
  writeFile(root / "step-2/trainer.json", "{\"step\":");
  fs::create_directory(root / "step-6");
  fs::create_directory(root / "step-x");
  CheckpointFolder checkpoints(root, 9);
  EXPECT_EQ(checkpoints.completeSteps(), std::vector<int64_t>{1});
  std::vector<DamagedCheckpoint> damaged = checkpoints.damaged(); // step-5 and step-6 only look unfinished
  ASSERT_EQ(damaged.size(), 3u);
  EXPECT_EQ(damaged[0].step, 2);
  EXPECT_EQ(damaged[0].reason, "trainer.json is not the JSON that was saved");
  EXPECT_EQ(damaged[1].reason, "optimizer.safetensors: No such file or directory");
  EXPECT_CONTAINS(damaged[2].reason, "model.safetensors has 1000 bytes instead of ");
  checkpoints.save(session, stateOf(4)); // replaces the remains
  EXPECT_EQ(checkpoints.newest(), 4);
}

TEST_F(CheckpointTest, OnlyOneRunMaySaveThere) {
  CheckpointFolder checkpoints(root, 1);
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, [&] { CheckpointFolder second(root, 1); }), "in use by another run");
}

TEST_F(CheckpointTest, FoldersWithoutACheckpointAreRemoved) {
  fs::create_directory(folder / "mine");
  for (const char *path : {"a/b/c", "a/b/", "mine", "mine/inner"})
    CheckpointFolder(folder / path, 2);
  EXPECT_FALSE(fs::exists(folder / "a"));
  EXPECT_TRUE(fs::is_empty(folder / "mine")); // it was there before
  CheckpointFolder(root / "inner", 2).save(session, stateOf(1));
  EXPECT_TRUE(fs::exists(root / "inner/step-1"));
}

TEST_F(CheckpointTest, AnotherModelsCheckpointIsRefused) {
  CheckpointFolder checkpoints(root, 1);
  checkpoints.save(session, stateOf(1));
  ProgramBuilder builder;
  builder.parameter("model.embed_tokens.weight", {2, 2}, 1);
  Session other(builder.build(), {.threads = 1});
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, [&] { checkpoints.load(1, other); }),
                  "tensor 'model.embed_tokens.weight' is F32 [256, 256], the program needs F32 [2, 2]");
}

} // namespace
} // namespace hadal::test
