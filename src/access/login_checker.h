#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>

#include "access/login.h"
#include "access/network_usages.h"
#include "base/clock.h"
#include "base/sha256.h"
#include "base/status.h"

namespace slipway::access {

/// Checks passwords, which are costly on purpose, away from the event loops: one at a time on a
/// thread of its own. A password that was right is remembered for ten minutes, by a keyed hash, so
/// that the requests after the first cost a microsecond; a thousand are. Each network may have
/// twenty passwords checked at once and twenty a minute, and all together 64 waiting: whoever
/// guesses occupies one thread at the most, and not those that are remembered. Thread-safe.
class LoginChecker {
 public:
  static constexpr std::size_t kMostWaiting = 64;
  static constexpr std::size_t kMostRemembered = 1000;
  static constexpr unsigned kTriesAMinute = 20;  ///< of one network

  using Done = std::function<void(bool is_right)>;

  /// `clock` outlives this.
  explicit LoginChecker(const Clock& clock);
  /// Forgets what waits: it is not answered.
  ~LoginChecker();

  /// Whether it was checked against that hash, and right, within ten minutes.
  bool Remembers(const Login& login, std::string_view hash);
  /// How long that network has to wait for its next check; 0: it was counted, and may Check().
  std::chrono::nanoseconds Enter(std::uint64_t network);
  /// Calls `done` on the thread that checks. Unavailable: too many wait.
  Status Check(Login login, std::string hash, Done done);

 private:
  struct Task {
    Login login;
    std::string hash;
    Done done;
  };

  Digest KeyOf(const Login& login, std::string_view hash) const;
  void Remember(const Digest& key);
  void Run(const std::stop_token& stop);

  const Clock& clock_;
  const std::string secret_;
  const std::shared_ptr<NetworkUsages> networks_;
  std::mutex mutex_;  ///< guards what follows
  std::condition_variable_any is_task_;
  std::deque<Task> tasks_;
  std::unordered_map<std::string, MonotonicTime> remembered_;  ///< until when, by hash
  std::jthread thread_;                                        ///< from the first check on
};

}  // namespace slipway::access
