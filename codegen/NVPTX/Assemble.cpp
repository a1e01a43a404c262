//===- Assemble.cpp - from PTX to the code of a GPU ---------------------------------------------------------------===//
//
// `ptxas -v` writes, for each kernel,
//
//   ptxas info    : Compiling entry function 'NAME' for 'sm_90a'
//   ptxas info    : Function properties for NAME
//       0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
//   ptxas info    : Used 168 registers, used 2 barriers, ...
//
// and remarks such as
//
//   ptxas info    : (C7510) Potential Performance Loss: wgmma.mma_async instructions are serialized due to ... in the
//   function 'NAME'
//
// The codes C7500 to C7599 say that asynchronous products wait for each other, that ptxas added waits, or that it
// ignores setmaxnreg. A right kernel causes none.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/NVPTX/Assemble.h"
#include "codegen/Support/OutputFile.h"
#include "codegen/Support/RunProgram.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/VersionTuple.h"
#include <cstdlib>

using namespace llvm;
using namespace hadal;

char AssemblerError::ID;

namespace {

/// The first release of CUDA whose ptxas knows sm_90a and version 8.1 of PTX.
const VersionTuple oldestRelease(12, 1);

Error assemblerError(const Twine &message) { return make_error<AssemblerError>(message.str()); }

constexpr StringLiteral howToInstall =
    "install the CUDA Toolkit 13 (its bin folder in PATH or named by CUDA_HOME/bin), or `pip install nvidia-cuda-nvcc` "
    "and put the folder of its ptxas into PATH; programs for the CPU and --emulate need none";

/// Where ptxas may be, in the order in which they are tried.
std::vector<std::string> getCandidates() {
  std::vector<std::string> candidates;
  auto addFolder = [&](StringRef folder) {
    SmallString<128> path(folder);
    sys::path::append(path, "ptxas");
    if (sys::fs::can_execute(path) && !is_contained(candidates, path.str()))
      candidates.push_back(path.str().str());
  };
  for (const char *variable : {"CUDA_HOME", "CUDA_PATH"})
    if (const char *folder = std::getenv(variable); folder && *folder)
      addFolder((folder + Twine("/bin")).str());
  if (const char *path = std::getenv("PATH")) {
    SmallVector<StringRef> folders;
    SplitString(path, folders, ":");
    for (StringRef folder : folders)
      addFolder(folder);
  }
  addFolder("/usr/local/cuda/bin");
  if (StringRef installed = HADAL_PTXAS; sys::fs::can_execute(installed) && !is_contained(candidates, installed))
    candidates.push_back(installed.str());
  return candidates;
}

/// The release that `ptxas --version` names ("release 13.0, V13.0.88"), or what is wrong.
Expected<VersionTuple> getRelease(StringRef path) {
  ProgramResult result = runProgram(path, {"--version"});
  if (result.status != 0)
    return createStringError("does not run" + Twine(result.failure.empty() ? "" : ": " + result.failure));
  VersionTuple release;
  if (release.tryParse(StringRef(result.output).split("release ").second.split(',').first))
    return createStringError("is not NVIDIA's assembler");
  return release;
}

/// What ptxas calls errors ("ptxas FILE, line 12; error   : TEXT", "ptxas fatal   : TEXT"), or all that it said, in one
/// line. The temporary file is called kernels.ptx.
std::string getErrors(StringRef messages, StringRef file) {
  SmallVector<std::string> errors, others;
  SmallVector<StringRef> lines;
  messages.split(lines, '\n', -1, /*KeepEmpty=*/false);
  for (StringRef line : lines) {
    auto [head, text] = line.split(" : ");
    StringRef place = head;
    place.consume_front("ptxas ");
    bool isError = head.contains("error") || head.contains("fatal");
    if (place.consume_front(file))
      errors.push_back(("kernels.ptx" + place.split(';').first + ": " + text.trim()).str());
    else
      (isError ? errors : others).push_back((isError ? text : line).trim().str());
  }
  return llvm::join(errors.empty() ? others : errors, "; ");
}

} // namespace

Expected<std::string> hadal::findAssembler(StringRef gpu) {
  std::string unfit;
  for (const std::string &path : getCandidates()) {
    Expected<VersionTuple> release = getRelease(path);
    if (release && *release >= oldestRelease)
      return path;
    unfit += (unfit.empty() ? "" : "; ") + path + " ";
    unfit += release ? "is of CUDA " + release->getAsString() : toString(release.takeError());
  }
  if (unfit.empty())
    return assemblerError("assembling kernels for " + gpu +
                          " needs NVIDIA's ptxas, and there is none: " + howToInstall);
  return assemblerError("assembling kernels for " + gpu + " needs a ptxas of CUDA " + oldestRelease.getAsString() +
                        " or newer, and there is none (" + unfit + "): " + howToInstall);
}

void hadal::readAssemblerOutput(StringRef text, AssembledKernels &result) {
  auto find = [&](StringRef name) -> KernelUsage & {
    for (KernelUsage &kernel : result.kernels)
      if (kernel.name == name)
        return kernel;
    result.kernels.emplace_back().name = name.str();
    return result.kernels.back();
  };
  // "N bytes WHAT" somewhere in the line.
  auto bytes = [](StringRef line, StringRef what) {
    int64_t number = 0;
    for (StringRef part : split(line, ',')) {
      part = part.trim();
      if (part.consume_back(what))
        part.split(' ').first.getAsInteger(10, number);
    }
    return number;
  };
  std::string current;
  SmallVector<StringRef> lines;
  text.split(lines, '\n', -1, /*KeepEmpty=*/false);
  for (StringRef line : lines) {
    StringRef message = line.starts_with("ptxas") ? line.split(": ").second : line;
    if (message.contains("(C75")) {
      StringRef name = message.split("function '").second.split('\'').first;
      (name.empty() ? result.remarks : find(name).remarks).push_back(message.trim().str());
    } else if (message.consume_front("Compiling entry function '")) {
      current = message.split('\'').first.str();
      find(current);
    } else if (message.consume_front("Function properties for ")) {
      current = message.trim().str();
    } else if (message.contains("bytes stack frame") && !current.empty()) {
      KernelUsage &kernel = find(current);
      kernel.stackBytes = bytes(message, " bytes stack frame");
      kernel.spillStoreBytes = bytes(message, " bytes spill stores");
      kernel.spillLoadBytes = bytes(message, " bytes spill loads");
    } else if (message.consume_front("Used ") && !current.empty()) {
      message.split(' ').first.getAsInteger(10, find(current).registers);
    }
  }
}

Expected<AssembledKernels> hadal::assemblePTX(StringRef ptx, StringRef gpu) {
  Expected<std::string> assembler = findAssembler(gpu);
  if (!assembler)
    return assembler.takeError();
  Expected<TemporaryFile> input = TemporaryFile::create("ptx"), output = TemporaryFile::create("cubin");
  if (!input || !output)
    return joinErrors(input.takeError(), output.takeError());
  if (Error error = input->write(ptx))
    return error;
  std::string architecture = ("-arch=" + gpu).str();
  ProgramResult run = runProgram(
      *assembler, {architecture, "-O3", "-v", "--split-compile", "0", input->getPath(), "-o", output->getPath()});
  if (run.status < 0)
    return assemblerError(*assembler + " ended before it was done: " + run.failure + " (out of memory, perhaps)");
  if (run.status != 0)
    return createStringError(*assembler + " refuses the kernels (exit status " + Twine(run.status) +
                             "): " + getErrors(run.output, input->getPath()));
  AssembledKernels result;
  readAssemblerOutput(run.output, result);
  ErrorOr<std::unique_ptr<MemoryBuffer>> cubin = MemoryBuffer::getFile(output->getPath());
  if (!cubin)
    return createStringError("cannot read " + output->getPath() + ": " + cubin.getError().message());
  result.cubin = (*cubin)->getBuffer().str();
  return result;
}
