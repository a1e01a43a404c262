// What a run writes, and where: through links, beside what is there already, and never over what others wrote.
#include "runtime/io/ChromeTrace.h"
#include "runtime/io/HuggingFaceDirectory.h"
#include "runtime/io/NamedTensors.h"
#include "runtime/io/Safetensors.h"
#include "runtime/programs/Report.h"
#include "runtime/programs/train/Trainer.h"
#include "test/runtime/TrainFixture.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace hadal::test {
namespace {

namespace fs = std::filesystem;

class OutputsTest : public TrainTest {
protected:
  std::string at(const std::string &name) const { return (folder / name).string(); }

  /// Every path below a folder, with the contents of files and the targets of links.
  std::map<std::string, std::string> snapshot(const fs::path &root) const {
    std::map<std::string, std::string> contents;
    for (const fs::directory_entry &entry : fs::recursive_directory_iterator(root))
      contents[fs::relative(entry.path(), root)] = entry.is_symlink()        ? fs::read_symlink(entry.path()).string()
                                                   : entry.is_regular_file() ? readFile(entry.path())
                                                                             : "";
    return contents;
  }
};

TEST_F(OutputsTest, EveryOutputFollowsLinks) {
  fs::create_directory(folder / "there");
  for (const char *option : {"log", "trace", "save-gradients", "tensorboard", "export", "save"})
    for (bool dangling : {false, true}) {
      std::string name = std::string(option) + (dangling ? "-new" : "-old"), target = at("there/" + name);
      bool isFolder =
          name[0] == 'e' || name.starts_with("tensor") || name.starts_with("save-n") || name.starts_with("save-o");
      if (!dangling && isFolder)
        fs::create_directory(target);
      else if (!dangling)
        writeFile(target, "");
      fs::create_symlink("there/" + name, folder / name);
      run(0, options(1, {std::string("--") + option, at(name)}));
      EXPECT_TRUE(fs::is_symlink(folder / name)) << name;
      EXPECT_EQ(fs::is_directory(target), isFolder) << name;
      EXPECT_TRUE(isFolder ? !fs::is_empty(target) : fs::file_size(target) > 0) << name;
    }
}

TEST_F(OutputsTest, FilesOfOthersAreNotReplaced) {
  writeFile(folder / "notes", "of mine");
  fs::create_symlink("notes", folder / "link");
  fs::create_directory(folder / "exported");
  run(0, options(1, {"--export", at("exported"), "--trace", at("trace"), "--save-gradients", at("gradients")}));
  std::map<std::string, std::string> before = snapshot(folder.path());
  for (const char *option : {"--log", "--trace", "--save-gradients"})
    for (const char *name : {"notes", "link", "exported/model.safetensors", "exported/config.json"}) {
      std::string messages = run(2, options(1, {option, at(name)}));
      EXPECT_CONTAINS(messages, std::string("error: ") + option + ": '" + at(name) + "' ");
      EXPECT_EQ(messages.find("step 1/1"), std::string::npos);
    }
  EXPECT_CONTAINS(run(2, options(1, {"--trace", at("gradients")})), "is no former output of --trace");
  EXPECT_CONTAINS(run(2, options(1, {"--save-gradients", at("trace")})), "is no former output of --save-gradients");
  EXPECT_EQ(snapshot(folder.path()), before);
  run(0, options(1, {"--trace", at("trace"), "--save-gradients", at("gradients")})); // but former outputs are
}

TEST_F(OutputsTest, AForeignStepThatTheRunWouldReachIsRefusedBeforeTraining) {
  fs::create_directories(folder / "saved/step-4");
  writeFile(folder / "saved/step-4/__0_0.distcp", "shard");
  fs::create_directories(folder / "saved/.incomplete-download");
  writeFile(folder / "saved/.incomplete-download/file", "part");
  std::map<std::string, std::string> before = snapshot(folder / "saved");
  for (int steps : {4, 9}) {
    std::string messages = run(2, options(steps, {"--save", at("saved"), "--resume"}));
    EXPECT_CONTAINS(messages, "error: --save: '" + at("saved/step-4") + "' is not a checkpoint that Hadal has saved");
    EXPECT_EQ(messages.find("step 1/"), std::string::npos);
  }
  EXPECT_EQ(snapshot(folder / "saved"), before);
  run(0, options(3, {"--save", at("saved")})); // does not reach it
  EXPECT_EQ(readFile(folder / "saved/step-4/__0_0.distcp"), "shard");
  EXPECT_CONTAINS(run(2, options(5, {"--save", at("saved"), "--resume"})), "step-4' is not a checkpoint");
  fs::rename(folder / "saved/step-4", folder / "moved");
  run(0, options(5, {"--save", at("saved"), "--resume"}));
}

TEST_F(OutputsTest, WeightsThatAreNotFiniteAreRefusedWhenTheyAreLoaded) {
  run(0, options(1, {"--export", at("good")}));
  SafetensorsFile good(folder / "good/model.safetensors");
  for (const auto &[name, entry] : good.entries())
    for (float value : {NAN, INFINITY, -INFINITY}) {
      fs::remove_all(folder / "bad");
      fs::copy(folder / "good", folder / "bad");
      uint64_t element = entry.size / sizeof(float) - 1;
      std::fstream file(folder / "bad/model.safetensors", std::ios::in | std::ios::out | std::ios::binary);
      file.seekp(static_cast<std::streamoff>(entry.begin + element * sizeof(float)));
      file.write(reinterpret_cast<const char *>(&value), sizeof value);
      file.close();
      std::string messages = run(1, options(40, {"--load", at("bad"), "--save", at("saved"), "--save-interval", "20"}));
      EXPECT_CONTAINS(messages, concat("error: ", at("bad/model.safetensors"), ": tensor '", name, "': element ",
                                       element, " is ", describeNonFinite(value), "; "));
      EXPECT_EQ(messages.find("--lr"), std::string::npos);
      EXPECT_FALSE(fs::exists(folder / "saved"));
    }
}

TEST_F(OutputsTest, AdviceNamesOnlyWhatMayHaveDoneIt) {
  std::string messages =
      run(4, {"--data", data, "--steps", "1", "--lr", "3e38", "--weight-decay", "1e30", "--save", at("saved")});
  EXPECT_CONTAINS(messages, "a lower --lr may help");
  messages = run(4, options(2, {"--router-bias-rate", "3e38", "--save", at("saved")}));
  EXPECT_CONTAINS(messages, "e_score_correction_bias' (element 0 is ");
  EXPECT_CONTAINS(messages, "; a smaller --router-bias-rate may help");
  messages = run(4, options(1, {"--adam-eps", "0", "--save", at("saved")}));
  EXPECT_CONTAINS(messages, "is nan); it is not saved, there is no checkpoint; with --adam-eps 0 a gradient that has ");
}

TEST_F(OutputsTest, TextThatIsNoUTF8EndsNoRun) {
  model.builder.program.model = "caf\xe9";
  std::string trace = at("tr\xe4"
                         "ce.json");
  std::string saved = at("gespeichert\xfc");
  run(0, options(3, {"--trace", trace, "--save", saved, "--log", at("l\xf6g")}));
  EXPECT_EQ(Json::parse(readFile(trace))["traceEvents"][0]["args"]["name"], "step 2 of model caf\xef\xbf\xbd");
  EXPECT_TRUE(fs::exists(saved + "/step-3/trainer.json"));
}

TEST_F(OutputsTest, NoExceptionLeavesAProgram) {
  auto reported = [](auto exception, int code) {
    testing::internal::CaptureStderr();
    EXPECT_EQ(reportErrors([&]() -> int { throw exception; }), code);
    return testing::internal::GetCapturedStderr();
  };
  EXPECT_EQ(reported(Error(HADAL_EXIT_NON_FINITE, "why"), HADAL_EXIT_NON_FINITE), "error: why\n");
  EXPECT_EQ(reported(std::bad_alloc(), HADAL_EXIT_OUT_OF_MEMORY), "error: out of memory\n");
  EXPECT_EQ(reported(std::length_error("why"), HADAL_EXIT_INPUT), "error: unexpected: why\n");
  EXPECT_EQ(reported(3, HADAL_EXIT_INPUT), "error: unexpected, of an unknown kind\n");
}

} // namespace
} // namespace hadal::test
