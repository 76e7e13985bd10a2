#include "base/failpoint.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <map>
#include <mutex>

namespace slipway {

namespace {

struct Action {
  enum class Kind { kCrash, kError, kSleep } kind = Kind::kCrash;
  Code code = Code::kInternal;
  unsigned milliseconds = 0;
  unsigned only_hit = 0;  // 0: every hit
  unsigned hits = 0;
};

unsigned ParseNumber(std::string_view text) {
  unsigned value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

Code ParseCode(std::string_view name) {
  for (int code = 1; code <= 16; ++code) {
    if (CodeName(static_cast<Code>(code)) == name) return static_cast<Code>(code);
  }
  return Code::kInternal;
}

Action ParseAction(std::string_view text) {
  Action action;
  if (const std::size_t at = text.find('@'); at != std::string_view::npos) {
    action.only_hit = ParseNumber(text.substr(at + 1));
    text = text.substr(0, at);
  }
  const std::size_t open = text.find('(');
  const std::string_view verb = text.substr(0, open);
  const std::string_view argument =
      open == std::string_view::npos ? "" : text.substr(open + 1, text.size() - open - 2);
  if (verb == "error") {
    action.kind = Action::Kind::kError;
    action.code = ParseCode(argument);
  } else if (verb == "sleep") {
    action.kind = Action::Kind::kSleep;
    action.milliseconds = ParseNumber(argument);
  }
  return action;
}

std::map<std::string, Action, std::less<>> ParseActions(const char* text) {
  std::map<std::string, Action, std::less<>> actions;
  std::string_view rest = text == nullptr ? "" : text;
  while (!rest.empty()) {
    const std::string_view item = rest.substr(0, rest.find(';'));
    rest.remove_prefix(std::min(rest.size(), item.size() + 1));
    if (const std::size_t equals = item.find('='); equals != std::string_view::npos) {
      actions.emplace(item.substr(0, equals), ParseAction(item.substr(equals + 1)));
    }
  }
  return actions;
}

void LogHit(std::string_view name) {
  const char* path = std::getenv("SLIPWAY_FAILPOINTS_LOG");
  if (path == nullptr) return;
  const int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) return;
  const std::string line = fmt::format("{}\n", name);
  [[maybe_unused]] const ssize_t written = write(file, line.data(), line.size());
  close(file);
}

}  // namespace

Status HitFailpoint(std::string_view name) {
  static std::mutex mutex;
  static auto actions = ParseActions(std::getenv("SLIPWAY_FAILPOINTS_SET"));
  LogHit(name);
  Action action;
  {
    std::lock_guard lock(mutex);
    const auto found = actions.find(name);
    if (found == actions.end()) return {};
    ++found->second.hits;
    action = found->second;
  }
  if (action.only_hit != 0 && action.hits != action.only_hit) return {};
  switch (action.kind) {
    case Action::Kind::kCrash:
      kill(getpid(), SIGKILL);
      pause();
      return {};
    case Action::Kind::kSleep:
      usleep(action.milliseconds * 1000);
      return {};
    case Action::Kind::kError:
      return Status(action.code, fmt::format("failpoint {}", name));
  }
  return {};
}

}  // namespace slipway
