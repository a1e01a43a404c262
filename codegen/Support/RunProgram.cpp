//===- RunProgram.cpp - programs that the compiler runs
//------------------------------------------------------------===//
//
// A program runs in a process group of its own, so that a signal can be passed on to it and to what it has started
// (clang starts the linker). The handlers stand in front of LLVM's, which remove the files that are registered there:
// they wait until nobody writes these files any more.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Support/RunProgram.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Signals.h"
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace hadal;

extern char **environ;

namespace {

constexpr int interruptions[] = {SIGINT, SIGTERM, SIGHUP};

/// The process group of the program that runs; 0 for none.
std::atomic<pid_t> runningGroup = 0;
static_assert(std::atomic<pid_t>::is_always_lock_free, "signal handlers read it");

/// Ends the program that runs: asks first, so that the linker removes its own temporary file.
void endRunningGroup() {
  pid_t group = runningGroup.exchange(0);
  if (group == 0)
    return;
  kill(-group, SIGTERM);
  constexpr timespec pause = {0, 10'000'000};
  for (int round = 0; round < 200; ++round) {
    while (waitpid(-group, nullptr, WNOHANG) > 0)
      ;
    if (kill(-group, 0) < 0) // nobody is left
      return;
    nanosleep(&pause, nullptr);
  }
  kill(-group, SIGKILL);
}

void onInterruption(int signal) {
  endRunningGroup();
  llvm::sys::RunInterruptHandlers();
  std::signal(signal, SIG_DFL);
  raise(signal); // is delivered when this handler returns
}

/// While it lives, signals end the program that runs before this process. They wait while that is being started.
class PassSignalsOn {
public:
  PassSignalsOn() {
    sigemptyset(&blocked);
    for (int signal : interruptions)
      sigaddset(&blocked, signal);
    sigprocmask(SIG_BLOCK, &blocked, &formerMask);
    struct sigaction action = {};
    action.sa_handler = onInterruption;
    action.sa_mask = blocked;
    for (auto [signal, former] : llvm::zip(interruptions, formerActions)) {
      sigaction(signal, nullptr, &former);
      if (former.sa_handler != SIG_IGN) // nohup
        sigaction(signal, &action, nullptr);
    }
  }
  ~PassSignalsOn() {
    for (auto [signal, former] : llvm::zip(interruptions, formerActions))
      sigaction(signal, &former, nullptr);
    sigprocmask(SIG_SETMASK, &formerMask, nullptr);
  }

  const sigset_t &getFormerMask() const { return formerMask; }
  void programRuns(pid_t group) {
    runningGroup = group;
    sigprocmask(SIG_SETMASK, &formerMask, nullptr);
  }
  void programEnded() {
    sigprocmask(SIG_BLOCK, &blocked, nullptr);
    runningGroup = 0;
  }

private:
  sigset_t blocked, formerMask;
  struct sigaction formerActions[std::size(interruptions)];
};

/// Starts the program with its output in a pipe. Returns an error number.
int start(const std::string &program, const std::vector<char *> &arguments, int pipeEnd, const sigset_t &mask,
          pid_t &child) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, pipeEnd, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, pipeEnd, STDERR_FILENO);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setsigmask(&attributes, &mask);
  int error = posix_spawn(&child, program.c_str(), &files, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  return error;
}

std::string readAll(int descriptor) {
  std::string text;
  char part[4096];
  for (ssize_t count; (count = read(descriptor, part, sizeof part)) > 0 || (count < 0 && errno == EINTR);)
    text.append(part, std::max<ssize_t>(0, count));
  return text;
}

/// What waitpid says of a process that has ended.
void describeEnd(int status, ProgramResult &result) {
  if (WIFEXITED(status)) {
    result.status = WEXITSTATUS(status);
    return;
  }
  result.status = -1;
  result.failure = std::string("ended by a signal: ") + strsignal(WTERMSIG(status));
}

} // namespace

ProgramResult hadal::runProgram(llvm::StringRef program, llvm::ArrayRef<llvm::StringRef> arguments) {
  std::vector<std::string> texts = {program.str()};
  for (llvm::StringRef argument : arguments)
    texts.push_back(argument.str());
  std::vector<char *> pointers;
  for (std::string &text : texts)
    pointers.push_back(text.data());
  pointers.push_back(nullptr);

  ProgramResult result;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC))
    return {-1, strerror(errno), ""};
  PassSignalsOn signals;
  pid_t child = 0;
  int error = start(texts[0], pointers, ends[1], signals.getFormerMask(), child);
  close(ends[1]);
  if (error == 0) {
    signals.programRuns(child);
    result.output = readAll(ends[0]);
    // The child stays a zombie, and its number its own, until it is waited for with signals held back.
    siginfo_t ended;
    while (waitid(P_PID, child, &ended, WEXITED | WNOWAIT) < 0 && errno == EINTR)
      ;
    signals.programEnded();
    int status = 0;
    waitpid(child, &status, 0);
    describeEnd(status, result);
  } else {
    result = {-1, strerror(error), ""};
  }
  close(ends[0]);
  return result;
}
