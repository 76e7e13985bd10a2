#include "serve/control/model_control.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/thread.h"
#include "serve/control/control_tasks.h"
#include "serve/control/folder_source.h"
#include "serve/control/list_transition.h"
#include "serve/control/load_failures.h"
#include "serve/control/load_group.h"
#include "serve/control/waiting_ensembles.h"
#include "serve/model/served_ensemble.h"

namespace slipway::serve {
namespace {

Status NoModelList() {
  return FailedPrecondition("the server was not started on one list of models, or folder of them")
      .Hint("slipway serve models.config; or load and unload models one by one");
}

struct Plan {
  std::vector<ModelPackage> members;  ///< of ensembles, and not loaded yet
  std::vector<ModelPackage> to_load;
  std::set<std::int64_t> wanted;
  std::set<std::string> step_models;  ///< the names of ensembles' models
};

// An ensemble's steps may be replaced, with the signature as it is.
Status Configure(const ModelConfig& config, ModelPackage& package) {
  package.config = config;
  if (!config.ensemble) return {};
  if (!package.manifest.ensemble) {
    return InvalidArgument(
               fmt::format("model \"{}\" is no ensemble: it has a graph of its own", package.name))
        .With(errors::kRequestFieldInvalid)
        .At("ensemble_scheduling");
  }
  package.manifest.ensemble = config.ensemble;
  Status valid = package::DecodeManifest(package::EncodeManifest(package.manifest)).status();
  return valid.ok() ? valid : std::move(valid).With(errors::kRequestFieldInvalid);
}

class ThreadedControl final : public ModelControl {
 public:
  ThreadedControl(ModelSet& models, const ModelSource& source, RemoteState remotes,
                  FolderSource* list)
      : models_(models),
        source_(source),
        remotes_(std::move(remotes)),
        list_(list),
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

  void Unload(std::string name, bool with_dependents, Done done) override {
    auto shared = std::make_shared<Done>(std::move(done));
    const Status queued = Queue([this, name = std::move(name), with_dependents, shared] {
      (*shared)(UnloadNow(name, with_dependents));
    });
    if (!queued.ok()) (*shared)(queued);
  }

  void ReplaceList(std::string text, Done done) override {
    auto shared = std::make_shared<Done>(std::move(done));
    const Status queued =
        Queue([this, text = std::move(text), shared] { StartReplacing(text, *shared); });
    if (!queued.ok()) (*shared)(queued);
  }

  std::uint64_t ListsReplaced() const override { return replacing_->lists_replaced; }

  void ResolveAlias(std::string name, std::string alias, AliasDone done) override {
    auto shared = std::make_shared<AliasDone>(std::move(done));
    const Status queued = Queue([this, name = std::move(name), alias = std::move(alias), shared] {
      (*shared)(source_.VersionOfAlias(name, alias));
    });
    if (!queued.ok()) (*shared)(queued);
  }

 private:
  Status Queue(std::function<void()> task) {
    if (tasks_->Add(std::move(task))) return {};
    return Unavailable(fmt::format("{} control requests are waiting already", kMaxWaiting))
        .With(errors::kQueueFull);
  }

  // What waits when the server ends is still done: every completion runs once.
  void RunTasks(const std::stop_token& stop) {
    NameThread("slipway-control");
    while (const std::optional<ControlTasks::Task> task = tasks_->Next(stop)) (*task)();
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
    AddRemoteTrouble(rows);
    std::vector<IndexRow> index;
    for (auto& [key, row] : rows) index.push_back(std::move(row));
    return index;
  }

  void StartLoad(const std::string& name, const LoadRequest& request, const Done& done) {
    Plan plan;
    Status planned = PlanLoad(name, request, plan);
    const Done then = WithWaiting({name, request}, plan.step_models, done);
    if (!planned.ok()) {
      Log(LogLevel::kWarning, "model {} is not loaded: {}", Printable(name, 64),
          planned.ToString());
      return then(std::move(planned));
    }
    const bool replaces = !request.version.has_value() && request.alias.empty();
    const auto group = std::make_shared<LoadGroup>(models_, name, plan.wanted, plan.members.size(),
                                                   replaces, then);
    for (std::size_t i = plan.to_load.size(); i < plan.wanted.size(); ++i)
      group->Finished(Status());
    // Loads happen in this order: members are there before their ensembles are looked at.
    for (std::vector<ModelPackage>* packages : {&plan.members, &plan.to_load}) {
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

  void StartReplacing(const std::string& text, const Done& done) {
    if (list_ == nullptr) return done(NoModelList());
    if (replacing_->is_under_way.exchange(true)) {
      return done(Unavailable("another list of models is on its way")
                      .With(errors::kQueueFull)
                      .Hint("wait for its answer"));
    }
    const Done then = [replacing = replacing_, done](Status outcome) {
      replacing->is_under_way = false;
      done(std::move(outcome));
    };
    Result<FolderSource::ListChange> change = list_->TryList(text);
    if (!change.ok()) return then(std::move(change).status());
    if (Status taken = CheckNames(*change); !taken.ok()) {
      list_->DropList();
      return then(std::move(taken));
    }
    std::make_shared<ListTransition>(MeansToReplace(), *std::move(change), then)->Start();
  }

  /// By the time they are used the control may have gone, and then nothing is loaded any more.
  ListTransition::Means MeansToReplace() {
    return {.models = models_,
            .list = *list_,
            .load =
                [this](const std::string& name, std::int64_t version, Done loaded) {
                  LoadRequest request;
                  request.version = version;
                  StartLoad(name, request, loaded);
                },
            .post = [tasks = tasks_](ControlTasks::Task task) { tasks->AddNext(std::move(task)); },
            .kept = [replacing = replacing_] { ++replacing->lists_replaced; }};
  }

  /// A model of that name which is served is not of the list before.
  Status CheckNames(const FolderSource::ListChange& change) const {
    for (const ModelStatus& status : models_.Statuses()) {
      const bool goes =
          status.state == ModelState::kUnloading || status.state == ModelState::kUnloaded;
      if (!goes && change.added.contains(status.name)) return ModelFromElsewhere(status.name);
    }
    return {};
  }

  // What comes after a load, on whatever thread it ends: an ensemble that failed waits for its
  // models, and what waited for this one is loaded. By then the control may have gone.
  Done WithWaiting(WaitingEnsembles::Load load, const std::set<std::string>& step_models,
                   const Done& done) {
    return [this, tasks = tasks_, waiting = waiting_, load = std::move(load), step_models,
            done](Status outcome) {
      if (outcome.ok()) {
        waiting->Forget(load.name);
        std::set<std::string> loaded = step_models;
        loaded.insert(load.name);
        for (const WaitingEnsembles::Load& each : waiting->Take(loaded)) {
          if (!tasks->Add([this, each] { LoadAgain(each); })) waiting->Add(each, loaded);
        }
      } else if (!step_models.empty() && outcome.code() != Code::kCancelled) {
        waiting->Add(load, step_models);
      }
      done(std::move(outcome));
    };
  }

  // Nobody asked for it now, so that it takes no readiness away where it fails again.
  void LoadAgain(const WaitingEnsembles::Load& load) {
    StartLoad(load.name, load.request, [&models = models_, name = load.name](const Status& again) {
      if (again.ok()) return;
      for (const ModelStatus& status : models.Statuses()) {
        if (status.name == name && status.state == ModelState::kFailed)
          (void)models.Unload(name, status.version);
      }
    });
  }

  /// Fills `plan` as far as it gets.
  Status PlanLoad(const std::string& name, const LoadRequest& request, Plan& plan) const {
    SLIPWAY_TRY(const std::vector<std::int64_t> versions, WantedVersions(name, request));
    plan.wanted = {versions.begin(), versions.end()};
    for (const std::int64_t version : plan.wanted) {
      SLIPWAY_TRY(ModelPackage package, ResolveVersion(name, version));
      if (request.config.has_value()) SLIPWAY_RETURN_IF_ERROR(Configure(*request.config, package));
      if (Status members = AddMembers(package, plan); !members.ok()) {
        failures_->Note(name, version, members);
        return members;
      }
      if (!IsReadyAlready(package)) plan.to_load.push_back(std::move(package));
    }
    return {};
  }

  Result<ModelPackage> ResolveVersion(const std::string& name, std::int64_t version) const {
    Result<ModelPackage> package = source_.Resolve(name, version);
    if (!package.ok() && package.status().code() != Code::kNotFound)
      failures_->Note(name, version, package.status());
    return package;
  }

  /// Of an ensemble's models those that are neither ready nor about to be.
  Status AddMembers(const ModelPackage& package, Plan& plan) const {
    if (!package.manifest.ensemble) return {};
    const package::Ensemble& ensemble = *package.manifest.ensemble;
    for (const package::EnsembleStep& step : ensemble.steps) {
      if (!step.model.empty() && step.server.empty()) plan.step_models.insert(step.model);
    }
    for (std::size_t i = 0; i < ensemble.steps.size(); ++i) {
      Status added = AddMember(ensemble.steps[i], plan.members);
      if (!added.ok()) return std::move(added).At(package::StepTitle(ensemble, i)).At(package.name);
    }
    return {};
  }

  Status AddMember(const package::EnsembleStep& step, std::vector<ModelPackage>& members) const {
    if (!step.server.empty())
      return RemoteTrouble(step.server) ? Status() : RemoteNotAllowed(step.server);
    if (step.model.empty() || WillBeThere(step, members)) return {};
    SLIPWAY_TRY(ModelPackage member, ResolveStep(step));
    if (member.manifest.ensemble) return NestedEnsemble();
    members.push_back(std::move(member));
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
    SLIPWAY_TRY(const std::vector<std::int64_t> versions, source_.Wanted(step.model));
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

  Status UnloadNow(const std::string& name, bool with_dependents) {
    waiting_->Forget(name);
    const std::set<std::string> members =
        with_dependents ? StepModels(name, true) : std::set<std::string>();
    Status unloaded = models_.Unload(name, std::nullopt);
    const std::set<std::string> still_needed = StepModels(name, false);
    for (const std::string& member : members) {
      // One that was unloaded before is gone either way.
      if (!still_needed.contains(member)) (void)models_.Unload(member, std::nullopt);
    }
    if (unloaded.code() == Code::kNotFound && source_.Versions(name).ok()) return {};
    return unloaded;
  }

  /// The models of the steps of one loaded ensemble, or of all others.
  std::set<std::string> StepModels(const std::string& ensemble, bool of_it) const {
    std::set<std::string> names;
    for (const ModelHandle& model : models_.Loaded()) {
      if ((*model)->ensemble == nullptr || ((*model)->name == ensemble) != of_it) continue;
      for (const package::EnsembleStep& step : (*model)->ensemble->ensemble.steps) {
        if (!step.model.empty() && step.server.empty()) names.insert(step.model);
      }
    }
    return names;
  }

  /// nullopt: there is no such server.
  std::optional<std::string> RemoteTrouble(const std::string& server) const {
    return remotes_ ? remotes_(server) : std::nullopt;
  }

  /// What a ready ensemble's row says of servers that its steps need and that are not asked now.
  void AddRemoteTrouble(Rows& rows) const {
    for (const ModelHandle& model : models_.Loaded()) {
      const auto row = rows.find({(*model)->name, (*model)->version});
      if ((*model)->ensemble == nullptr || row == rows.end()) continue;
      const package::Ensemble& ensemble = (*model)->ensemble->ensemble;
      for (std::size_t i = 0; i < ensemble.steps.size() && row->second.reason.empty(); ++i) {
        const std::string& server = ensemble.steps[i].server;
        const std::string why = server.empty() ? "" : RemoteTrouble(server).value_or("");
        if (!why.empty())
          row->second.reason = fmt::format("{}: {}", package::StepTitle(ensemble, i), why);
      }
    }
  }

  struct Replacing {
    std::atomic<bool> is_under_way = false;
    std::atomic<std::uint64_t> lists_replaced = 0;
  };

  ModelSet& models_;
  const ModelSource& source_;
  const RemoteState remotes_;  // may be null
  FolderSource* const list_;   // may be absent
  const std::shared_ptr<Replacing> replacing_ = std::make_shared<Replacing>();
  const std::shared_ptr<LoadFailures> failures_ = std::make_shared<LoadFailures>();
  const std::shared_ptr<WaitingEnsembles> waiting_ = std::make_shared<WaitingEnsembles>();
  const std::shared_ptr<ControlTasks> tasks_ = std::make_shared<ControlTasks>(kMaxWaiting);
  std::jthread thread_;  // last: it uses the members above
};

}  // namespace

std::unique_ptr<ModelControl> ModelControl::Create(ModelSet& models, const ModelSource& source,
                                                   RemoteState remotes, FolderSource* list) {
  return std::make_unique<ThreadedControl>(models, source, std::move(remotes), list);
}

}  // namespace slipway::serve
