// What several tests need: temporary folders, files, child processes, and the message of an expected failure.
#ifndef HADAL_TEST_RUNTIME_SUPPORT_H
#define HADAL_TEST_RUNTIME_SUPPORT_H

#include "runtime/core/Error.h"
#include "runtime/programs/Programs.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace hadal::test {

/// Under AddressSanitizer a process cannot do with little memory.
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
inline constexpr bool isSanitized = true;
#else
inline constexpr bool isSanitized = false;
#endif

/// A folder that is removed at the end of the test.
class TemporaryFolder {
public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "hadal-runtime-test-XXXXXX").string();
    root = mkdtemp(name.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(root); }
  std::filesystem::path operator/(const std::string &name) const { return root / name; }
  const std::filesystem::path &path() const { return root; }

private:
  std::filesystem::path root;
};

inline void writeFile(const std::filesystem::path &path, const std::string &contents) {
  std::ofstream(path, std::ios::binary) << contents;
}

inline std::string readFile(const std::filesystem::path &path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// What Git LFS leaves in the place of a file that it has not fetched.
constexpr const char *lfsPointer = "version https://git-lfs.github.com/spec/v1\n"
                                   "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\n"
                                   "size 4998345384\n";

/// Text with some structure, the same every time.
inline std::string sampleText(size_t size) {
  std::string text;
  uint32_t state = 1;
  while (text.size() < size) {
    state = state * 1664525 + 1013904223;
    static constexpr const char *words[] = {"the ", "deep ", "sea ", "is ", "dark ", "and ", "cold.\n", "waters "};
    text += words[state >> 29];
  }
  text.resize(size);
  return text;
}

/// Runs `body`, which must throw an Error of the given code, and returns its message.
inline std::string failureOf(hadal_exit_code code, const std::function<void()> &body) {
  try {
    body();
  } catch (const Error &error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no error was thrown";
  return "";
}

/// Runs a program in this process.
inline int runTrain(const struct hadal_program &program, const std::vector<std::string> &options) {
  std::vector<const char *> argv = {"train"};
  for (const std::string &option : options)
    argv.push_back(option.c_str());
  return runProgram(program, static_cast<int>(argv.size()), argv.data());
}

/// Runs `body` in a child process and returns the child's id.
inline pid_t startChild(const std::function<int()> &body) {
  pid_t child = fork();
  if (child == 0) {
    int code = body();
    _exit(code);
  }
  return child;
}

/// The exit code of a child, or 128 + the signal that killed it.
inline int waitFor(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// Silences stderr of a child process.
inline void closeStderr() {
  if (!std::freopen("/dev/null", "w", stderr))
    _exit(99);
}

#define EXPECT_CONTAINS(text, part)                                                                                    \
  EXPECT_NE(std::string(text).find(part), std::string::npos) << "expected '" << (part) << "' in: " << (text)

} // namespace hadal::test

#endif // HADAL_TEST_RUNTIME_SUPPORT_H
