#include "server/server.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "access/audit_log.h"
#include "access/door.h"
#include "access/gatekeeper.h"
#include "base/cpu_model.h"
#include "base/log.h"
#include "engine/compile_cache.h"
#include "monitor/metrics_page.h"
#include "monitor/process_usage.h"
#include "net/server/http_server.h"
#include "serve/control/configured_source.h"
#include "serve/control/model_control.h"
#include "serve/ensemble/ensemble_predictor.h"
#include "serve/grpc/grpc_api.h"
#include "serve/http/http_api.h"
#include "serve/predict/caching_predictor.h"
#include "serve/predict/predictor.h"
#include "serve/predict/sequence_predictor.h"
#include "serve/remote/remote_servers.h"
#include "serve/shared_memory/region_table.h"
#include "server/configuration_report.h"
#include "server/protocol_switch.h"
#include "server/request_watch.h"
#include "server/server_metrics.h"

namespace slipway::server {
namespace {

constexpr std::chrono::milliseconds kAdminDrain{1000};
constexpr unsigned kThreadsOfARun = 1;

std::string EngineTitle(const engine::Engine& engine) {
  return fmt::format("{} {}", engine.name(), engine.version());
}

/// Beside the packages, and known by all that their times depend on.
serve::KeptProfiles ProfilesOf(const ServerOptions& options,
                               const ServerSurroundings& surroundings) {
  if (options.store_folder.empty()) return {};
  return serve::KeptProfiles(
      options.store_folder + "/profiles",
      fmt::format("{}, {} cores, {}, {} threads a run", CpuModel(), surroundings.budget.cores,
                  EngineTitle(surroundings.engine), kThreadsOfARun));
}

/// What a look from outside, such as slipway doctor, compares the memory in use with.
serve::Configuration Configured(const ServerOptions& options,
                                const ServerSurroundings& surroundings) {
  serve::Configuration configuration =
      ReportConfiguration(options, surroundings.budget, EngineTitle(surroundings.engine));
  configuration.facts.emplace_back("memory_bytes", std::to_string(DetectMemoryLimit()));
  return configuration;
}

std::string CompiledFolder(const ServerOptions& options) {
  return options.store_folder.empty() ? "" : options.store_folder + "/cache/compiled";
}

std::unique_ptr<serve::Predictor> MakePredictor(const ServerOptions& options,
                                                const serve::EnsemblePredictor::Means& means) {
  const serve::PredictorOptions decided{.workers = options.workers,
                                        .loops = options.batching ? options.loops : 0,
                                        .shares_runs = options.batching,
                                        .max_queued = options.max_queued,
                                        .max_queued_bytes = options.max_queued_bytes,
                                        .default_deadline = options.default_deadline,
                                        .max_run_bytes = options.max_run_bytes};
  return std::make_unique<serve::EnsemblePredictor>(serve::Predictor::Create(decided, means.clock),
                                                    decided, means);
}

class WholeServer final : public Server {
 public:
  // In the order of use: each part outlives those that are built after it.
  WholeServer(const ServerOptions& options, const ServerSurroundings& surroundings,
              std::unique_ptr<access::AuditLog> audit, std::unique_ptr<RequestWatch> watch,
              std::shared_ptr<const access::Gatekeeper> gatekeeper,
              std::shared_ptr<net::TlsCertificates> tls)
      : options_(options),
        supervisor_(surroundings.supervisor == nullptr ? nobody_ : *surroundings.supervisor),
        audit_(std::move(audit)),
        watch_(std::move(watch)),
        gatekeeper_(std::move(gatekeeper)),
        tls_(std::move(tls)),
        configuration_(Configured(options, surroundings)),
        isolated_(surroundings.isolated),
        compile_cache_(
            {.folder = CompiledFolder(options), .max_bytes = options.compile_cache_bytes}),
        models_(serve::ModelSet::Create(surroundings.engine, surroundings.clock,
                                        {.intra_op_threads = kThreadsOfARun,
                                         .load_threads = options.load_threads,
                                         .memory_budget = options.memory_budget,
                                         .pages = options.pages_models,
                                         .cache = &compile_cache_},
                                        ProfilesOf(options, surroundings))),
        remotes_(options.remotes, surroundings.clock),
        cache_(options.response_cache_bytes),
        runs_(MakePredictor(options, {.models = *models_,
                                      .clock = surroundings.clock,
                                      .answers = &cache_,
                                      .remotes = &remotes_})),
        sequences_(serve::KeepSequences(*runs_, options.sequence_limits, options.default_deadline,
                                        surroundings.clock)),
        predictor_(serve::CacheAnswers(*sequences_, cache_, surroundings.clock)),
        source_(surroundings.source, options.default_config.value_or(serve::ModelConfig())),
        control_(serve::ModelControl::Create(
            *models_, source_,
            [this](const std::string& server) { return remotes_.WhyNotAsked(server); },
            surroundings.list)),
        trace_settings_(watch_->sampler(), *models_),
        shared_memory_(options.shared_memory
                           ? std::make_unique<serve::RegionTable>(options.shared_memory_limits)
                           : nullptr),
        api_(serve::HttpApi::Create({.models = *models_,
                                     .predictor = *predictor_,
                                     .control = *control_,
                                     .configuration = configuration_,
                                     .log = log_settings_,
                                     .traces = trace_settings_,
                                     .sampler = watch_->sampler(),
                                     .gatekeeper = gatekeeper_,
                                     .is_ready = [this] { return IsReady(); },
                                     .metrics_text = [this] { return MetricsText(); },
                                     .clock = surroundings.clock,
                                     .limits = {.max_body_bytes = options.max_body_bytes},
                                     .shared_memory = shared_memory_.get(),
                                     .audit = audit_.get(),
                                     .door = MainDoor(),
                                     .cors = options.cors,
                                     .observer = watch_->observer(),
                                     .dialect = options.dialect})),
        grpc_(serve::GrpcApi::Create({.models = *models_,
                                      .predictor = *predictor_,
                                      .control = *control_,
                                      .log = log_settings_,
                                      .traces = trace_settings_,
                                      .sampler = watch_->sampler(),
                                      .gatekeeper = gatekeeper_,
                                      .is_ready = [this] { return IsReady(); },
                                      .clock = surroundings.clock,
                                      .limits = {.max_message_bytes = options.max_body_bytes},
                                      .shared_memory = shared_memory_.get(),
                                      .audit = audit_.get(),
                                      .door = MainDoor(),
                                      .observer = watch_->observer()})),
        protocols_(*api_, *grpc_, *grpc_),
        admin_protocols_(api_->admin(), grpc_->admin(), *grpc_) {}

  ~WholeServer() override {
    if (!is_draining_) DrainListeners(std::chrono::milliseconds(0));
    // Work for requests ends before the connections that it would answer.
    predictor_->Stop();
    control_.reset();
  }

  Status Listen(const std::string& engine) {
    SLIPWAY_TRY(http_, net::HttpServer::Listen({.address = options_.address,
                                                .port = options_.port,
                                                .loops = options_.loops,
                                                .sockets = options_.sockets,
                                                .limits = options_.limits,
                                                .tls = tls_},
                                               protocols_));
    if (options_.admin) {
      SLIPWAY_TRY(admin_http_, ListenForAdministration(*options_.admin));
    }
    std::vector<const net::HttpServer*> listeners = {http_.get()};
    if (admin_http_ != nullptr) listeners.push_back(admin_http_.get());
    metrics_.emplace(ServerMetrics::Sources{.models = *models_,
                                            .requests = {&api_->requests(), &grpc_->requests()},
                                            .listeners = std::move(listeners),
                                            .gatekeeper = *gatekeeper_,
                                            .audit = audit_.get(),
                                            .tls = tls_.get(),
                                            .cache = cache_,
                                            .remotes = remotes_,
                                            .watch = *watch_,
                                            .compile_cache = compile_cache_,
                                            .isolated = isolated_},
                     engine);
    if (admin_http_ != nullptr) admin_http_->Start();
    return {};
  }

  Status LoadModels() {
    std::vector<std::future<Status>> outcomes;
    for (const StartupModel& model : options_.models) {
      // No more than the control thread lets wait.
      constexpr std::size_t kAtOnce = serve::ModelControl::kMaxWaiting / 2;
      if (outcomes.size() >= kAtOnce) {
        if (outcomes.size() == kAtOnce) AcceptWhenModelsAreKnown();
        supervisor_.Loading(outcomes.size() - kAtOnce, options_.models.size());
        outcomes[outcomes.size() - kAtOnce].wait();
      }
      const auto outcome = std::make_shared<std::promise<Status>>();
      outcomes.push_back(outcome->get_future());
      control_->Load(model.name, model.request,
                     [outcome](Status status) { outcome->set_value(std::move(status)); });
    }
    AcceptWhenModelsAreKnown();
    Status fatal;
    Status tolerated;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      supervisor_.Loading(i, outcomes.size());
      const StartupModel& model = options_.models[i];
      Status status = outcomes[i].get();
      if (!status.ok() && model.may_fail) ForgiveFailures(model.name);
      Status& first = model.may_fail ? tolerated : fatal;
      if (first.ok()) first = std::move(status);
    }
    if (fatal.ok() && models_->Ready().empty()) fatal = std::move(tolerated);
    are_models_loaded_ = fatal.ok();
    if (fatal.ok()) http_->Start();
    return fatal;
  }

  std::uint16_t port() const override { return http_->port(); }
  std::uint16_t admin_port() const override {
    return admin_http_ == nullptr ? 0 : admin_http_->port();
  }
  const serve::ModelSet& models() const override { return *models_; }

  const net::TlsCertificates* tls() const override { return tls_.get(); }

  void ReloadCertificate() override {
    if (tls_ == nullptr) return;
    const Status status = tls_->Reload();
    TellOfReload(status.ok()
                     ? Result<net::TlsCertificates::Change>(net::TlsCertificates::Change::kReplaced)
                     : status);
  }

  void ReloadChangedCertificate() override {
    if (tls_ != nullptr) TellOfReload(tls_->ReloadIfChanged(std::chrono::steady_clock::now()));
  }

  void LoadWanted(const std::string& name) override {
    control_->Load(name, {}, [this, name](const Status& outcome) {
      if (!outcome.ok() && outcome.code() != Code::kCancelled) ForgiveFailures(name);
    });
  }

  bool IsAlive() override {
    // Both are asked, whatever the first one says.
    const bool main = http_->LoopsAnswer();
    return (admin_http_ == nullptr || admin_http_->LoopsAnswer()) && main;
  }

  std::uint64_t Drain() override {
    is_draining_ = true;
    supervisor_.Stopping(*options_.drain_delay + options_.drain_timeout);
    Log(LogLevel::kInfo, "draining: not ready, and no longer listening in {} ms",
        options_.drain_delay->count());
    std::this_thread::sleep_for(*options_.drain_delay);
    const std::uint64_t dropped = DrainListeners(options_.drain_timeout);
    Log(dropped == 0 ? LogLevel::kInfo : LogLevel::kWarning, "drained: {} requests were dropped",
        dropped);
    return dropped;
  }

 private:
  access::Door MainDoor() const {
    return options_.admin ? access::Door::kPublic : access::Door::kOnly;
  }

  /// Accepts once the loads that were asked for are under way: their models are "loading" to the
  /// first client, and never "not found". In passed sockets clients wait until they are loaded, as
  /// they waited while nobody served.
  void AcceptWhenModelsAreKnown() {
    if (!options_.sockets.empty()) return;
    std::promise<void> known;
    control_->Index(true, [&known](const auto&) { known.set_value(); });
    known.get_future().wait();
    http_->Start();
  }

  /// One loop of its own: it answers however busy the others are.
  Result<std::unique_ptr<net::HttpServer>> ListenForAdministration(const AdminListener& admin) {
    return net::HttpServer::Listen({.address = admin.address,
                                    .port = admin.port,
                                    .loops = 1,
                                    .sockets = admin.sockets,
                                    .limits = options_.limits,
                                    .tls = IsLoopback(admin.address) ? nullptr : tls_},
                                   admin_protocols_);
  }

  /// The admin listener last, so that an operator can watch.
  std::uint64_t DrainListeners(std::chrono::milliseconds timeout) {
    std::uint64_t dropped = http_ == nullptr ? 0 : http_->Drain(timeout);
    if (admin_http_ != nullptr) dropped += admin_http_->Drain(std::min(timeout, kAdminDrain));
    return dropped;
  }

  static void TellOfReload(const Result<net::TlsCertificates::Change>& change) {
    if (!change.ok()) {
      Log(LogLevel::kWarning, "the certificate stays as it was: {}", change.status().ToString());
    } else if (*change == net::TlsCertificates::Change::kReplaced) {
      Log(LogLevel::kInfo, "new connections get the new certificate");
    }
  }

  // Readiness does not wait for versions that failed.
  void ForgiveFailures(const std::string& name) {
    for (const serve::ModelStatus& status : models_->Statuses()) {
      if (status.name == name && status.state == serve::ModelState::kFailed)
        (void)models_->Unload(name, status.version);
    }
  }

  bool IsReady() const { return are_models_loaded_ && !is_draining_ && models_->AllReady(); }

  std::string MetricsText() const {
    return monitor::RenderMetrics(metrics_->Snapshot(), monitor::ReadProcessUsage(),
                                  options_.metrics_names);
  }

  const ServerOptions options_;
  const Supervisor nobody_;
  const Supervisor& supervisor_;
  const std::unique_ptr<access::AuditLog> audit_;  ///< absent: off
  const std::unique_ptr<RequestWatch> watch_;
  const std::shared_ptr<const access::Gatekeeper> gatekeeper_;
  const std::shared_ptr<net::TlsCertificates> tls_;  ///< absent: clear text
  const serve::Configuration configuration_;
  std::atomic<bool> are_models_loaded_ = false;
  std::atomic<bool> is_draining_ = false;
  const engine::IsolatedEngine* const isolated_;  ///< absent: models run in this process
  engine::CompileCache compile_cache_;
  const std::unique_ptr<serve::ModelSet> models_;
  serve::RemoteServers remotes_;
  serve::ResponseCache cache_;
  const std::unique_ptr<serve::Predictor> runs_;
  const std::unique_ptr<serve::Predictor> sequences_;  ///< before runs_
  const std::unique_ptr<serve::Predictor> predictor_;  ///< what requests meet: before sequences_
  const serve::ConfiguredSource source_;
  std::unique_ptr<serve::ModelControl> control_;
  serve::LogSettings log_settings_;
  serve::TraceSettings trace_settings_;
  const std::unique_ptr<serve::RegionTable> shared_memory_;  ///< absent: off
  const std::unique_ptr<serve::HttpApi> api_;
  const std::unique_ptr<serve::GrpcApi> grpc_;
  ProtocolSwitch protocols_;
  ProtocolSwitch admin_protocols_;
  std::unique_ptr<net::HttpServer> http_;
  std::unique_ptr<net::HttpServer> admin_http_;  ///< absent: administration is at the other
  std::optional<ServerMetrics> metrics_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::Start(const ServerOptions& options,
                                              const ServerSurroundings& surroundings) {
  std::unique_ptr<access::AuditLog> audit;
  if (!options.audit_log.empty()) {
    SLIPWAY_TRY(audit, access::AuditLog::Open(options.audit_log, surroundings.clock));
    audit->Record({.protocol = "server", .act = "start", .result = "ok"});
  }
  SLIPWAY_TRY(std::shared_ptr<const access::Gatekeeper> gatekeeper,
              access::Gatekeeper::ForStore(
                  options.store_folder,
                  {.openness = options.openness, .anonymous = options.anonymous_quota},
                  surroundings.clock, audit.get()));
  std::shared_ptr<net::TlsCertificates> tls;
  if (options.tls) {
    SLIPWAY_TRY(tls, net::TlsCertificates::Load(*options.tls));
  }
  SLIPWAY_TRY(std::unique_ptr<RequestWatch> watch,
              RequestWatch::Start(options, surroundings.clock));
  auto server =
      std::make_unique<WholeServer>(options, surroundings, std::move(audit), std::move(watch),
                                    std::move(gatekeeper), std::move(tls));
  SLIPWAY_RETURN_IF_ERROR(server->Listen(EngineTitle(surroundings.engine)));
  SLIPWAY_RETURN_IF_ERROR(server->LoadModels());
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace slipway::server
