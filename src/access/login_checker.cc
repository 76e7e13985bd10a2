#include "access/login_checker.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <random>
#include <utility>

#include "access/password.h"
#include "base/thread.h"

namespace slipway::access {
namespace {

constexpr std::chrono::minutes kRememberedFor{10};
constexpr Quota kChecks{.rate = {.per_second = LoginChecker::kTriesAMinute / 60.0,
                                 .burst = LoginChecker::kTriesAMinute}};

/// So that what is remembered says nothing of a password to whoever reads the memory.
std::string Secret() {
  std::random_device random;
  std::string secret;
  for (int i = 0; i < 8; ++i) secret += std::to_string(random()) + ' ';
  return secret;
}

}  // namespace

LoginChecker::LoginChecker(const Clock& clock)
    : clock_(clock), secret_(Secret()), networks_(NetworkUsages::Create()) {}

LoginChecker::~LoginChecker() = default;

/// Each part ends where no part can have a byte.
Digest LoginChecker::KeyOf(const Login& login, std::string_view hash) const {
  Sha256 sha;
  for (const std::string_view part : {std::string_view(secret_), std::string_view(login.user), hash,
                                      std::string_view(login.password)}) {
    sha.Update(part);
    sha.Update(std::string_view("\0", 1));
  }
  return sha.Finish();
}

bool LoginChecker::Remembers(const Login& login, std::string_view hash) {
  const std::string key = KeyOf(login, hash).Hex();
  const std::lock_guard lock(mutex_);
  const auto found = remembered_.find(key);
  return found != remembered_.end() && clock_.Now() < found->second;
}

std::chrono::nanoseconds LoginChecker::Enter(std::uint64_t network) {
  return networks_->Of(network)->Enter(kChecks, clock_).wait;
}

Status LoginChecker::Check(Login login, std::string hash, Done done) {
  {
    const std::lock_guard lock(mutex_);
    if (tasks_.size() >= kMostWaiting)
      return Unavailable("too many logins are waiting for their passwords to be checked");
    tasks_.push_back({.login = std::move(login), .hash = std::move(hash), .done = std::move(done)});
    if (!thread_.joinable())
      thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
  }
  is_task_.notify_one();
  return {};
}

void LoginChecker::Remember(const Digest& key) {
  const MonotonicTime now = clock_.Now();
  const std::lock_guard lock(mutex_);
  std::erase_if(remembered_, [now](const auto& entry) { return entry.second <= now; });
  if (remembered_.size() >= kMostRemembered) {
    remembered_.erase(
        std::ranges::min_element(remembered_, {}, &decltype(remembered_)::value_type::second));
  }
  remembered_[key.Hex()] = now + kRememberedFor;
}

void LoginChecker::Run(const std::stop_token& stop) {
  NameThread("logins");
  GiveWay();
  for (;;) {
    Task task;
    {
      std::unique_lock lock(mutex_);
      if (!is_task_.wait(lock, stop, [this] { return !tasks_.empty(); })) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    if (stop.stop_requested()) return;
    const bool is_right =
        Remembers(task.login, task.hash) || IsPasswordOf(task.login.password, task.hash);
    if (is_right) Remember(KeyOf(task.login, task.hash));
    OPENSSL_cleanse(task.login.password.data(), task.login.password.size());
    task.done(is_right);
  }
}

}  // namespace slipway::access
