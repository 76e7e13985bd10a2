#include "cli/interruption.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>

#include "base/unfinished.h"

namespace slipway::cli {

namespace {

constexpr int kSignalExitBase = 128;  // 130 for SIGINT, 143 for SIGTERM: as shells say it

bool IsIgnored(int signal) {
  struct sigaction action{};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

sigset_t WatchedSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM}) {
    if (!IsIgnored(signal)) sigaddset(&signals, signal);
  }
  return signals;
}

[[noreturn]] void End(int signal) {
  RemoveAllUnfinished();
  constexpr std::string_view kEraseLine = "\r\x1b[2K";  // a line of progress may stand there
  if (isatty(STDERR_FILENO) == 1) (void)!write(STDERR_FILENO, kEraseLine.data(), kEraseLine.size());
  _exit(kSignalExitBase + signal);
}

}  // namespace

Interruption::Interruption() {
  const sigset_t signals = WatchedSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signals_ = FileDescriptor(signalfd(-1, &signals, SFD_CLOEXEC));
  released_ = FileDescriptor(eventfd(0, EFD_CLOEXEC));
  watcher_ = std::thread([this] {
    watches_.count_down();
    Watch();
  });
  watches_.wait();
}

Interruption::~Interruption() { Release(); }

void Interruption::Release() {
  if (!watcher_.joinable()) return;
  eventfd_write(released_.get(), 1);
  watcher_.join();
}

void Interruption::Watch() const {
  std::array<pollfd, 2> entries{{{.fd = signals_.get(), .events = POLLIN, .revents = 0},
                                 {.fd = released_.get(), .events = POLLIN, .revents = 0}}};
  while (poll(entries.data(), entries.size(), -1) < 0 && errno == EINTR) continue;
  if ((entries[0].revents & POLLIN) == 0) return;
  signalfd_siginfo info{};
  if (read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info))
    End(static_cast<int>(info.ssi_signo));
}

}  // namespace slipway::cli
