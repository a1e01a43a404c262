// Files and paths: what is read, replaced in one step, and followed.
#include "runtime/io/File.h"
#include "runtime/io/Json.h"
#include "runtime/io/Paths.h"
#include "runtime/io/TokenFile.h"
#include "test/runtime/Support.h"

#include <csignal>
#include <sys/stat.h>

namespace hadal::test {
namespace {

namespace fs = std::filesystem;

TEST(InputFileTest, ReadsAndNoticesWhatIsMissing) {
  TemporaryFolder folder;
  writeFile(folder / "text", "some text");
  EXPECT_EQ(readText(folder / "text"), "some text");
  InputFile file(folder / "text");
  fs::resize_file(folder / "text", 4);
  std::string text(9, ' ');
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, [&] { file.readAll(0, std::as_writable_bytes(std::span(text))); }),
                  "text: the file has changed while it was read: it ends at byte 4, when it was opened it had 9 bytes");
  fs::create_symlink("nothing", folder / "link");
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, [&] { InputFile(folder / "link"); }), "it is a link that leads nowhere");
}

TEST(InputFileTest, AnLFSPointerIsNamedAsSuch) {
  TemporaryFolder folder;
  for (const char *name : {"model.safetensors", "index.json", "data.txt", "data.u16"}) {
    writeFile(folder / name, lfsPointer);
    std::string message = failureOf(HADAL_EXIT_INPUT, [&] { InputFile(folder / name); });
    EXPECT_CONTAINS(message, "'" + (folder / name).string() + "' is only a pointer of Git LFS");
    EXPECT_CONTAINS(message, "git lfs pull");
  }
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, [&] { TokenFile(folder / "data.txt", 256); }), "git lfs pull");
  writeFile(folder / "a.txt", lfsPointer + std::string(2000, ' ')); // a text about pointers
  EXPECT_EQ(InputFile(folder / "a.txt").size(), std::string(lfsPointer).size() + 2000);
}

TEST(OutputFileTest, NothingIsWrittenOfNothing) {
  TemporaryFolder folder;
  OutputFile file(folder / "text");
  file.write(std::span<const std::byte>());
  file.write("some text");
  file.write(std::string_view());
  file.close();
  EXPECT_EQ(readText(folder / "text"), "some text");
}

class ReplacingFileTest : public testing::Test {
protected:
  TemporaryFolder folder;

  void replace(const fs::path &path, const std::string &text) {
    ReplacingFile file(path);
    file.file().write(text);
    file.commit();
  }
  std::vector<std::string> names() const { return listFolder(folder.path(), HADAL_EXIT_INPUT); }
};

TEST_F(ReplacingFileTest, ReplacesOnlyWhenCommitted) {
  replace(folder / "file", "one");
  EXPECT_EQ(readFile(folder / "file"), "one");
  replace(folder / "file", "two");
  {
    ReplacingFile file(folder / "file");
    file.file().write("three");
    file.file().flush();
  }
  EXPECT_EQ(readFile(folder / "file"), "two");
  EXPECT_EQ(names(), std::vector<std::string>{"file"});
}

TEST_F(ReplacingFileTest, NamesThatAreTakenArePassedOver) {
  std::string former = ".hadal-" + std::to_string(getpid()) + "-0";
  writeFile(folder / former, "of a process that had this number");
  writeFile(folder / "file.tmp", "of mine");
  writeFile(folder / "file", "one");
  replace(folder / "file", "two");
  EXPECT_EQ(readFile(folder / "file"), "two");
  EXPECT_EQ(readFile(folder / former), "of a process that had this number");
  EXPECT_EQ(readFile(folder / "file.tmp"), "of mine");
  EXPECT_EQ(names(), (std::vector<std::string>{former, "file", "file.tmp"}));
}

TEST_F(ReplacingFileTest, AKillLeavesNothingBehind) {
  writeFile(folder / "file", "one");
  pid_t child = startChild([&] {
    ReplacingFile file(folder / "file");
    file.file().write("two");
    file.file().sync();
    kill(getpid(), SIGKILL);
    return 0;
  });
  EXPECT_EQ(waitFor(child), 128 + SIGKILL);
  EXPECT_EQ(names(), std::vector<std::string>{"file"});
}

TEST_F(ReplacingFileTest, LinksStayLinks) {
  fs::create_directory(folder / "there");
  writeFile(folder / "there/file", "one");
  fs::create_symlink("there/file", folder / "link");
  fs::create_symlink("link", folder / "second");
  fs::create_symlink("there/new", folder / "dangling");
  fs::create_symlink("loop", folder / "loop");
  replace(folder / "second", "two");
  replace(folder / "dangling", "three");
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_TRUE(fs::is_symlink(folder / "second"));
  EXPECT_EQ(readFile(folder / "there/file"), "two");
  EXPECT_TRUE(fs::is_symlink(folder / "dangling"));
  EXPECT_EQ(readFile(folder / "there/new"), "three");
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_COMMAND_LINE, [&] { replace(folder / "loop", ""); }), "symbolic links");
}

TEST_F(ReplacingFileTest, PipesAreWrittenDirectly) {
  fs::path pipe = folder / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  pid_t child = startChild([&] {
    replace(pipe, "through");
    return 0;
  });
  EXPECT_EQ(readFile(pipe), "through");
  EXPECT_EQ(waitFor(child), 0);
}

TEST(PathsTest, FoldersThroughLinksAreCreatedAndRemoved) {
  TemporaryFolder folder;
  fs::create_symlink("there/deep", folder / "link");
  for (const char *name : {"link", "link/"}) {
    requireFillable(folder / name, "--save");
    {
      FolderToFill filled(folder / name);
      EXPECT_TRUE(fs::is_directory(folder / "there/deep"));
    }
    EXPECT_FALSE(fs::exists(folder / "there"));
    EXPECT_TRUE(fs::is_symlink(folder / "link"));
  }
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_COMMAND_LINE, [&] { requireFillable(folder / "link/inner", "--save"); }),
                  "--save: the link '" + (folder / "link").string() + "' leads nowhere");
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_COMMAND_LINE, [&] { requireWritable(folder / "link", "--log"); }),
                  "there' does not exist; '" + (folder / "link").string() + "' is a link to ");
}

TEST(PathsTest, RenamingReplacesNothing) {
  TemporaryFolder folder;
  fs::create_directory(folder / "one");
  fs::create_directory(folder / "two");
  EXPECT_FALSE(renameToFreePath(folder / "one", folder / "two")); // rename(2) would replace an empty folder
  fs::create_symlink("nothing", folder / "link");
  EXPECT_FALSE(renameToFreePath(folder / "one", folder / "link"));
  EXPECT_TRUE(renameToFreePath(folder / "one", folder / "three"));
}

TEST(JsonTest, WhatIsNoUTF8IsReplaced) {
  EXPECT_EQ(dumpJson(nlohmann::json{{"na\xefve", "caf\xe9"}}), "{\"na\xef\xbf\xbdve\":\"caf\xef\xbf\xbd\"}");
}

} // namespace
} // namespace hadal::test
