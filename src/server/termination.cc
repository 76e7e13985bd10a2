#include "server/termination.h"

#include <csignal>
#include <ctime>

namespace slipway::server {
namespace {

sigset_t Signals(bool with_reload) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  if (with_reload) sigaddset(&signals, SIGHUP);
  return signals;
}

bool IsReloadBlocked() {
  sigset_t blocked;
  return pthread_sigmask(SIG_BLOCK, nullptr, &blocked) == 0 && sigismember(&blocked, SIGHUP) == 1;
}

}  // namespace

void Termination::Block() {
  const sigset_t signals = Signals(false);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  (void)std::signal(SIGPIPE, SIG_IGN);
  (void)std::signal(SIGUSR1, SIG_IGN);
}

void Termination::BlockReload() {
  const sigset_t signals = Signals(true);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

Termination::Request Termination::WaitAtMost(std::chrono::milliseconds time) {
  const sigset_t signals = Signals(IsReloadBlocked());
  const timespec limit{.tv_sec = time.count() / 1000, .tv_nsec = time.count() % 1000 * 1'000'000};
  const int number = sigtimedwait(&signals, nullptr, &limit);
  if (number < 0) return Request::kNone;
  if (number == SIGHUP) return Request::kReload;
  (void)std::signal(SIGTERM, SIG_DFL);
  (void)std::signal(SIGINT, SIG_DFL);
  const sigset_t ending = Signals(false);
  pthread_sigmask(SIG_UNBLOCK, &ending, nullptr);
  return Request::kEnd;
}

}  // namespace slipway::server
