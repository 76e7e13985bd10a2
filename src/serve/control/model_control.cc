#include "serve/control/model_control.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/thread.h"
#include "serve/control/load_failures.h"
#include "serve/model/served_ensemble.h"

namespace slipway::serve {
namespace {

// Several versions that load together: the last to finish completes the whole. Lives in the
// callbacks of the loads.
class LoadGroup {
 public:
  /// `others`: loads of the group that are not of this model.
  LoadGroup(ModelSet& models, std::string name, std::set<std::int64_t> wanted, std::size_t others,
            bool replaces, ModelControl::Done done)
      : models_(models),
        name_(std::move(name)),
        wanted_(std::move(wanted)),
        replaces_(replaces),
        done_(std::move(done)),
        remaining_(wanted_.size() + others) {}

  void Finished(Status outcome) {
    {
      const std::lock_guard lock(mutex_);
      if (failure_.ok()) failure_ = std::move(outcome);
      if (--remaining_ > 0) return;
    }
    if (failure_.ok() && replaces_) RetireOthers();
    done_(std::move(failure_));
  }

 private:
  void RetireOthers() {
    for (const ModelStatus& status : models_.Statuses()) {
      if (status.name != name_ || wanted_.contains(status.version) ||
          status.state == ModelState::kUnloaded)
        continue;
      // A version that somebody else unloaded meanwhile is gone either way.
      (void)models_.Unload(name_, status.version);
    }
  }

  ModelSet& models_;
  const std::string name_;
  const std::set<std::int64_t> wanted_;
  const bool replaces_;
  const ModelControl::Done done_;
  std::mutex mutex_;
  std::size_t remaining_;  // guarded by mutex_, as is failure_
  Status failure_;
};

struct Plan {
  std::vector<ModelPackage> members;  ///< of ensembles, and not loaded yet
  std::vector<ModelPackage> to_load;
  std::set<std::int64_t> wanted;
};

class ThreadedControl final : public ModelControl {
 public:
  ThreadedControl(ModelSet& models, const ModelSource& source)
      : models_(models),
        source_(source),
        thread_([this](std::stop_token stop) { RunTasks(stop); }) {}

  void Index(bool ready_only, IndexDone done) override {
    auto shared = std::make_shared<IndexDone>(std::move(done));
    const Status queued = Queue([this, ready_only, shared] { (*shared)(MakeIndex(ready_only)); });
    if (!queued.ok()) (*shared)(queued);
  }

  void Load(std::string name, LoadRequest request, Done done) override {
    auto shared = std::make_shared<Done>(std::move(done));
    const Status queued = Queue([this, name = std::move(name), request = std::move(request),
                                 shared] { StartLoad(name, request, *shared); });
    if (!queued.ok()) (*shared)(queued);
  }

  void Unload(std::string name, Done done) override {
    auto shared = std::make_shared<Done>(std::move(done));
    const Status queued =
        Queue([this, name = std::move(name), shared] { (*shared)(UnloadNow(name)); });
    if (!queued.ok()) (*shared)(queued);
  }

  void ResolveAlias(std::string name, std::string alias, AliasDone done) override {
    auto shared = std::make_shared<AliasDone>(std::move(done));
    const Status queued = Queue([this, name = std::move(name), alias = std::move(alias), shared] {
      (*shared)(source_.VersionOfAlias(name, alias));
    });
    if (!queued.ok()) (*shared)(queued);
  }

 private:
  Status Queue(std::function<void()> task) {
    {
      const std::lock_guard lock(mutex_);
      if (tasks_.size() >= kMaxWaiting) {
        return Unavailable(fmt::format("{} control requests are waiting already", kMaxWaiting))
            .With(errors::kQueueFull);
      }
      tasks_.push_back(std::move(task));
    }
    task_added_.notify_one();
    return {};
  }

  // What waits when the server ends is still done: every completion runs once.
  void RunTasks(const std::stop_token& stop) {
    NameThread("slipway-control");
    while (true) {
      std::function<void()> task;
      {
        std::unique_lock lock(mutex_);
        if (!task_added_.wait(lock, stop, [this] { return !tasks_.empty(); })) return;
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      task();
    }
  }

  using Rows = std::map<std::pair<std::string, std::int64_t>, IndexRow>;

  void AddUnloaded(const ModelSource::Available& model, Rows& rows) const {
    if (model.versions.empty())
      rows[{model.name, 0}] = {model.name, 0, "UNAVAILABLE", model.reason};
    for (const std::int64_t version : model.versions) {
      std::string reason = failures_->ReasonOf(model.name, version);
      const auto known = model.reasons.find(version);
      if (reason.empty() && known != model.reasons.end()) reason = known->second;
      if (reason.empty()) reason = model.reason.empty() ? "not loaded" : model.reason;
      rows[{model.name, version}] = {model.name, version, "UNAVAILABLE", std::move(reason)};
    }
  }

  Result<std::vector<IndexRow>> MakeIndex(bool ready_only) const {
    Rows rows;
    if (!ready_only) {
      SLIPWAY_TRY(const std::vector<ModelSource::Available> known, source_.List());
      for (const ModelSource::Available& model : known) AddUnloaded(model, rows);
    }
    for (const ModelStatus& status : models_.Statuses()) {
      if (ready_only && status.state != ModelState::kReady) continue;
      IndexRow& row = rows[{status.name, status.version}];
      const bool keeps_reason = status.state == ModelState::kUnloaded && !row.reason.empty();
      row = {status.name, status.version, std::string(ModelStateName(status.state)),
             keeps_reason ? row.reason : status.reason};
    }
    std::vector<IndexRow> index;
    for (auto& [key, row] : rows) index.push_back(std::move(row));
    return index;
  }

  void StartLoad(const std::string& name, const LoadRequest& request, const Done& done) {
    Result<Plan> plan = PlanLoad(name, request);
    if (!plan.ok()) {
      Log(LogLevel::kWarning, "model {} is not loaded: {}", Printable(name, 64),
          plan.status().ToString());
      return done(std::move(plan).status());
    }
    const bool replaces = !request.version.has_value() && request.alias.empty();
    const auto group = std::make_shared<LoadGroup>(models_, name, plan->wanted,
                                                   plan->members.size(), replaces, done);
    for (std::size_t i = plan->to_load.size(); i < plan->wanted.size(); ++i)
      group->Finished(Status());
    // Loads happen in this order: members are there before their ensembles are looked at.
    for (std::vector<ModelPackage>* packages : {&plan->members, &plan->to_load}) {
      for (ModelPackage& package : *packages) {
        const std::string model = package.name;
        const std::int64_t version = package.version;
        models_.Load(std::move(package),
                     [group, failures = failures_, model, version](Status outcome) {
                       failures->Note(model, version, outcome);
                       group->Finished(std::move(outcome));
                     });
      }
    }
  }

  Result<Plan> PlanLoad(const std::string& name, const LoadRequest& request) const {
    SLIPWAY_TRY(const std::vector<std::int64_t> versions, WantedVersions(name, request));
    Plan plan{.to_load = {}, .wanted = {versions.begin(), versions.end()}};
    for (const std::int64_t version : plan.wanted) {
      SLIPWAY_TRY(ModelPackage package, ResolveVersion(name, version));
      if (request.config.has_value()) package.config = *request.config;
      SLIPWAY_RETURN_IF_ERROR(AddMembers(package, plan.members));
      if (!IsReadyAlready(package)) plan.to_load.push_back(std::move(package));
    }
    return plan;
  }

  Result<ModelPackage> ResolveVersion(const std::string& name, std::int64_t version) const {
    Result<ModelPackage> package = source_.Resolve(name, version);
    if (!package.ok() && package.status().code() != Code::kNotFound)
      failures_->Note(name, version, package.status());
    return package;
  }

  /// Of an ensemble's models those that are neither ready nor about to be.
  Status AddMembers(const ModelPackage& package, std::vector<ModelPackage>& members) const {
    if (!package.manifest.ensemble) return {};
    const package::Ensemble& ensemble = *package.manifest.ensemble;
    for (std::size_t i = 0; i < ensemble.steps.size(); ++i) {
      const package::EnsembleStep& step = ensemble.steps[i];
      if (step.model.empty() || WillBeThere(step, members)) continue;
      Result<ModelPackage> member = ResolveStep(step);
      if (member.ok() && member->manifest.ensemble) member = NestedEnsemble();
      if (!member.ok())
        return std::move(member).status().At(package::StepTitle(ensemble, i)).At(package.name);
      members.push_back(std::move(*member));
    }
    return {};
  }

  bool WillBeThere(const package::EnsembleStep& step,
                   const std::vector<ModelPackage>& members) const {
    const auto is_it = [&](const std::string& name, std::int64_t version) {
      return name == step.model && version == step.version.value_or(version);
    };
    const auto waits = [](ModelState state) {
      return state == ModelState::kPending || state == ModelState::kLoading ||
             state == ModelState::kWarming;
    };
    if (models_.Find(step.model, step.version).ok()) return true;
    for (const ModelPackage& member : members) {
      if (is_it(member.name, member.version)) return true;
    }
    for (const ModelStatus& status : models_.Statuses()) {
      if (is_it(status.name, status.version) && waits(status.state)) return true;
    }
    return false;
  }

  Result<ModelPackage> ResolveStep(const package::EnsembleStep& step) const {
    if (step.version) return ResolveVersion(step.model, *step.version);
    SLIPWAY_TRY(const std::vector<std::int64_t> versions, source_.Versions(step.model));
    return ResolveVersion(step.model, versions.back());
  }

  Result<std::vector<std::int64_t>> WantedVersions(const std::string& name,
                                                   const LoadRequest& request) const {
    if (request.version.has_value()) return std::vector<std::int64_t>{*request.version};
    if (!request.alias.empty()) {
      SLIPWAY_TRY(const std::int64_t version, source_.VersionOfAlias(name, request.alias));
      return std::vector<std::int64_t>{version};
    }
    if (!request.choice.has_value()) return source_.Wanted(name);
    SLIPWAY_TRY(const std::vector<std::int64_t> available, source_.Versions(name));
    Result<std::vector<std::int64_t>> chosen = ChooseVersions(*request.choice, available);
    if (!chosen.ok()) return std::move(chosen).status().At(fmt::format("model {}", name));
    return chosen;
  }

  bool IsReadyAlready(const ModelPackage& package) const {
    if (package.digest.empty()) return false;  // from a file, which may have changed
    const Result<ModelHandle> loaded = models_.Find(package.name, package.version);
    return loaded.ok() && (**loaded)->package_digest == package.digest &&
           (**loaded)->config == package.config;
  }

  Status UnloadNow(const std::string& name) {
    Status unloaded = models_.Unload(name, std::nullopt);
    if (unloaded.code() == Code::kNotFound && source_.Versions(name).ok()) return {};
    return unloaded;
  }

  ModelSet& models_;
  const ModelSource& source_;
  const std::shared_ptr<LoadFailures> failures_ = std::make_shared<LoadFailures>();
  std::mutex mutex_;
  std::condition_variable_any task_added_;
  std::deque<std::function<void()>> tasks_;  // guarded by mutex_
  std::jthread thread_;                      // last: it uses the members above
};

}  // namespace

std::unique_ptr<ModelControl> ModelControl::Create(ModelSet& models, const ModelSource& source) {
  return std::make_unique<ThreadedControl>(models, source);
}

}  // namespace slipway::serve
