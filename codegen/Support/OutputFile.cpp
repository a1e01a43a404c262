//===- OutputFile.cpp - files that are written whole --------------------------------------------------------------===//
//
// The temporary's name is short and does not contain the output's, which may be as long as the file system allows.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Support/OutputFile.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"
#include <filesystem>

using namespace hadal;
namespace fs = llvm::sys::fs;

static llvm::Error cannotWrite(const llvm::Twine &path, const llvm::Twine &reason) {
  return llvm::createStringError("cannot write " + path + ": " + reason);
}

/// Where a chain of symbolic links ends, whether or not there is a file.
static std::string followLinks(llvm::StringRef path) {
  constexpr int mostLinks = 40; // as Linux has it
  std::filesystem::path place(path.str());
  std::error_code error;
  for (int links = 0; links < mostLinks && std::filesystem::is_symlink(place, error); ++links) {
    std::filesystem::path target = std::filesystem::read_symlink(place, error);
    place = target.is_absolute() ? target : place.parent_path() / target;
  }
  return place.string();
}

llvm::Expected<OutputFile> OutputFile::create(llvm::StringRef path, llvm::StringRef suffix) {
  std::string place = followLinks(path);
  // Whether there could be a file of this name at all.
  fs::file_status status;
  std::error_code error = fs::status(place, status, /*follow=*/false);
  if (error && error != std::errc::no_such_file_or_directory)
    return cannotWrite(path, error.message());
  llvm::SmallString<128> folder(llvm::sys::path::parent_path(place));
  llvm::SmallString<128> model(folder);
  llvm::sys::path::append(model, ".hadal-%%%%%%%%%%%%" + suffix);
  llvm::Expected<fs::TempFile> file = fs::TempFile::create(model);
  if (!file)
    return cannotWrite(path, "no file can be made in the folder '" + (folder.empty() ? "." : folder.str()) + "' (" +
                                 llvm::toString(file.takeError()) + ")");
  return OutputFile(place, std::move(*file));
}

OutputFile::~OutputFile() {
  if (temporary)
    llvm::consumeError(temporary->discard());
}

llvm::Error OutputFile::commit() {
  llvm::Error error = temporary->keep(path);
  temporary.reset();
  return error ? cannotWrite(path, llvm::toString(std::move(error))) : llvm::Error::success();
}

/// Lets the function write and says what went wrong, there or on the way to the file.
static llvm::Error writeStream(llvm::StringRef path, llvm::raw_fd_ostream &stream,
                               llvm::function_ref<llvm::Error(llvm::raw_pwrite_stream &)> write) {
  llvm::Error error = write(stream);
  stream.flush();
  if (!stream.has_error())
    return error;
  std::string reason = stream.error().message();
  stream.clear_error();
  return llvm::joinErrors(std::move(error), cannotWrite(path == "-" ? "to standard output" : path, reason));
}

/// Writes straight into a device (/dev/null, a pipe), which a renamed file must not replace. What is written may seek:
/// it goes to memory first.
static llvm::Error writeDevice(llvm::StringRef path, llvm::function_ref<llvm::Error(llvm::raw_pwrite_stream &)> write) {
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream buffer(bytes);
  if (llvm::Error error = write(buffer))
    return error;
  std::error_code code;
  llvm::raw_fd_ostream stream(path, code, fs::CD_OpenExisting, fs::FA_Write, fs::OF_None);
  if (code)
    return cannotWrite(path, code.message());
  return writeStream(path, stream, [&](llvm::raw_pwrite_stream &device) {
    device << buffer.str();
    return llvm::Error::success();
  });
}

bool hadal::isReplaceable(llvm::StringRef path) {
  return path != "-" && (!fs::exists(path) || fs::is_regular_file(path));
}

llvm::Error hadal::writeFile(llvm::StringRef path, llvm::function_ref<llvm::Error(llvm::raw_pwrite_stream &)> write) {
  if (path == "-")
    return writeStream(path, llvm::outs(), write);
  if (!isReplaceable(path))
    return writeDevice(path, write);
  llvm::Expected<OutputFile> file = OutputFile::create(path);
  if (!file)
    return file.takeError();
  llvm::raw_fd_ostream stream(file->getDescriptor(), /*shouldClose=*/false);
  if (llvm::Error error = writeStream(path, stream, write))
    return error;
  return file->commit();
}

llvm::Error hadal::writeFile(llvm::StringRef path, llvm::StringRef text) {
  return writeFile(path, [&](llvm::raw_pwrite_stream &stream) {
    stream << text;
    return llvm::Error::success();
  });
}

llvm::Error hadal::requireWritable(llvm::StringRef path) {
  if (!isReplaceable(path))
    return llvm::Error::success();
  llvm::Expected<OutputFile> file = OutputFile::create(path);
  return file ? llvm::Error::success() : file.takeError();
}

llvm::Expected<TemporaryFile> TemporaryFile::create(llvm::StringRef suffix) {
  llvm::SmallString<128> path, folder;
  if (std::error_code error = fs::createTemporaryFile("hadal", suffix, path)) {
    llvm::sys::path::system_temp_directory(/*erasedOnReboot=*/true, folder);
    return llvm::createStringError("temporary files cannot be written in the folder '" + folder +
                                   "': " + error.message() + "; set TMPDIR to a folder where they can");
  }
  llvm::sys::RemoveFileOnSignal(path);
  return TemporaryFile(path);
}

TemporaryFile::~TemporaryFile() {
  if (path.empty())
    return;
  fs::remove(path);
  llvm::sys::DontRemoveFileOnSignal(path);
}

llvm::Error TemporaryFile::write(llvm::StringRef text) const {
  std::error_code code;
  llvm::raw_fd_ostream stream(path, code, fs::OF_None);
  if (code)
    return cannotWrite(path, code.message());
  return writeStream(path, stream, [&](llvm::raw_pwrite_stream &file) {
    file << text;
    return llvm::Error::success();
  });
}
