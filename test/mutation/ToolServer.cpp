//===- ToolServer.cpp - runs hadalc, hadal-opt and hadal-import many times a second -------------------------------===//
//
// Most of the time of a short run of a tool is spent on loading LLVM. This program holds the main functions of the
// tools; for every line of standard input, a JSON object, it calls one of them in a forked child under limits, and
// answers with a line that says how the child ended:
//
//   {"arguments": ["hadalc", "m.mlir", ...], "folder": "case", "output": "/out", "errors": "/err", "seconds": 10,
//    "bytes": 4000000000}
//   {"code": 1}   or   {"signal": 11}   or   {"timeout": true}
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "tools/Mains.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include <csignal>
#include <fcntl.h>
#include <iostream>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

struct Request {
  std::vector<std::string> arguments;
  /// Where the tool runs, and the files for its two streams.
  std::string folder, output, errors;
  /// Limit on the time of the CPU; on a busy machine a run may take six times as long.
  int64_t seconds = 0;
  /// Limit on the address space; 0: none.
  int64_t bytes = 0;
};

bool fromJSON(const llvm::json::Value &value, Request &request, llvm::json::Path path) {
  llvm::json::ObjectMapper map(value, path);
  return map && map.map("arguments", request.arguments) && map.map("folder", request.folder) &&
         map.map("output", request.output) && map.map("errors", request.errors) &&
         map.map("seconds", request.seconds) && map.map("bytes", request.bytes);
}

void redirect(const std::string &file, int descriptor) {
  int opened = open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (opened < 0 || dup2(opened, descriptor) < 0)
    _exit(127);
  close(opened);
}

[[noreturn]] void runTool(const Request &request) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  redirect("/dev/null", STDIN_FILENO);
  redirect(request.output, STDOUT_FILENO);
  redirect(request.errors, STDERR_FILENO);
  if (chdir(request.folder.c_str()))
    _exit(127);
  rlimit noCore = {0, 0}, memory = {rlim_t(request.bytes), rlim_t(request.bytes)};
  rlimit time = {rlim_t(request.seconds), rlim_t(request.seconds + 1)};
  setrlimit(RLIMIT_CORE, &noCore);
  setrlimit(RLIMIT_CPU, &time);
  if (request.bytes)
    setrlimit(RLIMIT_AS, &memory);
  std::vector<char *> arguments;
  for (const std::string &argument : request.arguments)
    arguments.push_back(const_cast<char *>(argument.c_str()));
  arguments.push_back(nullptr);
  int count = int(request.arguments.size());
  llvm::StringRef tool = request.arguments.front();
  if (tool == "hadalc")
    exit(hadal::hadalcMain(count, arguments.data()));
  if (tool == "hadal-opt")
    exit(hadal::hadalOptMain(count, arguments.data()));
  if (tool == "hadal-import")
    exit(hadal::hadalImportMain(count, arguments.data()));
  _exit(127);
}

/// Runs the request in a child and says how it ended.
llvm::json::Object serve(const Request &request) {
  pid_t child = fork();
  if (child == 0)
    runTool(request);
  timespec left = {time_t(6 * request.seconds), 0};
  sigset_t ended;
  sigemptyset(&ended);
  sigaddset(&ended, SIGCHLD);
  bool isLate = sigtimedwait(&ended, nullptr, &left) < 0;
  if (isLate)
    kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  if (isLate) {
    timespec now = {0, 0};
    sigtimedwait(&ended, nullptr, &now); // the signal of the child that was killed
    return llvm::json::Object({{"timeout", true}});
  }
  if (WIFSIGNALED(status))
    return llvm::json::Object({{"signal", WTERMSIG(status)}});
  return llvm::json::Object({{"code", WEXITSTATUS(status)}});
}

} // namespace

int main() {
  setenv("LLVM_DISABLE_SYMBOLIZATION", "1", 1); // a trace with names takes seconds; who looks at a fault runs the tool
  sigset_t ended;
  sigemptyset(&ended);
  sigaddset(&ended, SIGCHLD);
  sigprocmask(SIG_BLOCK, &ended, nullptr);
  for (std::string line; std::getline(std::cin, line);) {
    llvm::Expected<Request> request = llvm::json::parse<Request>(line);
    if (!request || request->arguments.empty()) {
      llvm::errs() << "tool_server: not a request: " << line << "\n";
      return 2;
    }
    llvm::outs() << llvm::json::Value(serve(*request)) << "\n";
    llvm::outs().flush();
  }
  return 0;
}
