#include "server/supervisor.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <span>
#include <string>

#include "base/log.h"
#include "base/text.h"
#include "server/take_variable.h"

namespace slipway::server {
namespace {

constexpr std::size_t kMostStatusBytes = 512;
constexpr std::chrono::seconds kBesideDraining{10};  // destructors, and writing what is to be said

std::chrono::microseconds TakeWatchdog() {
  const std::string interval = TakeVariable("WATCHDOG_USEC");
  const std::string process = TakeVariable("WATCHDOG_PID");
  if (!process.empty() && ParseInt64(process) != getpid()) return std::chrono::microseconds(0);
  return std::chrono::microseconds(std::max<std::int64_t>(0, ParseInt64(interval).value_or(0)));
}

std::int64_t Microseconds(std::chrono::milliseconds time) {
  return std::chrono::microseconds(time).count();
}

std::string StatusLine(std::string_view status) {
  return "STATUS=" + Printable(status, kMostStatusBytes);
}

}  // namespace

Supervisor Supervisor::FromEnvironment() {
  Supervisor supervisor;
  const std::string path = TakeVariable("NOTIFY_SOCKET");
  const std::chrono::microseconds watchdog = TakeWatchdog();
  const bool is_path = path.starts_with('/') || path.starts_with('@');
  if (!is_path || path.size() >= sizeof supervisor.address_.sun_path) return supervisor;
  supervisor.channel_ = FileDescriptor(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  supervisor.address_.sun_family = AF_UNIX;
  std::ranges::copy(path, std::span(supervisor.address_.sun_path).begin());
  if (path.front() == '@') supervisor.address_.sun_path[0] = '\0';  // the abstract namespace
  supervisor.address_size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  supervisor.watchdog_ = watchdog;
  return supervisor;
}

void Supervisor::Loading(std::size_t done, std::size_t all) const {
  Send(fmt::format("EXTEND_TIMEOUT_USEC={}\n{}", Microseconds(kLongestLoad),
                   StatusLine(fmt::format("loading: {} of {} models", done, all))));
}

void Supervisor::Ready(std::string_view status) const {
  Send(fmt::format("READY=1\n{}", StatusLine(status)));
}

void Supervisor::Reloading() const {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);  // the clock that the protocol names
  Send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}\n{}",
                   std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000,
                   StatusLine("reading certificate and folders again")));
}

void Supervisor::Stopping(std::chrono::milliseconds longest) const {
  Send(fmt::format("STOPPING=1\nEXTEND_TIMEOUT_USEC={}\n{}",
                   Microseconds(longest + kBesideDraining),
                   StatusLine("answering what was accepted")));
}

void Supervisor::Alive() const { Send("WATCHDOG=1"); }

void Supervisor::Say(std::string_view status) const { Send(StatusLine(status)); }

void Supervisor::Send(std::string_view state) const {
  if (!exists()) return;
  (void)sendto(channel_.get(), state.data(), state.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
               reinterpret_cast<const sockaddr*>(&address_), address_size_);
}

}  // namespace slipway::server
