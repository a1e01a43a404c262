// Checkpoints: completeness, what a kill at each stage of saving leaves, and what is kept.
#include "runtime/io/CheckpointFolder.h"
#include "runtime/core/Initializer.h"
#include "test/runtime/BigramModel.h"
#include "test/runtime/Support.h"

#include <cmath>
#include <csignal>
#include <map>

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
  for (const char *stage : {"begin", "mark", "model", "optimizer", "state", "rename", "remove", "delete", "end"}) {
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
      EXPECT_TRUE(entry.path().filename().string().starts_with("step-")) << entry.path() << " after " << stage;
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

TEST_F(CheckpointTest, WhatOthersWroteIsNeitherRemovedNorReplaced) {
  fs::create_directories(root / "step-4");
  writeFile(root / "step-4/__0_0.distcp", "shard");
  fs::create_directories(root / ".incomplete-download");
  writeFile(root / ".incomplete-download/file", "part");
  writeFile(root / ".incomplete-5", "a file");
  writeFile(root / ".incomplete-hadal-5", "with a name of ours"); // and in the way of the next save
  fs::create_directories(root / ".incomplete-hadal-6");
  writeFile(root / ".incomplete-hadal-6/hadal-checkpoint.txt", "something else");
  for (const char *name : {"step-04", "step-+4", "step--4", "step-", "step-4x", "step-99999999999999999999"})
    writeFile(root / name, name);
  auto everything = [&] {
    std::map<std::string, std::string> contents;
    for (const fs::directory_entry &entry : fs::recursive_directory_iterator(root))
      if (!fs::relative(entry.path(), root).string().starts_with("step-5/"))
        contents[fs::relative(entry.path(), root)] = entry.is_regular_file() ? readFile(entry.path()) : "";
    contents.erase("step-5");
    return contents;
  };
  std::map<std::string, std::string> before = everything();
  {
    CheckpointFolder checkpoints(root, 1);
    EXPECT_EQ(checkpoints.completeSteps(), std::vector<int64_t>{});
    checkpoints.requireFree(5, 100);
    checkpoints.save(session, stateOf(3));
    checkpoints.save(session, stateOf(5));
    EXPECT_CONTAINS(failureOf(HADAL_EXIT_IO_FAILURE, [&] { checkpoints.save(session, stateOf(4)); }),
                    "step-4' is not a checkpoint that Hadal has saved");
    EXPECT_EQ(checkpoints.completeSteps(), std::vector<int64_t>{5});
  }
  CheckpointFolder again(root, 1);
  EXPECT_EQ(everything(), before);
}

TEST_F(CheckpointTest, WhatIsInTheWayOfAStepIsFoundBeforeTraining) {
  {
    CheckpointFolder checkpoints(root, 9);
    checkpoints.save(session, stateOf(1));
    checkpoints.save(session, stateOf(2));
  }
  CheckpointFolder checkpoints(root, 9);
  auto refusal = [&] {
    std::string message = failureOf(HADAL_EXIT_COMMAND_LINE, [&] { checkpoints.requireFree(3, 8); });
    EXPECT_CONTAINS(message, "--save: '" + (root / "step-8").string() + "' ");
    EXPECT_CONTAINS(message, "move it away, or choose another folder");
    fs::remove_all(root / "step-8");
    return message;
  };
  checkpoints.requireFree(3, 8);
  fs::create_directory(root / "step-8");
  EXPECT_CONTAINS(refusal(), "is not a checkpoint that Hadal has saved");
  writeFile(root / "step-8", "");
  checkpoints.requireFree(3, 7);
  EXPECT_CONTAINS(refusal(), "is not a folder");
  fs::create_directory_symlink("step-2", root / "step-8");
  EXPECT_CONTAINS(refusal(), "is a symbolic link");
  fs::create_symlink("nowhere", root / "step-8");
  EXPECT_CONTAINS(refusal(), "is a symbolic link");
  fs::copy(root / "step-2", root / "step-8");
  EXPECT_EQ(*checkpoints.newest(), 2);
  EXPECT_CONTAINS(refusal(), "is a copy of the checkpoint step-2");
  checkpoints.save(session, stateOf(8));
  fs::remove(root / "step-8/model.safetensors");
  checkpoints.requireFree(3, 8); // our own, damaged: it is replaced
  writeFile(root / "step-8/notes.txt", "of mine");
  EXPECT_CONTAINS(refusal(), "holds 'notes.txt', which Hadal did not write");
}

TEST_F(CheckpointTest, AnOldCheckpointWithSomethingElseInItStays) {
  CheckpointFolder checkpoints(root, 1);
  checkpoints.save(session, stateOf(1));
  writeFile(root / "step-1/tokenizer.json", "{}");
  checkpoints.save(session, stateOf(2));
  fs::rename(root / "step-2/optimizer.safetensors",
             folder / "elsewhere"); // a link that somebody made is no file of ours
  fs::create_symlink(folder / "elsewhere", root / "step-2/optimizer.safetensors");
  checkpoints.save(session, stateOf(3));
  checkpoints.save(session, stateOf(4));
  EXPECT_EQ(checkpoints.completeSteps(), (std::vector<int64_t>{1, 2, 4}));
  EXPECT_EQ(readFile(root / "step-1/tokenizer.json"), "{}");
  Session other(model.program(), {.threads = 1});
  EXPECT_EQ(checkpoints.load(1, other).step, 1);
}

TEST_F(CheckpointTest, AFolderThatMayNotBeReadSaysSo) {
  fs::create_directories(root);
  fs::permissions(folder.path(), fs::perms(0755));
  fs::permissions(root, fs::perms(0333));
  pid_t child = startChild([&] {
    if (getuid() == 0 && setuid(65534) != 0) // root may read everywhere
      return 99;
    try {
      CheckpointFolder checkpoints(root, 1);
    } catch (const Error &error) {
      return error.what() == "--save: the folder '" + root.string() + "' cannot be opened: Permission denied" ? 0 : 98;
    }
    return 97;
  });
  EXPECT_EQ(waitFor(child), 0);
  fs::permissions(root, fs::perms(0755));
}

TEST_F(CheckpointTest, ValuesThatTrainingCannotHaveLeftAreRefused) {
  const char *pattern = "model.layers.0.mlp.experts.{e}.down_proj.weight",
             *second = "model.layers.0.mlp.experts.2.down_proj.weight";
  auto refusal = [&](hadal_role role, float value) {
    fs::remove_all(root);
    uint32_t tensor = session.require(role, pattern);
    std::vector<float> values = session.read<float>(tensor), spoilt = values;
    spoilt[2 * 256 + 5] = value;
    session.write<float>(tensor, spoilt);
    CheckpointFolder checkpoints(root, 1);
    checkpoints.save(session, stateOf(1));
    session.write<float>(tensor, values);
    Session other(model.program(), {.threads = 1});
    return failureOf(HADAL_EXIT_INPUT, [&] { checkpoints.load(1, other); });
  };
  EXPECT_CONTAINS(refusal(HADAL_PARAMETER, NAN),
                  concat("step-1/model.safetensors: tensor '", second, "': element 5 is nan; "));
  EXPECT_CONTAINS(refusal(HADAL_FIRST_MOMENT, -INFINITY),
                  concat("step-1/optimizer.safetensors: tensor '", second, ".first_moment': element 5 is -inf; "));
  EXPECT_CONTAINS(refusal(HADAL_SECOND_MOMENT, INFINITY), ".second_moment': element 5 is inf; ");
  EXPECT_CONTAINS(refusal(HADAL_SECOND_MOMENT, -0.5f), ".second_moment': element 5 is -0.5; the mean of a gradient's ");
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
