// The command line of train: what is refused before anything is trained, and the help.
#include "runtime/io/Paths.h"
#include "test/runtime/TrainFixture.h"

namespace hadal::test {
namespace {

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
      {options(1, {"--pin=1-"}), 2, "--pin: '1-' is not 'cores' or a list of CPUs such as 0-3,8"},
      {options(1, {"--pin", "--threads", "4096"}), 2, "--pin: 4096 threads need a CPU each"},
      {options(1, {"--pin=1048575"}), 2, "--pin: there is no CPU 1048575"},
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
