#include "sandbox/confinement.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

namespace slipway::sandbox {

namespace {

struct Rule {
  int call;
  std::uint32_t confined;  ///< under EnterConfinement()
  std::uint32_t loading;   ///< under EnterLoading()
};

constexpr std::uint32_t kAllow = SCMP_ACT_ALLOW;
constexpr std::uint32_t kRefuse = SCMP_ACT_ERRNO(EPERM);
constexpr std::uint32_t kUnknown = SCMP_ACT_ERRNO(ENOSYS);  // the C library has another way
constexpr std::uint32_t kForbid = SCMP_ACT_KILL_PROCESS;    // as what stands in no list
constexpr std::uint32_t kByArgument = kForbid + 1;          // AddConditionalRules() says

// Filters stand behind each other and the strictest says: whatever is confined is no less while
// loading.
constexpr Rule kRules[] = {
    // Descriptors that were given.
    {SCMP_SYS(read), kAllow, kAllow},
    {SCMP_SYS(readv), kAllow, kAllow},
    {SCMP_SYS(pread64), kAllow, kAllow},
    {SCMP_SYS(write), kAllow, kAllow},
    {SCMP_SYS(writev), kAllow, kAllow},
    {SCMP_SYS(pwrite64), kAllow, kAllow},
    {SCMP_SYS(lseek), kAllow, kAllow},
    {SCMP_SYS(close), kAllow, kAllow},
    {SCMP_SYS(fstat), kAllow, kAllow},
    {SCMP_SYS(ftruncate), kAllow, kAllow},
    {SCMP_SYS(fadvise64), kAllow, kAllow},
    // newfstatat is how the C library asks for fstat. A path may be asked for its size, and never
    // be opened.
    {SCMP_SYS(newfstatat), kAllow, kAllow},
    // Memory; executable memory is taken out below.
    {SCMP_SYS(munmap), kAllow, kAllow},
    {SCMP_SYS(mremap), kAllow, kAllow},
    {SCMP_SYS(brk), kAllow, kAllow},
    {SCMP_SYS(madvise), kAllow, kAllow},
    // The process itself.
    {SCMP_SYS(exit), kAllow, kAllow},
    {SCMP_SYS(exit_group), kAllow, kAllow},
    {SCMP_SYS(futex), kAllow, kAllow},
    {SCMP_SYS(rt_sigaction), kAllow, kAllow},
    {SCMP_SYS(rt_sigprocmask), kAllow, kAllow},
    {SCMP_SYS(rt_sigreturn), kAllow, kAllow},
    {SCMP_SYS(sigaltstack), kAllow, kAllow},
    {SCMP_SYS(restart_syscall), kAllow, kAllow},
    {SCMP_SYS(sched_yield), kAllow, kAllow},
    {SCMP_SYS(getpid), kAllow, kAllow},
    {SCMP_SYS(gettid), kAllow, kAllow},
    {SCMP_SYS(getuid), kAllow, kAllow},
    {SCMP_SYS(geteuid), kAllow, kAllow},
    {SCMP_SYS(getgid), kAllow, kAllow},
    {SCMP_SYS(getegid), kAllow, kAllow},
    {SCMP_SYS(getrusage), kAllow, kAllow},
    {SCMP_SYS(sched_getaffinity), kAllow, kAllow},
    {SCMP_SYS(getcpu), kAllow, kAllow},
    {SCMP_SYS(sysinfo), kAllow, kAllow},
    {SCMP_SYS(getrandom), kAllow, kAllow},
    // Time, where the vDSO has none.
    {SCMP_SYS(clock_gettime), kAllow, kAllow},
    {SCMP_SYS(clock_getres), kAllow, kAllow},
    {SCMP_SYS(gettimeofday), kAllow, kAllow},
    {SCMP_SYS(time), kAllow, kAllow},
    {SCMP_SYS(nanosleep), kAllow, kAllow},
    {SCMP_SYS(clock_nanosleep), kAllow, kAllow},
    // Libraries probe with these and live with a no.
    {SCMP_SYS(access), kRefuse, kAllow},
    {SCMP_SYS(faccessat), kRefuse, kAllow},
    {SCMP_SYS(faccessat2), kRefuse, kAllow},
    {SCMP_SYS(readlink), kRefuse, kAllow},
    {SCMP_SYS(readlinkat), kRefuse, kAllow},
    {SCMP_SYS(stat), kRefuse, kAllow},
    {SCMP_SYS(lstat), kRefuse, kAllow},
    {SCMP_SYS(statx), kRefuse, kAllow},
    {SCMP_SYS(getcwd), kRefuse, kAllow},
    {SCMP_SYS(uname), kRefuse, kRefuse},
    {SCMP_SYS(ioctl), kRefuse, kRefuse},
    {SCMP_SYS(prctl), kRefuse, kByArgument},
    {SCMP_SYS(fcntl), kRefuse, kAllow},
    {SCMP_SYS(flock), kRefuse, kRefuse},
    {SCMP_SYS(getrlimit), kRefuse, kRefuse},
    {SCMP_SYS(prlimit64), kRefuse, kRefuse},
    {SCMP_SYS(sched_setaffinity), kRefuse, kRefuse},
    {SCMP_SYS(sched_getparam), kRefuse, kRefuse},
    {SCMP_SYS(sched_getscheduler), kRefuse, kRefuse},
    {SCMP_SYS(setpriority), kByArgument, kByArgument},
    {SCMP_SYS(getpriority), kAllow, kAllow},
    {SCMP_SYS(unlink), kRefuse, kByArgument},
    {SCMP_SYS(unlinkat), kRefuse, kRefuse},
    {SCMP_SYS(fallocate), kRefuse, kRefuse},
    // Threads, and what each of them does where it begins.
    {SCMP_SYS(clone), kForbid, kByArgument},
    {SCMP_SYS(clone3), kForbid, kUnknown},
    {SCMP_SYS(set_robust_list), kAllow, kAllow},
    {SCMP_SYS(rseq), kAllow, kAllow},
    // What is loaded is read in folders, and written where it is compiled into one.
    {SCMP_SYS(getdents64), kForbid, kAllow},
    {SCMP_SYS(fsync), kForbid, kAllow},
    {SCMP_SYS(fdatasync), kForbid, kAllow},
    // The next step, which only takes rights away.
    {SCMP_SYS(seccomp), kForbid, kAllow},
    {SCMP_SYS(landlock_create_ruleset), kForbid, kAllow},
    {SCMP_SYS(landlock_restrict_self), kForbid, kAllow},
#if defined(__SANITIZE_ADDRESS__)
    // The undefined-behaviour sanitizer tries by a pipe of its own whether memory may be read.
    {SCMP_SYS(pipe2), kAllow, kAllow},
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

scmp_arg_cmp Masked(unsigned argument, scmp_datum_t mask, scmp_datum_t value) {
  return {argument, SCMP_CMP_MASKED_EQ, mask, value};
}

scmp_arg_cmp Equal(unsigned argument, scmp_datum_t value) {
  return {argument, SCMP_CMP_EQ, value, 0};
}

constexpr scmp_datum_t kWriting = O_ACCMODE | O_CREAT | O_TRUNC;

/// In either step.
void AddConditionalRules(scmp_filter_ctx filter, Failures& failures) {
  // No memory that can be executed: what runs is what was loaded before.
  failures.Note(seccomp_rule_add(filter, kAllow, SCMP_SYS(mmap), 1, Masked(2, PROT_EXEC, 0)));
  failures.Note(seccomp_rule_add(filter, kAllow, SCMP_SYS(mprotect), 1, Masked(2, PROT_EXEC, 0)));
  // abort() signals itself.
  failures.Note(seccomp_rule_add(filter, kAllow, SCMP_SYS(tgkill), 1,
                                 Equal(0, static_cast<scmp_datum_t>(getpid()))));
  // A thread may take a lower priority.
  failures.Note(seccomp_rule_add(filter, kAllow, SCMP_SYS(setpriority), 2, Equal(0, PRIO_PROCESS),
                                 Equal(1, 0)));
}

void AddConfinedRules(scmp_filter_ctx filter, Failures& failures) {
  // Opening to read is refused; opening to write falls through to the end of the process.
  failures.Note(
      seccomp_rule_add(filter, kRefuse, SCMP_SYS(open), 1, Masked(1, kWriting, O_RDONLY)));
  failures.Note(
      seccomp_rule_add(filter, kRefuse, SCMP_SYS(openat), 1, Masked(2, kWriting, O_RDONLY)));
}

void AddLoadingRules(scmp_filter_ctx filter, bool may_write, Failures& failures) {
  if (may_write) {
    for (const int call : {SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(rename), SCMP_SYS(unlink)})
      failures.Note(seccomp_rule_add(filter, kAllow, call, 0));
  } else {
    failures.Note(seccomp_rule_add(filter, kRefuse, SCMP_SYS(unlink), 0));
    failures.Note(
        seccomp_rule_add(filter, kAllow, SCMP_SYS(open), 1, Masked(1, kWriting, O_RDONLY)));
    failures.Note(
        seccomp_rule_add(filter, kAllow, SCMP_SYS(openat), 1, Masked(2, kWriting, O_RDONLY)));
  }
  // Threads, and no processes.
  failures.Note(
      seccomp_rule_add(filter, kAllow, SCMP_SYS(clone), 1, Masked(0, CLONE_THREAD, CLONE_THREAD)));
  failures.Note(seccomp_rule_add(filter, kAllow, SCMP_SYS(prctl), 1, Equal(0, PR_SET_NAME)));
  failures.Note(
      seccomp_rule_add(filter, kAllow, SCMP_SYS(prctl), 1, Equal(0, PR_SET_NO_NEW_PRIVS)));
  failures.Note(seccomp_rule_add(filter, kRefuse, SCMP_SYS(prctl), 1,
                                 scmp_arg_cmp{0, SCMP_CMP_GT, PR_SET_NO_NEW_PRIVS, 0}));
}

/// A filter with the rows of one column of the table; `add` adds the rules that look at arguments.
template <class AddRules>
Status LoadFilter(std::uint32_t Rule::* column, AddRules add) {
  const Filter filter(seccomp_init(kForbid), &seccomp_release);
  if (filter == nullptr) return ResourceExhausted("cannot build the system-call filter");
  Failures failures;
  failures.Note(seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1));
  for (const Rule& rule : kRules) {
    const std::uint32_t action = rule.*column;
    if (action != kForbid && action != kByArgument)
      failures.Note(seccomp_rule_add(filter.get(), action, rule.call, 0));
  }
  AddConditionalRules(filter.get(), failures);
  add(filter.get(), failures);
  failures.Note(seccomp_load(filter.get()));
  if (failures.first() == 0) return {};
  return FailedPrecondition(
             fmt::format("the kernel refuses the system-call filter (error {})", failures.first()))
      .Hint("confined processes need seccomp; a container needs a profile that allows it");
}

Result<Means> GiveUpFiles(const FileReach& reach) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return ErrnoStatus(errno, "cannot give up privileges");
  return Means{.landlock = RestrictFileSystem(reach)};
}

}  // namespace

Result<Means> EnterConfinement() {
  SLIPWAY_TRY(const Means means, GiveUpFiles({}));
  SLIPWAY_RETURN_IF_ERROR(LoadFilter(&Rule::confined, AddConfinedRules));
  return means;
}

Result<Means> EnterLoading(const FileReach& reach) {
  SLIPWAY_TRY(const Means means, GiveUpFiles(reach));
  SLIPWAY_RETURN_IF_ERROR(
      LoadFilter(&Rule::loading, [&](scmp_filter_ctx filter, Failures& failures) {
        AddLoadingRules(filter, !reach.writable.empty(), failures);
      }));
  return means;
}

}  // namespace slipway::sandbox
