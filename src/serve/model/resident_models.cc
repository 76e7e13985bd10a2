#include "serve/model/resident_models.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "base/error_catalogue.h"
#include "base/heap.h"

namespace slipway::serve {
namespace {

constexpr std::chrono::milliseconds kPatience{1000};  // for room, where others are at work
constexpr std::chrono::milliseconds kPause{2};

}  // namespace

/// One model that may leave memory.
///
/// A run counts itself among the users before it looks whether the model is in; whoever makes it
/// leave says that it is out before looking for users; all in one total order. So either the run
/// sees that it is out, or the other sees the run and lets the model stay.
class ResidentModels::Page {
 public:
  Page(std::uint64_t load, MemoryNeed need, Signature signature,
       std::shared_ptr<const engine::Executable> executable, Reload reload, MonotonicTime now)
      : load_(load),
        need_(std::move(need)),
        signature_(std::move(signature)),
        reload_(std::move(reload)),
        is_outside_(executable->outside() != nullptr),
        executable_(std::move(executable)),
        last_used_(now.time_since_epoch().count()) {}

  std::uint64_t load() const { return load_; }
  const MemoryNeed& need() const { return need_; }
  std::uint64_t bytes() const { return need_.own_bytes + need_.shared_bytes; }
  const Signature& signature() const { return signature_; }
  bool IsIn() const { return is_in_.load(); }
  bool IsIdle() const { return users_.load() == 0; }
  MonotonicTime::rep last_used() const { return last_used_.load(std::memory_order_relaxed); }

  /// True: it is in and stays until EndUse().
  bool BeginUse(MonotonicTime now) {
    last_used_.store(now.time_since_epoch().count(), std::memory_order_relaxed);
    users_.fetch_add(1);
    if (is_in_.load()) return true;
    users_.fetch_sub(1);
    return false;
  }
  void EndUse() { users_.fetch_sub(1); }
  const engine::Executable& executable() const { return *executable_; }

  /// Whether the model runs in another process, whenever it is in.
  bool IsOutside() const { return is_outside_; }
  /// What `ask` says of that process; without one an empty answer. No use of the model.
  template <class Ask>
  auto AskOutside(Ask ask) {
    users_.fetch_add(1);
    const auto answer = is_in_.load() && executable_->outside() != nullptr
                            ? ask(*executable_->outside())
                            : decltype(ask(*executable_->outside())){};
    users_.fetch_sub(1);
    return answer;
  }

  /// Frees the model, and has `note` it before anybody can bring it back. False: somebody uses it,
  /// or moves it now.
  template <class Note>
  bool TakeOut(Note note) {
    const std::unique_lock lock(moving_, std::try_to_lock);
    if (!lock.owns_lock() || !is_in_.load()) return false;
    is_in_.store(false);
    if (users_.load() != 0) {
      is_in_.store(true);
      return false;
    }
    executable_.reset();
    note();
    return true;
  }

  /// Begins a use of a model that is out, or was when the caller looked; `make_room` comes first.
  template <class MakeRoom, class GiveUp>
  Status BringIn(MakeRoom make_room, GiveUp give_up) {
    const std::lock_guard lock(moving_);
    if (!is_in_.load()) {
      SLIPWAY_RETURN_IF_ERROR(make_room());
      Result<std::unique_ptr<engine::Executable>> reloaded = reload_();
      if (!reloaded.ok()) {
        give_up();
        return std::move(reloaded).status();
      }
      executable_ = *std::move(reloaded);
      is_in_.store(true);
    }
    users_.fetch_add(1);
    return {};
  }

 private:
  const std::uint64_t load_;
  const MemoryNeed need_;
  const Signature signature_;
  const Reload reload_;
  const bool is_outside_;
  std::mutex moving_;  // held by who moves it in or out
  std::shared_ptr<const engine::Executable> executable_;
  std::atomic<bool> is_in_{true};
  std::atomic<std::uint32_t> users_{0};
  std::atomic<MonotonicTime::rep> last_used_;
};

class ResidentModels::PagedExecutable final : public engine::Executable,
                                              public Residence,
                                              public engine::OutsideProcess {
 public:
  PagedExecutable(std::shared_ptr<ResidentModels> models, std::shared_ptr<Page> page)
      : models_(std::move(models)), page_(std::move(page)) {}
  PagedExecutable(const PagedExecutable&) = delete;
  PagedExecutable& operator=(const PagedExecutable&) = delete;
  ~PagedExecutable() override { models_->Forget(page_->load()); }

  const Signature& signature() const override { return page_->signature(); }
  bool IsIn() const override { return page_->IsIn(); }

  const engine::OutsideProcess* outside() const override {
    return page_->IsOutside() ? this : nullptr;
  }
  std::uint64_t bytes() const override {
    return page_->AskOutside([](const engine::OutsideProcess& outside) { return outside.bytes(); });
  }
  Status condition() const override {
    return page_->AskOutside(
        [](const engine::OutsideProcess& outside) { return outside.condition(); });
  }
  bool IsSuspect(std::span<const TensorView> inputs) const override {
    return page_->AskOutside(
        [&](const engine::OutsideProcess& outside) { return outside.IsSuspect(inputs); });
  }

  Status Run(std::span<const TensorView> inputs, std::span<const std::size_t> wanted,
             std::span<TensorBuffer> outputs, const engine::RunLimits& limits) const override {
    if (!page_->BeginUse(models_->clock_.Now()))
      SLIPWAY_RETURN_IF_ERROR(models_->BringBack(*page_, limits.deadline));
    const Use use{*page_};
    return page_->executable().Run(inputs, wanted, outputs, limits);
  }

 private:
  struct Use {
    Page& page;
    ~Use() { page.EndUse(); }
  };

  const std::shared_ptr<ResidentModels> models_;
  const std::shared_ptr<Page> page_;
};

Status ResidentModels::Reserve(std::uint64_t load, const MemoryNeed& need) {
  const bool fits_alone = need.own_bytes + need.shared_bytes <= options_.budget;
  for (;;) {
    const std::uint64_t before = Changes();
    Status room = MakeRoomFor(load, need);
    std::unique_lock lock(mutex_);
    if (room.ok()) under_way_.insert(load);
    if (room.ok() || !options_.pages || !fits_alone) return room;
    // What ended meanwhile may leave now; what leaves for another may leave room for this one too.
    const auto is_quiet = [&] { return under_way_.empty() && leaving_ == 0; };
    if (changes_ == before && is_quiet()) return room;
    changed_.wait(lock, [&] { return changes_ != before || is_quiet(); });
  }
}

std::uint64_t ResidentModels::Changes() const {
  const std::lock_guard lock(mutex_);
  return changes_;
}

void ResidentModels::Release(std::uint64_t load) {
  {
    const std::lock_guard lock(mutex_);
    budget_.Release(load);
    under_way_.erase(load);
    ++changes_;
  }
  changed_.notify_all();
}

ModelMemory ResidentModels::Memory() const {
  const std::lock_guard lock(mutex_);
  return {.budget = budget_.limit(),
          .held = budget_.held(),
          .paged_out = paged_out_.load(),
          .paged_in = paged_in_.load()};
}

ResidentModels::Paged ResidentModels::Arrive(std::uint64_t load, const MemoryNeed& measured,
                                             std::shared_ptr<const engine::Executable> executable,
                                             Reload reload) {
  // What takes more than the whole budget could not come back.
  const bool stays = !options_.pages || options_.budget == 0 || executable == nullptr ||
                     measured.own_bytes + measured.shared_bytes > options_.budget;
  std::shared_ptr<Page> page;
  if (!stays) {
    Signature signature = executable->signature();
    page = std::make_shared<Page>(load, measured, std::move(signature), std::move(executable),
                                  std::move(reload), clock_.Now());
  }
  {
    const std::lock_guard lock(mutex_);
    budget_.Settle(load, measured);
    if (page != nullptr) pages_[load] = page;
    under_way_.erase(load);
    ++changes_;
  }
  changed_.notify_all();
  if (page == nullptr) return {.executable = std::move(executable), .residence = nullptr};
  const auto paged = std::make_shared<const PagedExecutable>(shared_from_this(), page);
  return {.executable = paged, .residence = paged};
}

Status ResidentModels::BringBack(Page& page, std::optional<MonotonicTime> deadline) {
  using SteadyClock = std::chrono::steady_clock;
  const MonotonicTime until =
      std::min(SteadyClock::now() + kPatience, deadline.value_or(MonotonicTime::max()));
  for (;;) {
    const Status status = page.BringIn([&] { return MakeRoomFor(page.load(), page.need()); },
                                       [&] { Release(page.load()); });
    if (status.ok()) {
      paged_in_.fetch_add(1);
      return {};
    }
    // Those that are in the way run now, and end.
    if (status.number() == errors::kMemoryBudget && SteadyClock::now() < until) {
      std::this_thread::sleep_for(kPause);
      continue;
    }
    return Unavailable(fmt::format("the model left memory to others and cannot come back now: {}",
                                   status.message()))
        .With(errors::kModelNotReady)
        .Hint("try again; a server with a larger --memory-budget pages less");
  }
}

Status ResidentModels::MakeRoomFor(std::uint64_t load, const MemoryNeed& need) {
  std::set<std::uint64_t> tried = {load};
  for (;;) {
    std::shared_ptr<Page> page;
    {
      const std::lock_guard lock(mutex_);
      Status fits = budget_.Reserve(load, need);
      if (fits.ok() || !options_.pages) return fits;
      if (budget_.Missing(need) > MayBeFreed()) return fits;
      page = FirstToLeave(tried);
      if (page == nullptr) return fits;
      ++leaving_;
    }
    tried.insert(page->load());
    Leave(*page);
  }
}

/// Of those that are in and run nothing, the one that was used longest ago.
std::shared_ptr<ResidentModels::Page> ResidentModels::FirstToLeave(
    const std::set<std::uint64_t>& tried) const {
  std::shared_ptr<Page> first;
  for (const auto& [load, weak] : pages_) {
    std::shared_ptr<Page> page = tried.contains(load) ? nullptr : weak.lock();
    if (page == nullptr || !page->IsIn() || !page->IsIdle()) continue;
    if (first == nullptr || page->last_used() < first->last_used()) first = std::move(page);
  }
  return first;
}

std::uint64_t ResidentModels::MayBeFreed() const {
  std::uint64_t bytes = 0;
  for (const auto& [load, weak] : pages_) {
    const std::shared_ptr<Page> page = weak.lock();
    if (page != nullptr && page->IsIn() && page->IsIdle()) bytes += page->bytes();
  }
  return bytes;
}

void ResidentModels::Leave(Page& page) {
  const bool has_left = page.TakeOut([&] { Release(page.load()); });
  {
    const std::lock_guard lock(mutex_);
    --leaving_;
  }
  changed_.notify_all();
  if (!has_left) return;
  paged_out_.fetch_add(1);
  ReturnFreeBlocks();
}

void ResidentModels::Forget(std::uint64_t load) {
  const std::lock_guard lock(mutex_);
  pages_.erase(load);
}

}  // namespace slipway::serve
