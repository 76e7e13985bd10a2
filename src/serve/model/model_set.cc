#include "serve/model/model_set.h"

#include <fmt/format.h>

#include <future>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/text.h"
#include "base/thread.h"
#include "serve/model/load_model.h"
#include "serve/model/loading_work.h"
#include "serve/model/model_map.h"
#include "serve/model/published_value.h"
#include "serve/model/resident_models.h"
#include "serve/model/served_ensemble.h"
#include "serve/model/version_ledger.h"

namespace slipway::serve {
namespace {

constexpr std::size_t kMaxNameInMessage = 64;

std::string Title(const LoadAttempt& load) {
  return fmt::format("model {}:{}", load.name, load.version);
}

// Where what is known of its batches comes from.
std::string BatchTitle(const ServedModel& model) {
  if (!model->batches.IsKnown() && !model->learns_batches) return "";
  const bool were_kept = model->measured_before.IsKnown();
  if (model->learns_batches && !were_kept) return ", batches are learned";
  const BatchProfile& known = model->learns_batches ? model->measured_before : model->batches;
  return fmt::format(", rows of a batch: {} ({})", known.best_rows(),
                     were_kept ? "kept from before" : "measured");
}

std::string Announcement(const LoadAttempt& load, const ServedModel& model) {
  const std::string loaded =
      fmt::format("{} is ready: loaded in {}", Title(load),
                  HumanSeconds(std::chrono::duration<double>(model->load_time).count()));
  if (model->ensemble != nullptr)
    return fmt::format("{}, of {} steps", loaded, model->ensemble->ensemble.steps.size());
  const std::string shared =
      model->mapped_bytes == 0
          ? std::string()
          : fmt::format(", {} of weights mapped", HumanBytes(model->mapped_bytes));
  return fmt::format("{} ({}), one run takes {}, holds {}{}{}", loaded,
                     engine::OriginName(model->origin),
                     HumanSeconds(std::chrono::duration<double>(model->run_time).count()),
                     HumanBytes(model->memory_bytes), shared, BatchTitle(model));
}

// The last handle hands the model to the loading threads: freeing an engine's memory takes
// milliseconds, and the last handle goes on an event loop.
ModelHandle MakeHandle(const LoadAttempt& load, ServedModel::Parts parts,
                       const std::shared_ptr<LoadingWork>& work) {
  return {new ServedModel(std::move(parts)), [work, load](const ServedModel* model) {
            work->Add(BuryTask{load, std::unique_ptr<const ServedModel>(model)});
          }};
}

class ThreadedModelSet final : public ModelSet {
 public:
  ThreadedModelSet(engine::Engine& engine, const Clock& clock, const ModelSetOptions& options,
                   KeptProfiles profiles)
      : tools_{engine, options.cache, options.intra_op_threads, std::move(profiles)},
        clock_(clock),
        memory_(std::make_shared<ResidentModels>(
            ResidentModels::Options{.budget = options.memory_budget, .pages = options.pages},
            clock)) {
    for (unsigned i = 0; i < options.load_threads; ++i)
      threads_.emplace_back([this](const std::stop_token& stop) { DoTasks(stop); });
  }

  ~ThreadedModelSet() override {
    for (std::jthread& thread : threads_) thread.request_stop();
    threads_.clear();
    for (const ModelHandle& model : Ready()) KeepLearned(*model);
    for (const LoadTask& task : work_->Close()) {
      if (task.done) task.done(Cancelled(fmt::format("{}: the server ends", Title(task.load))));
    }
  }

  void Load(ModelPackage package, std::function<void(Status)> done) override {
    LoadTask task{.load = {}, .package = std::move(package), .done = std::move(done)};
    {
      const std::lock_guard lock(mutex_);
      task.load = ledger_.BeginLoad(task.package.name, task.package.version, clock_.WallNow());
    }
    if (work_->Add(task)) return;
    Fail(task, Unavailable(fmt::format("{} loads are waiting already", LoadingWork::kMaxLoads))
                   .With(errors::kQueueFull));
  }

  Status Unload(const std::string& name, std::optional<std::int64_t> version) override {
    std::unique_ptr<const ModelMap> old;  // goes after the lock
    const std::lock_guard lock(mutex_);
    const std::vector<std::int64_t> ended = ledger_.Unload(name, version, clock_.WallNow());
    if (ended.empty()) return NotLoaded(name, version);
    old = published_.Exchange(std::make_unique<const ModelMap>(CopyOfMap().Without(name, ended)));
    return {};
  }

  Result<ModelHandle> Find(std::string_view name,
                           std::optional<std::int64_t> version) const override {
    ModelHandle found =
        published_.Read([&](const ModelMap& map) { return map.Find(name, version); });
    if (found != nullptr) return found;
    return WhyNotFound(name, version);
  }

  std::vector<ModelHandle> Ready() const override {
    return published_.Read([](const ModelMap& map) { return map.All(); });
  }

  std::vector<ModelHandle> Loaded() const override {
    return published_.Read([](const ModelMap& map) { return map.Loaded(); });
  }

  std::vector<ModelStatus> Statuses() const override {
    std::vector<ModelStatus> statuses;
    {
      const std::lock_guard lock(mutex_);
      statuses = ledger_.Statuses(clock_.WallNow());
    }
    const ModelMap map = CopyOfMap();
    for (ModelStatus& status : statuses) {
      if (status.state == ModelState::kReady && IsPagedOut(map, status))
        status.reason = "it left memory to others, and comes back with its next request";
      const Status unready = map.WhyUnready(status.name, status.version);
      if (unready.ok() || status.state != ModelState::kReady) continue;
      const bool is_for_good = unready.number() == errors::kEngineQuarantined;
      status.state = is_for_good ? ModelState::kFailed : ModelState::kPending;
      status.reason = unready.ToString();
    }
    return statuses;
  }

  ModelMemory Memory() const override { return memory_->Memory(); }

  bool AllReady() const override {
    const bool are_members_there =
        published_.Read([](const ModelMap& map) { return map.AreEnsemblesReady(); });
    const std::lock_guard lock(mutex_);
    return are_members_there && ledger_.AllReady();
  }

 private:
  void DoTasks(const std::stop_token& stop) {
    NameThread("slipway-loader");
    GiveWay();
    while (std::optional<LoadingWork::Task> task = work_->Next(stop)) {
      std::visit([this](auto& each) { Do(each); }, *task);
    }
  }

  void Do(LoadTask& task) {
    DoLoad(task);
    work_->Finished(task.load);
  }

  void DoLoad(LoadTask& task) {
    if (IsCalledOff(task.load)) return Fail(task, CalledOff(task.load));
    const MemoryNeed expected = ExpectedNeed(task.package, tools_);
    if (Status refused = memory_->Reserve(task.load.number, expected); !refused.ok())
      return Fail(task, std::move(refused).At(Title(task.load)));
    ResidentModels::Reload reload = ReloadOf(task.package, tools_);
    CheckTask check{task.load, task.package.verify};
    Result<ServedModel::Parts> parts =
        LoadModel(std::move(task.package), tools_, [&](ModelState state) {
          const std::lock_guard lock(mutex_);
          ledger_.Advance(task.load, state, clock_.WallNow());
        });
    Settle(task.load, parts, std::move(reload));
    if (!parts.ok()) return Fail(task, std::move(parts).status().At(Title(task.load)));
    const ModelHandle model = MakeHandle(task.load, std::move(*parts), work_);
    if (Status missing = CheckMembersNow(*model); !missing.ok())
      return Fail(task, std::move(missing).At(Title(task.load)));
    if (!Publish(task.load, model)) return Fail(task, CalledOff(task.load));
    Log(LogLevel::kInfo, "{}", Announcement(task.load, *model));
    if (task.done) task.done(Status());
    const bool were_files_read = (*model)->origin != engine::CompileCache::Origin::kFound;
    if (!were_files_read && check.verify != nullptr) work_->Add(std::move(check));
  }

  void Do(const CheckTask& task) {
    const Status whole = task.verify();
    if (whole.ok()) return;
    Log(LogLevel::kWarning,
        "{} serves as it was compiled before, but its own files are damaged, so that nothing else "
        "can be made of it; publish it again: {}",
        Title(task.load), whole.ToString());
    const std::lock_guard lock(mutex_);
    ledger_.Remark(task.load,
                   fmt::format("its files are damaged, publish it again: {}", whole.message()));
  }

  void Settle(const LoadAttempt& load, Result<ServedModel::Parts>& parts,
              ResidentModels::Reload reload) {
    if (!parts.ok()) return memory_->Release(load.number);
    ResidentModels::Paged paged = memory_->Arrive(load.number, MeasuredNeed(*parts),
                                                  std::move(parts->executable), std::move(reload));
    parts->executable = std::move(paged.executable);
    parts->residence = std::move(paged.residence);
  }

  static bool IsPagedOut(const ModelMap& map, const ModelStatus& status) {
    const ModelHandle model = map.Find(status.name, status.version);
    return model != nullptr && !model->IsInMemory();
  }

  // Members have loaded before their ensembles begin to.
  Status CheckMembersNow(const ServedModel& model) const {
    if (model->ensemble == nullptr) return {};
    return published_.Read([&](const ModelMap& map) { return CheckMembers(model, map); });
  }

  void KeepLearned(const ServedModel& model) const {
    if (model->learns_batches) tools_.profiles.Keep(model->package_digest, model.Batches());
  }

  void Do(BuryTask& task) {
    KeepLearned(*task.model);
    const std::uint64_t before = ReturnFreedMemory();
    task.model.reset();
    const std::uint64_t after = ReturnFreedMemory();
    memory_->Release(task.load.number);
    {
      const std::lock_guard lock(mutex_);
      ledger_.Buried(task.load, clock_.WallNow());
    }
    Log(LogLevel::kInfo, "{} is unloaded: {} were given back", Title(task.load),
        HumanBytes(before > after ? before - after : 0));
  }

  bool Publish(const LoadAttempt& load, const ModelHandle& model) {
    std::unique_ptr<const ModelMap> old;  // goes after the lock
    const std::lock_guard lock(mutex_);
    if (!ledger_.FinishLoad(load, clock_.WallNow())) return false;
    old = published_.Exchange(std::make_unique<const ModelMap>(CopyOfMap().With(model)));
    return true;
  }

  void Fail(const LoadTask& task, const Status& reason) {
    {
      const std::lock_guard lock(mutex_);
      ledger_.FailLoad(task.load, reason.message(), clock_.WallNow());
    }
    Log(LogLevel::kWarning, "{} is not loaded: {}", Title(task.load), reason.ToString());
    if (task.done) task.done(reason);
  }

  bool IsCalledOff(const LoadAttempt& load) {
    const std::lock_guard lock(mutex_);
    return ledger_.IsCalledOff(load);
  }

  static Status CalledOff(const LoadAttempt& load) {
    return Cancelled(fmt::format("{} was unloaded before it was ready", Title(load)));
  }

  ModelMap CopyOfMap() const {
    return published_.Read([](const ModelMap& map) { return map; });
  }

  Status WhyUnready(const ModelStatus& status) const {
    return published_.Read(
        [&](const ModelMap& map) { return map.WhyUnready(status.name, status.version); });
  }

  static Status NotLoaded(std::string_view name, std::optional<std::int64_t> version) {
    const std::string shown = Printable(name, kMaxNameInMessage);
    return NotFound(version.has_value()
                        ? fmt::format("version {} of model \"{}\" is not loaded", *version, shown)
                        : fmt::format("model \"{}\" is not loaded", shown))
        .With(errors::kModelNotFound);
  }

  Status WhyNotFound(std::string_view name, std::optional<std::int64_t> version) const {
    {
      const std::lock_guard lock(mutex_);
      const ModelStatus* status = ledger_.Find(std::string(name), version);
      const Status unready = status == nullptr ? Status() : WhyUnready(*status);
      if (!unready.ok()) {
        return Unavailable(fmt::format("model \"{}\" version {} is not ready: {}", name,
                                       status->version, unready.ToString()))
            .With(unready.number() == errors::kEngineQuarantined ? errors::kEngineQuarantined
                                                                 : errors::kModelNotReady)
            .Hint(unready.hint());
      }
      if (status != nullptr && status->state != ModelState::kUnloaded) {
        return Unavailable(fmt::format("model \"{}\" version {} is {}: {}", name, status->version,
                                       ModelStateName(status->state), status->reason))
            .With(errors::kModelNotReady);
      }
    }
    const ModelMap map = CopyOfMap();
    if (map.Contains(name)) {
      return NotLoaded(name, version)
          .Hint(fmt::format("ready versions: {}", fmt::join(map.Versions(name), ", ")));
    }
    Status unknown = NotLoaded(name, std::nullopt);
    const std::optional<std::string> near = DidYouMean(name, map.Names());
    return near ? std::move(unknown).Hint(fmt::format("did you mean \"{}\"?", *near)) : unknown;
  }

  const LoadTools tools_;
  const Clock& clock_;
  const std::shared_ptr<LoadingWork> work_ = std::make_shared<LoadingWork>();
  PublishedValue<ModelMap> published_{std::make_unique<const ModelMap>()};
  mutable std::mutex mutex_;
  mutable VersionLedger ledger_;  // guarded by mutex_, as is replacing published_
  const std::shared_ptr<ResidentModels> memory_;
  std::vector<std::jthread> threads_;  // last: they use the members above
};

}  // namespace

std::unique_ptr<ModelSet> ModelSet::Create(engine::Engine& engine, const Clock& clock,
                                           const ModelSetOptions& options, KeptProfiles profiles) {
  return std::make_unique<ThreadedModelSet>(engine, clock, options, std::move(profiles));
}

Status ModelSet::LoadAndWait(ModelPackage package) {
  std::promise<Status> outcome;
  Load(std::move(package), [&](Status status) { outcome.set_value(std::move(status)); });
  return outcome.get_future().get();
}

}  // namespace slipway::serve
