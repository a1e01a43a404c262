//===- Link.cpp - from an object file to a program ----------------------------------------------------------------===//
//
// The C++ compiler drives the link, since it knows where the C++ library and glibc's start files lie: the one that
// built Hadal, or else one in PATH. libstdc++ and libgcc are linked in, so that the program needs only glibc.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "codegen/Host/Link.h"
#include "codegen/Support/RunProgram.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"

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

bool usesLLD(llvm::StringRef driver) { return llvm::sys::path::filename(driver).contains("clang"); }

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
  std::string text = "the linker was ended by a signal while it wrote into " + folder.str().str();
  if (llvm::ErrorOr<llvm::sys::fs::space_info> space = llvm::sys::fs::disk_space(folder))
    text += " (" + std::to_string(space->available >> 20) + " MiB are free)";
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

llvm::Error hadal::requireLinker() {
  llvm::Expected<std::string> driver = findLinkDriver();
  if (!driver)
    return driver.takeError();
  llvm::SmallString<128> beside;
  llvm::sys::fs::real_path(*driver, beside);
  llvm::sys::path::remove_filename(beside);
  llvm::sys::path::append(beside, "ld.lld");
  if (!usesLLD(*driver) || llvm::sys::fs::can_execute(beside))
    return llvm::Error::success();
  // Elsewhere only the driver knows where it looks.
  ProgramResult result = runProgram(*driver, {"-fuse-ld=lld", "-print-prog-name=ld.lld"});
  llvm::StringRef linker = llvm::StringRef(result.output).trim();
  if (result.status == 0 && (llvm::sys::fs::can_execute(linker) || llvm::sys::findProgramByName(linker)))
    return llvm::Error::success();
  return llvm::createStringError("linking needs LLVM's linker, and " + *driver + " does not find it: install lld-22");
}

llvm::Error hadal::linkProgram(llvm::StringRef object, llvm::StringRef runtimeLibrary, llvm::StringRef output) {
  llvm::Expected<std::string> driver = findLinkDriver();
  if (!driver)
    return driver.takeError();
  // Beside the runtime lies what it calls. Of both a program carries what it reaches.
  llvm::SmallString<256> patterns(llvm::sys::path::parent_path(runtimeLibrary));
  llvm::sys::path::append(patterns, "libpcre2-8.a");
  llvm::SmallVector<llvm::StringRef> command{object,    runtimeLibrary,      patterns,         "-o",
                                             output,    "-static-libstdc++", "-static-libgcc", "-Wl,--gc-sections",
                                             "-pthread"};
  if (usesLLD(*driver))
    command.push_back("-fuse-ld=lld");
  for (llvm::StringRef flag : std::initializer_list<llvm::StringRef> HADAL_LINK_FLAGS)
    if (!flag.empty())
      command.push_back(flag);
  ProgramResult result = runProgram(*driver, command);
  if (result.status == 0)
    return llvm::Error::success();
  std::string failure = !result.failure.empty()        ? result.failure
                        : endedBySignal(result.output) ? explainSignal(output)
                                                       : firstError(result.output).str();
  return llvm::createStringError("linking with " + *driver + " failed: " + failure);
}
