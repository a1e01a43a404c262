//===- Link.cpp - from an object file to a program ---------------------------------------------------------------===//
//
// The C++ compiler drives the link, since it knows where the C++ library and glibc's start files lie: the one that
// built Hadal, or else one in PATH. libstdc++ and libgcc are linked in, so that the program needs only glibc.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "codegen/Host/Link.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include <optional>

using namespace hadal;

namespace {

/// The C++ compiler that drives the link.
llvm::Expected<std::string> findLinkDriver() {
  if (llvm::sys::fs::can_execute(HADAL_LINK_DRIVER))
    return std::string(HADAL_LINK_DRIVER);
  for (llvm::StringRef name : {"clang++-22", "clang++", "g++", "c++"})
    if (llvm::ErrorOr<std::string> path = llvm::sys::findProgramByName(name))
      return *path;
  return llvm::createStringError("linking needs a C++ compiler and there is none, neither " HADAL_LINK_DRIVER
                                 " nor clang++ or g++ in PATH: install clang-22 and lld-22");
}

/// The first error among what the linker and its driver said, without the names of both; everything when there is none.
llvm::StringRef firstError(llvm::StringRef messages) {
  llvm::StringRef line = messages;
  while (!line.empty() && !line.take_until([](char c) { return c == '\n'; }).contains("error: "))
    line = line.split('\n').second;
  return line.empty() ? messages.trim() : line.split("error: ").second.split('\n').first.trim();
}

/// What the driver says of a linker that a signal ended: clang, and GCC's collect2.
bool endedBySignal(llvm::StringRef messages) {
  return messages.contains("failed due to signal") || messages.contains("terminated with signal");
}

/// The linker writes through a mapping of its output, so that a full disk ends it by a signal and leaves a stack trace
/// instead of a reason.
std::string explainSignal(llvm::StringRef output) {
  llvm::SmallString<128> folder(output);
  llvm::sys::fs::make_absolute(folder);
  llvm::sys::path::remove_filename(folder);
  std::string text = "the linker was ended by a signal while it wrote " + output.str();
  if (llvm::ErrorOr<llvm::sys::fs::space_info> space = llvm::sys::fs::disk_space(folder))
    text += " (" + std::to_string(space->available >> 20) + " MiB are free in " + folder.str().str() + ")";
  return text + "; make room there, raise the limit on the size of files (ulimit -f), or choose another folder with -o";
}

} // namespace

llvm::Expected<std::string> hadal::findRuntimeLibrary(llvm::StringRef toolPath) {
  llvm::SmallString<256> path(llvm::sys::path::parent_path(llvm::sys::path::parent_path(toolPath)));
  llvm::sys::path::append(path, "lib", "libhadal_runtime.a");
  if (!llvm::sys::fs::exists(path))
    return llvm::createStringError("the runtime is not at " + path + ": build the target hadal_runtime");
  return std::string(path);
}

llvm::Error hadal::linkProgram(llvm::StringRef object, llvm::StringRef runtimeLibrary, llvm::StringRef output) {
  llvm::Expected<std::string> driver = findLinkDriver();
  if (!driver)
    return driver.takeError();
  llvm::SmallString<128> messages;
  if (std::error_code error = llvm::sys::fs::createTemporaryFile("hadal-link", "txt", messages))
    return llvm::createStringError(error, "cannot create a temporary file: " + error.message());
  llvm::FileRemover remover(messages);

  llvm::SmallVector<llvm::StringRef> command{
      *driver,   object, runtimeLibrary, "-o", output, "-static-libstdc++", "-static-libgcc", "-Wl,--gc-sections",
      "-pthread"};
  if (llvm::sys::path::filename(*driver).contains("clang"))
    command.push_back("-fuse-ld=lld");
  for (llvm::StringRef flag : std::initializer_list<llvm::StringRef> HADAL_LINK_FLAGS)
    if (!flag.empty())
      command.push_back(flag);
  std::optional<llvm::StringRef> redirects[] = {llvm::StringRef(""), llvm::StringRef(messages),
                                                llvm::StringRef(messages)};
  std::string failure;
  int status = llvm::sys::ExecuteAndWait(*driver, command, std::nullopt, redirects, /*SecondsToWait=*/0,
                                         /*MemoryLimit=*/0, &failure);
  if (status == 0)
    return llvm::Error::success();
  if (auto text = llvm::MemoryBuffer::getFile(messages); text && failure.empty())
    failure = endedBySignal((*text)->getBuffer()) ? explainSignal(output) : firstError((*text)->getBuffer()).str();
  return llvm::createStringError("linking with " + *driver + " failed: " + failure);
}
