#include "sandbox/confinement.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "sandbox/landlock.h"

namespace slipway::sandbox {

namespace {

struct Rule {
  int call;
  std::uint32_t action;
};

constexpr std::uint32_t kAllow = SCMP_ACT_ALLOW;
constexpr std::uint32_t kRefuse = SCMP_ACT_ERRNO(EPERM);

constexpr Rule kRules[] = {
    // Descriptors that were given.
    {SCMP_SYS(read), kAllow},
    {SCMP_SYS(readv), kAllow},
    {SCMP_SYS(pread64), kAllow},
    {SCMP_SYS(write), kAllow},
    {SCMP_SYS(writev), kAllow},
    {SCMP_SYS(pwrite64), kAllow},
    {SCMP_SYS(lseek), kAllow},
    {SCMP_SYS(close), kAllow},
    {SCMP_SYS(fstat), kAllow},
    {SCMP_SYS(ftruncate), kAllow},
    {SCMP_SYS(fadvise64), kAllow},
    // newfstatat is how the C library asks for fstat. A path may be asked for its size, and never
    // be opened.
    {SCMP_SYS(newfstatat), kAllow},
    // Memory; executable memory is taken out below.
    {SCMP_SYS(munmap), kAllow},
    {SCMP_SYS(mremap), kAllow},
    {SCMP_SYS(brk), kAllow},
    {SCMP_SYS(madvise), kAllow},
    // The process itself.
    {SCMP_SYS(exit), kAllow},
    {SCMP_SYS(exit_group), kAllow},
    {SCMP_SYS(futex), kAllow},
    {SCMP_SYS(rt_sigaction), kAllow},
    {SCMP_SYS(rt_sigprocmask), kAllow},
    {SCMP_SYS(rt_sigreturn), kAllow},
    {SCMP_SYS(sigaltstack), kAllow},
    {SCMP_SYS(restart_syscall), kAllow},
    {SCMP_SYS(sched_yield), kAllow},
    {SCMP_SYS(getpid), kAllow},
    {SCMP_SYS(gettid), kAllow},
    {SCMP_SYS(getuid), kAllow},
    {SCMP_SYS(geteuid), kAllow},
    {SCMP_SYS(getgid), kAllow},
    {SCMP_SYS(getegid), kAllow},
    {SCMP_SYS(getrusage), kAllow},
    {SCMP_SYS(sched_getaffinity), kAllow},
    {SCMP_SYS(sysinfo), kAllow},
    {SCMP_SYS(getrandom), kAllow},
    // Time, where the vDSO has none.
    {SCMP_SYS(clock_gettime), kAllow},
    {SCMP_SYS(clock_getres), kAllow},
    {SCMP_SYS(gettimeofday), kAllow},
    {SCMP_SYS(time), kAllow},
    {SCMP_SYS(nanosleep), kAllow},
    {SCMP_SYS(clock_nanosleep), kAllow},
    // Libraries probe with these and live with a no.
    {SCMP_SYS(access), kRefuse},
    {SCMP_SYS(faccessat), kRefuse},
    {SCMP_SYS(faccessat2), kRefuse},
    {SCMP_SYS(readlink), kRefuse},
    {SCMP_SYS(readlinkat), kRefuse},
    {SCMP_SYS(stat), kRefuse},
    {SCMP_SYS(lstat), kRefuse},
    {SCMP_SYS(statx), kRefuse},
    {SCMP_SYS(getcwd), kRefuse},
    {SCMP_SYS(uname), kRefuse},
    {SCMP_SYS(ioctl), kRefuse},
    {SCMP_SYS(prctl), kRefuse},
    {SCMP_SYS(fcntl), kRefuse},
    {SCMP_SYS(flock), kRefuse},
    {SCMP_SYS(getrlimit), kRefuse},
    {SCMP_SYS(prlimit64), kRefuse},
#if defined(__SANITIZE_ADDRESS__)
    // The undefined-behaviour sanitizer tries by a pipe of its own whether memory may be read.
    {SCMP_SYS(pipe2), kAllow},
#endif
};

using Filter = std::unique_ptr<void, decltype(&seccomp_release)>;

/// libseccomp answers a negative errno; the first failure of several is enough to know.
class Failures {
 public:
  void Note(int result) {
    if (result < 0 && first_ == 0) first_ = -result;
  }
  int first() const { return first_; }

 private:
  int first_ = 0;
};

void AddConditionalRules(scmp_filter_ctx filter, Failures& failures) {
  const auto masked = [](unsigned argument, scmp_datum_t mask, scmp_datum_t value) {
    return scmp_arg_cmp{argument, SCMP_CMP_MASKED_EQ, mask, value};
  };
  // No memory that can be executed: what runs is what was loaded before.
  failures.Note(seccomp_rule_add(filter, kAllow, SCMP_SYS(mmap), 1, masked(2, PROT_EXEC, 0)));
  failures.Note(seccomp_rule_add(filter, kAllow, SCMP_SYS(mprotect), 1, masked(2, PROT_EXEC, 0)));
  // Opening to read is refused; opening to write falls through to the end of the process.
  const scmp_datum_t writing = O_ACCMODE | O_CREAT | O_TRUNC;
  failures.Note(seccomp_rule_add(filter, kRefuse, SCMP_SYS(open), 1, masked(1, writing, O_RDONLY)));
  failures.Note(
      seccomp_rule_add(filter, kRefuse, SCMP_SYS(openat), 1, masked(2, writing, O_RDONLY)));
  // abort() signals itself.
  failures.Note(
      seccomp_rule_add(filter, kAllow, SCMP_SYS(tgkill), 1,
                       scmp_arg_cmp{0, SCMP_CMP_EQ, static_cast<scmp_datum_t>(getpid()), 0}));
}

}  // namespace

Status EnterConfinement() {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return ErrnoStatus(errno, "cannot give up privileges");
  DropFileSystemRights();
  const Filter filter(seccomp_init(SCMP_ACT_KILL_PROCESS), &seccomp_release);
  if (filter == nullptr) return ResourceExhausted("cannot build the system-call filter");
  Failures failures;
  for (const Rule& rule : kRules)
    failures.Note(seccomp_rule_add(filter.get(), rule.action, rule.call, 0));
  AddConditionalRules(filter.get(), failures);
  failures.Note(seccomp_load(filter.get()));
  if (failures.first() == 0) return {};
  return FailedPrecondition(
             fmt::format("the kernel refuses the system-call filter (error {})", failures.first()))
      .Hint("importing needs seccomp; a container needs a profile that allows it");
}

}  // namespace slipway::sandbox
