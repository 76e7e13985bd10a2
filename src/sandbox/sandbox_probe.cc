// A confined program that tries one thing, named by its argument: run_confined_test.cc watches what
// becomes of it.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/confinement.h"

namespace {

int Say(std::string_view text) { return write(5, text.data(), text.size()) < 0 ? 1 : 0; }

int OpenForReading() { return open("/etc/passwd", O_RDONLY) >= 0 ? 1 : errno == EPERM ? 0 : 2; }

int CopyInput() {
  char buffer[64];
  const ssize_t count = read(3, buffer, sizeof buffer);
  return count < 0 ? 1 : Say({buffer, static_cast<std::size_t>(count)});
}

int TakeMemory() {
  const std::vector<char> block(std::size_t{1} << 30, 1);
  return block[1 << 20] == 1 ? 0 : 1;
}

int WriteMuch() {
  const std::vector<char> block(1 << 20, 'x');
  return write(4, block.data(), block.size()) < 0 ? 1 : 0;
}

int SayMuch() {
  const std::string block(1 << 16, 'x');
  for (int i = 0; i < 64; ++i) Say(block);
  return 0;
}

int CountDescriptors() {
  int open_descriptors = 0;
  for (int number = 0; number < 32; ++number)
    open_descriptors += lseek(number, 0, SEEK_CUR) >= 0 || errno != EBADF;
  return Say(std::to_string(open_descriptors));
}

int WaitForEver() {
  for (;;) pause();
}

struct Probe {
  std::string_view name;
  bool confined;
  int (*run)();
};

const Probe kProbes[] = {
    {"copy-input", true, CopyInput},
    {"open-for-reading", true, OpenForReading},
    {"open-for-writing", true, [] { return open("/tmp/slipway-probe", O_WRONLY | O_CREAT, 0600); }},
    {"socket", true, [] { return socket(AF_INET, SOCK_STREAM, 0); }},
    {"execute", true, [] { return execl("/bin/true", "true", nullptr); }},
    {"fork", true, [] { return static_cast<int>(fork()); }},
    {"ptrace", true, [] { return static_cast<int>(ptrace(PTRACE_TRACEME, 0, nullptr, nullptr)); }},
    {"executable-memory", true,
     []() -> int {
       return mmap(nullptr, 4096, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
              MAP_FAILED;
     }},
    {"signal-others", true,
     [] { return static_cast<int>(syscall(SYS_tgkill, getppid(), getppid(), 9)); }},
    {"abort", true, []() -> int { std::abort(); }},
    {"take-memory", false, TakeMemory},
    {"write-much", false, WriteMuch},
    {"say-much", false, SayMuch},
    {"wait", false, WaitForEver},
    {"environment", false, [] { return Say(environ[0] == nullptr ? "empty" : environ[0]); }},
    {"session", false, [] { return Say(getsid(0) == getpid() ? "own" : "parent's"); }},
    {"count-descriptors", false, CountDescriptors},
    {"complain", false, [] { return std::fputs("something is wrong\n", stderr) < 0 ? 1 : 3; }},
};

}  // namespace

int main(int count, char** arguments) {
  for (const Probe& probe : kProbes) {
    if (count < 2 || probe.name != arguments[1]) continue;
    if (probe.confined && !slipway::sandbox::EnterConfinement().ok()) return 90;
    return probe.run();
  }
  return 91;
}
