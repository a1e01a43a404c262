//===- Tool.cpp - what all tools do before their own work
//----------------------------------------------------------===//
//
// Handlers are process-wide: LLVM's own take pointers to functions, so the tool's name is kept here for them.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "tools/Support/Tool.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

using namespace hadal;

namespace {

const char *toolName = "hadal";
bool isReadingCommandLine = false;
std::string bugReport;

/// Standard output is opened so that writing fails: what is asked for and goes nowhere is an error.
void openStandardDescriptors() {
  for (int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (fcntl(descriptor, F_GETFD) < 0 && open("/dev/null", descriptor == STDOUT_FILENO ? O_RDONLY : O_RDWR) < 0)
      open("/", O_RDONLY); // without devices: no other file takes the place
}

/// What LLVM calls a fatal error. Behind it LLVM ends the process, with a stack trace where `isFault`.
void onFatalError(void *, const char *reason, bool isFault) {
  isReadingCommandLine = false;
  llvm::errs() << toolName << ": error: " << reason << "\n";
}

void onOutOfMemory(void *, const char *, bool) {
  // Nothing here may allocate.
  for (llvm::StringRef part : {llvm::StringRef(toolName), llvm::StringRef(": error: out of memory\n")})
    if (write(STDERR_FILENO, part.data(), part.size()) < 0)
      break;
  llvm::sys::RunInterruptHandlers();
  _exit(1);
}

void onExit(int status, void *) {
  if (status == 1 && isReadingCommandLine)
    _exit(2);
}

void installHandlers(const char *argv0) {
  // The first handler of LLVM's that is installed brings all: this one has to be known by then.
  llvm::sys::SetOneShotPipeSignalFunction(llvm::sys::DefaultOneShotPipeSignalHandler);
  llvm::sys::PrintStackTraceOnErrorSignal(argv0);
  signal(SIGXFSZ, SIG_IGN); // writing beyond a limit on the size of files then fails with an error
  bugReport = std::string("This is a fault of ") + toolName +
              ": please report it to the Hadal project with the input, the command line and what follows.\n";
  llvm::setBugReportMsg(bugReport.c_str());
  llvm::install_fatal_error_handler(onFatalError);
  llvm::install_bad_alloc_error_handler(onOutOfMemory);
  llvm::install_out_of_memory_new_handler();
  on_exit(onExit, nullptr);
}

/// The value of an argument that names the output; `isAlone` when it is the next argument. An option of LLVM's own
/// whose name begins with an o is none.
std::optional<llvm::StringRef> readOutputOption(llvm::StringRef argument, bool &isAlone) {
  isAlone = argument == "-o" || argument == "--output" || argument == "-output" || argument == "--o";
  if (isAlone)
    return "";
  for (llvm::StringRef prefix : {"--output=", "-output=", "--o=", "-o="})
    if (argument.consume_front(prefix))
      return argument;
  auto &options = llvm::cl::getRegisteredOptions();
  if (!argument.starts_with("-o") || options.contains(argument.drop_front().split('=').first))
    return std::nullopt;
  return argument.drop_front(2);
}

} // namespace

Tool::Tool(const char *name, int argc, char **argv) : name(name) {
  openStandardDescriptors();
  toolName = name;
  installHandlers(argv[0]);
  stackTrace = std::make_unique<llvm::PrettyStackTraceProgram>(argc, argv);
  if (llvm::is_contained(llvm::ArrayRef(argv, argc), llvm::StringRef("--version")))
    printVersion();
  readOutputOptions(argc, argv);
}

void Tool::printVersion() const {
  llvm::outs() << name << " " HADAL_VERSION " (LLVM " LLVM_VERSION_STRING ")\n";
  llvm::outs().flush();
  if (!llvm::outs().has_error())
    exit(0);
  llvm::outs().clear_error();
  exit(fail("cannot write to standard output"));
}

Tool::~Tool() {
  llvm::errs().clear_error(); // that nobody listens is no error
}

void Tool::readOutputOptions(int argc, char **argv) {
  auto refuse = [&](const char *fault) {
    exit(fail(llvm::Twine("the option -o ") + fault + ": give -o FILE; " + name + " --help lists the options", 2));
  };
  bool isGiven = false;
  for (int index = 0; index < argc; ++index) {
    bool isAlone = false;
    std::optional<llvm::StringRef> value = index == 0 ? std::nullopt : readOutputOption(argv[index], isAlone);
    if (!value) {
      texts.push_back(argv[index]);
      continue;
    }
    if (isAlone && index + 1 < argc)
      value = argv[++index];
    if (value->empty())
      refuse("has no value");
    if (isGiven)
      refuse("is given twice");
    isGiven = true;
    texts.push_back("-o");
    texts.push_back(value->str());
  }
  for (std::string &text : texts)
    arguments.push_back(text.data());
  arguments.push_back(nullptr);
}

std::vector<std::string> Tool::takeOption(llvm::StringRef option) {
  std::vector<std::string> values;
  std::vector<char *> left;
  arguments.pop_back(); // the null at the end
  for (auto argument = arguments.begin(); argument != arguments.end(); ++argument) {
    llvm::StringRef text = *argument;
    bool isOption = text.consume_front("-") && (text.consume_front("-"), text.consume_front(option));
    if (isOption && text.consume_front("=") && !text.empty())
      values.push_back(text.str());
    else if (isOption && text.empty() && std::next(argument) != arguments.end())
      values.push_back(*++argument);
    else
      left.push_back(*argument);
  }
  left.push_back(nullptr);
  arguments = std::move(left);
  return values;
}

int Tool::fail(const llvm::Twine &message, int code) const {
  llvm::errs() << name << ": error: " << message << "\n";
  return code;
}

DriverReadsCommandLine::DriverReadsCommandLine() { isReadingCommandLine = true; }

DriverReadsCommandLine::~DriverReadsCommandLine() { isReadingCommandLine = false; }
