#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/file.h"
#include "base/status.h"
#include "engine/worker/end_window.h"
#include "engine/worker/hang_judge.h"
#include "engine/worker/suspect_inputs.h"
#include "engine/worker/worker_post.h"

namespace slipway::engine {

struct WorkerOptions {
  std::string program;      ///< slipway-worker; "": found beside this program
  std::uint32_t slots = 4;  ///< runs of one model at a time
  std::uint64_t region_bytes = std::uint64_t{1} << 30;  ///< for the tensors of one run
  std::uint64_t memory_bytes = 0;                       ///< that a worker has to itself; 0: any
  std::chrono::milliseconds load_limit{600'000};        ///< for compiling and loading
  HangBounds hang;
  EndBounds ends;
  SuspectBounds suspects;
};

/// Why a worker ended that nobody asked to.
enum class WorkerEnd : std::uint8_t { kCrash, kHang, kNonsense, kKilled };
inline constexpr std::size_t kWorkerEnds = 4;
std::string_view WorkerEndName(WorkerEnd end);  ///< "crash", "hang", "nonsense", "killed"

/// Keeps worker processes: starts them, hears that one is ready, that one has ended or hangs, and
/// starts the next. One thread, which workers cannot outlive. Thread-safe.
class WorkerHost {
 public:
  struct Counts {
    std::uint64_t running = 0;
    std::array<std::uint64_t, kWorkerEnds> ended{};  ///< by WorkerEnd
    std::uint64_t restarts = 0;
    std::uint64_t quarantined = 0;  ///< models, since the server began
    std::uint64_t woken = 0;        ///< workers that slept with a run to do
    std::uint64_t refused = 0;      ///< runs whose inputs had ended a worker twice
  };

  /// `options.program` is a path. ResourceExhausted: no descriptor to be had.
  static Result<std::shared_ptr<WorkerHost>> Start(WorkerOptions options);
  /// Ends every worker.
  ~WorkerHost();
  WorkerHost(const WorkerHost&) = delete;

  /// Starts a worker for the post, and the next one whenever it ends, until Close().
  void Open(std::shared_ptr<WorkerPost> post);
  /// Ends the post's worker and waits until it is gone, with its memory.
  void Close(const std::shared_ptr<WorkerPost>& post);
  /// Ends a worker that wrote nonsense into these slots.
  void Condemn(std::shared_ptr<SlotPool> slots);
  void CountRefusal() { refused_.fetch_add(1, std::memory_order_relaxed); }

  const WorkerOptions& options() const { return options_; }
  Counts counts() const;

 private:
  WorkerHost(WorkerOptions options, FileDescriptor wake);

  struct Worker;
  struct Seat;
  struct Order {
    std::shared_ptr<WorkerPost> post;
    bool opens = true;
  };

  void Wake() const;
  void Work(const std::stop_token& stop);
  void FollowOrders();
  void FollowOrder(const Order& order);
  void Start(Seat& seat);
  Result<std::unique_ptr<Worker>> Spawn(WorkerPost& post) const;
  void AwaitNews(MonotonicTime until) const;
  MonotonicTime NextTask() const;
  void Hear(Seat& seat);
  void HearAnswer(Seat& seat);
  void TellOfMeans(const WorkerReady& ready);
  void Reap(Seat& seat);
  void CountEnd(Seat& seat, WorkerEnd end, const std::string& how);
  void Look(Seat& seat, MonotonicTime now);
  static void Kill(Worker& worker, WorkerEnd why, std::string how);

  const WorkerOptions options_;
  const FileDescriptor wake_;  // an eventfd
  std::mutex mutex_;           // guards the next two
  std::vector<Order> orders_;
  std::vector<std::shared_ptr<SlotPool>> condemned_;

  std::atomic<std::uint64_t> running_{0};
  std::array<std::atomic<std::uint64_t>, kWorkerEnds> ended_{};
  std::atomic<std::uint64_t> restarts_{0};
  std::atomic<std::uint64_t> quarantined_{0};
  std::atomic<std::uint64_t> woken_{0};
  std::atomic<std::uint64_t> refused_{0};

  // The thread's own.
  std::vector<std::unique_ptr<Seat>> seats_;
  MonotonicTime next_look_{};
  bool told_of_means_ = false;
  std::jthread thread_;  // last: it uses the members above
};

}  // namespace slipway::engine
