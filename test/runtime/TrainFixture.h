// A folder with training data, and whole runs of the bigram model on them.
#ifndef HADAL_TEST_RUNTIME_TRAINFIXTURE_H
#define HADAL_TEST_RUNTIME_TRAINFIXTURE_H

#include "test/runtime/BigramModel.h"
#include "test/runtime/Support.h"

#include <nlohmann/json.hpp>

namespace hadal::test {

using Json = nlohmann::json;

class TrainTest : public testing::Test {
protected:
  TemporaryFolder folder;
  BigramModel model;
  std::string data = (folder / "data.txt").string();

  void SetUp() override { writeFile(data, sampleText(4000)); }

  /// The options that every run needs, and `more`.
  std::vector<std::string> options(int steps, std::initializer_list<std::string> more = {}) const {
    std::vector<std::string> list = {"--data", data, "--steps", std::to_string(steps), "--lr", "0.05"};
    list.insert(list.end(), more);
    return list;
  }

  /// Runs, expecting the exit code, and returns what was written to stderr.
  std::string run(int code, const std::vector<std::string> &list) {
    testing::internal::CaptureStderr();
    int actual = runTrain(model.program(), list);
    std::string messages = testing::internal::GetCapturedStderr();
    EXPECT_EQ(actual, code) << messages;
    return messages;
  }

  std::vector<Json> logLines(const std::filesystem::path &path) const {
    std::vector<Json> lines;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);)
      lines.push_back(Json::parse(line));
    return lines;
  }
};

} // namespace hadal::test

#endif // HADAL_TEST_RUNTIME_TRAINFIXTURE_H
