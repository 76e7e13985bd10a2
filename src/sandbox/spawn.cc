#include "sandbox/spawn.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace slipway::sandbox {

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;  // reserves terabytes of address space and starts threads
#else
constexpr bool kSanitized = false;
#endif
#if defined(__SANITIZE_THREAD__)
constexpr bool kMayWriteFiles = true;  // the sanitizer does when it begins
#else
constexpr bool kMayWriteFiles = false;
#endif

/// clone(), past the thread sanitizer, which takes it for a fork() and watches this process no
/// more.
extern "C" int CloneUnseen(int (*child)(void*), void* stack, int flags, void* argument,
                           ...) __asm__("__clone");

constexpr int kFirstFreeNumber = 10;  // the child's own descriptors end below this
constexpr std::size_t kStackBytes = 256 << 10;

struct LimitSetting {
  int resource;
  rlimit value;
};

/// Everything the child needs between clone and exec, prepared by the parent: the child may only
/// make system calls.
struct Preparation {
  const char* path;
  char* const* arguments;
  char* const* environment;
  std::array<std::pair<int, int>, kFirstFreeNumber> descriptors;  // ours, theirs
  std::size_t descriptor_count = 0;
  std::array<LimitSetting, 7> limits;
  std::size_t limit_count = 0;
  pid_t parent;
  int failed_errno = 0;  // written by the child
  const char* failed_step = "";
};

int Fail(Preparation& preparation, const char* step) {
  preparation.failed_errno = errno;
  preparation.failed_step = step;
  return 127;
}

/// Every source moves out of the way first, so that no target number overwrites a source that is
/// still needed.
bool PlaceDescriptors(Preparation& preparation) {
  for (std::size_t i = 0; i < preparation.descriptor_count; ++i) {
    const long moved = syscall(SYS_fcntl, preparation.descriptors[i].first, F_DUPFD_CLOEXEC, 64);
    if (moved < 0) return false;
    preparation.descriptors[i].first = static_cast<int>(moved);
  }
  for (int number = 0; number < kFirstFreeNumber; ++number) syscall(SYS_close, number);
  for (std::size_t i = 0; i < preparation.descriptor_count; ++i) {
    const auto [ours, theirs] = preparation.descriptors[i];
    if (syscall(SYS_dup3, ours, theirs, 0) < 0) return false;
  }
  return syscall(SYS_close_range, kFirstFreeNumber, ~0U, 0) == 0;
}

/// Raw calls: the C library's (and a sanitizer's) would write to tables that this memory shares
/// with the parent.
void ResetSignals() {
  const std::array<std::uint64_t, 4>
      standard{};  // the kernel's struct sigaction: SIG_DFL, no flags, no mask
  constexpr std::uint64_t kNone = 0;
  for (int signal = 1; signal < NSIG; ++signal) {
    syscall(SYS_rt_sigaction, signal, standard.data(), nullptr, sizeof kNone);
  }
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &kNone, nullptr, sizeof kNone);
}

/// Runs on its own stack in the parent's memory while the calling thread is held (vfork's way):
/// system calls only.
__attribute__((no_sanitize("address", "thread", "undefined"))) int ChildMain(void* argument) {
  Preparation& preparation = *static_cast<Preparation*>(argument);
  if (syscall(SYS_setsid) < 0) return Fail(preparation, "start a session");
  if (syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
    return Fail(preparation, "tie it to this process");
  if (syscall(SYS_getppid) != preparation.parent)
    return 127;  // the parent died before the line above
  if (syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return Fail(preparation, "give up privileges");
  ResetSignals();
  if (!PlaceDescriptors(preparation)) return Fail(preparation, "pass descriptors");
  for (std::size_t i = 0; i < preparation.limit_count; ++i) {
    const LimitSetting& limit = preparation.limits[i];
    if (syscall(SYS_setrlimit, limit.resource, &limit.value) != 0)
      return Fail(preparation, "set limits");
  }
  syscall(SYS_execve, preparation.path, preparation.arguments, preparation.environment);
  return Fail(preparation, "execute it");
}

void AddLimit(Preparation& preparation, int resource, std::uint64_t value, std::uint64_t hard) {
  preparation.limits[preparation.limit_count++] = {resource, {value, hard}};
}

void PrepareLimits(Preparation& preparation, const ConfinedProgram& program) {
  const auto seconds = static_cast<std::uint64_t>(program.time_limit.count() / 1000);
  AddLimit(preparation, RLIMIT_CORE, 0, 0);
  AddLimit(preparation, RLIMIT_NOFILE, 32, 32);
  if (!kMayWriteFiles)
    AddLimit(preparation, RLIMIT_FSIZE, program.max_file_bytes, program.max_file_bytes);
  if (program.time_limit.count() > 0)
    AddLimit(preparation, RLIMIT_CPU, 2 * seconds + 1, 2 * seconds + 2);
  if (kSanitized) return;
  if (!program.may_have_threads) AddLimit(preparation, RLIMIT_NPROC, 0, 0);
  if (program.max_data_bytes > 0)
    AddLimit(preparation, RLIMIT_DATA, program.max_data_bytes, program.max_data_bytes);
  if (program.max_memory_bytes > 0) {
    AddLimit(preparation, RLIMIT_AS, program.max_memory_bytes, program.max_memory_bytes);
  }
}

/// Signals wait while the child runs in our memory: a handler of ours must not run there.
class SignalPause {
 public:
  SignalPause() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalPause() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalPause(const SignalPause&) = delete;
  SignalPause& operator=(const SignalPause&) = delete;

 private:
  sigset_t before_;
};

Result<pid_t> CloneAndExec(Preparation& preparation) {
  void* stack = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) return ErrnoStatus(errno, "cannot start a confined process");
  const pid_t child = [&] {
    const SignalPause pause;
    return CloneUnseen(ChildMain, static_cast<std::byte*>(stack) + kStackBytes,
                       CLONE_VM | CLONE_VFORK | SIGCHLD, &preparation);
  }();
  const int clone_errno = errno;
  munmap(stack, kStackBytes);
  if (child < 0) return ErrnoStatus(clone_errno, "cannot start a confined process");
  if (preparation.failed_errno == 0) return child;
  waitpid(child, nullptr, 0);
  return ErrnoStatus(preparation.failed_errno,
                     fmt::format("cannot {} ({})", preparation.failed_step, preparation.path));
}

struct Pipe {
  FileDescriptor read_end;
  FileDescriptor write_end;
};

Result<Pipe> MakePipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus(errno, "cannot make a pipe");
  Pipe made{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
  // Only our end: the flag belongs to the open file, and each end of a pipe is one.
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return made;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

Status AddDescriptor(Preparation& preparation, int ours, int theirs) {
  if (theirs < 0 || theirs >= kFirstFreeNumber ||
      preparation.descriptor_count == preparation.descriptors.size()) {
    return Internal(fmt::format("descriptor {} cannot be passed to a confined program", theirs));
  }
  preparation.descriptors[preparation.descriptor_count++] = {ours, theirs};
  return {};
}

}  // namespace

Result<Child> Spawn(const ConfinedProgram& program) {
  std::vector<std::string> texts{program.path};
  texts.insert(texts.end(), program.arguments.begin(), program.arguments.end());
  const std::vector<char*> arguments = Pointers(texts);
  char* const environment[] = {nullptr};
  Preparation preparation{.path = program.path.c_str(),
                          .arguments = arguments.data(),
                          .environment = environment,
                          .parent = getpid()};
  PrepareLimits(preparation, program);

  const FileDescriptor nothing(open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!nothing.valid()) return ErrnoStatus(errno, "cannot open /dev/null");
  SLIPWAY_TRY(Pipe errors, MakePipe());
  Child child;
  SLIPWAY_RETURN_IF_ERROR(AddDescriptor(preparation, nothing.get(), STDIN_FILENO));
  SLIPWAY_RETURN_IF_ERROR(AddDescriptor(preparation, nothing.get(), STDOUT_FILENO));
  SLIPWAY_RETURN_IF_ERROR(AddDescriptor(preparation, errors.write_end.get(), STDERR_FILENO));
  for (const InheritedDescriptor& inherited : program.descriptors) {
    SLIPWAY_RETURN_IF_ERROR(AddDescriptor(preparation, inherited.ours, inherited.theirs));
  }
  FileDescriptor result_write_end;
  if (program.result_descriptor >= 0) {
    SLIPWAY_TRY(Pipe result, MakePipe());
    SLIPWAY_RETURN_IF_ERROR(
        AddDescriptor(preparation, result.write_end.get(), program.result_descriptor));
    child.result = std::move(result.read_end);
    result_write_end = std::move(result.write_end);
  }
  SLIPWAY_TRY(child.id, CloneAndExec(preparation));
  child.errors = std::move(errors.read_end);
  child.handle = FileDescriptor(static_cast<int>(syscall(SYS_pidfd_open, child.id, 0)));
  if (child.handle.valid()) return child;
  Status status = ErrnoStatus(errno, "cannot watch a confined process");
  kill(child.id, SIGKILL);
  waitpid(child.id, nullptr, 0);
  return status;
}

}  // namespace slipway::sandbox
