#include "serve/http/routes.h"

#include <array>
#include <string>
#include <utility>

#include "serve/http/page_files.h"
#include "serve/http/page_models.h"
#include "serve/http/settings_handlers.h"
#include "serve/http/shared_memory_handlers.h"
#include "serve/http/tfs_handlers.h"
#include "serve/http/v2_handlers.h"

namespace slipway::serve {
namespace {

void Root(const ApiCall& call) { call.Send(RootResponse(call.head())); }
void OpenApi(const ApiCall& call) { call.Send(FileResponse("openapi.json", call.head())); }
void PageFile(const ApiCall& call) { call.Send(FileResponse(call.Capture("file"), call.head())); }
void PageModels(const ApiCall& call) { call.SendJson(EncodePageModels(call.parts().models)); }

void Metrics(const ApiCall& call) {
  call.Send(net::Response::Text(200, "text/plain; version=0.0.4; charset=utf-8",
                                call.parts().metrics_text()));
}

AdminHandlers::Answer AnswerOf(const ApiCall& call) {
  return [call](Result<net::Response> response) { call.Answer(std::move(response)); };
}

void Config(const ApiCall& call) { call.Send(call.context().admin.Config()); }
void ServerLog(const ApiCall& call) {
  call.Answer(call.context().admin.ServerLog(call.head().query));
}
void Index(const ApiCall& call) { call.context().admin.Index(call.text(), AnswerOf(call)); }

void Load(const ApiCall& call) {
  const Result<std::string_view> model = call.ModelName();
  if (!model.ok()) return call.Fail(model.status());
  call.context().admin.Load(std::string(*model), call.text(), AnswerOf(call));
}

void Unload(const ApiCall& call) {
  const Result<std::string_view> model = call.ModelName();
  if (!model.ok()) return call.Fail(model.status());
  call.context().admin.Unload(std::string(*model), call.text(), AnswerOf(call));
}

constexpr net::Method kGet = net::Method::kGet;
constexpr net::Method kPost = net::Method::kPost;
constexpr BodyRule kNone = BodyRule::kNone;
constexpr BodyRule kJson = BodyRule::kJson;
constexpr BodyRule kInference = BodyRule::kInference;
constexpr BodyRule kAdminBody = BodyRule::kAdmin;
using access::Right;
constexpr Right kNothing = Right::kNothing;
constexpr Right kDescribe = Right::kDescribe;
constexpr Right kInfer = Right::kInfer;
constexpr Right kObserve = Right::kObserve;
constexpr Right kAdminister = Right::kAdminister;

constexpr std::array kRoutes = {
    Route{kGet, "/", {"page", "root"}, kNone, kNothing, Root},
    Route{kGet, "/page/models", {"page", "models"}, kNone, kDescribe, PageModels},
    Route{kGet, "/page/{file}", {"page", "file"}, kNone, kNothing, PageFile},
    Route{kGet, "/openapi.json", {"page", "openapi"}, kNone, kNothing, OpenApi},
    Route{kGet, "/metrics", {"metrics", "metrics"}, kNone, kObserve, Metrics},
    Route{kGet, "/monitoring/prometheus/metrics", {"metrics", "metrics"}, kNone, kObserve, Metrics},

    Route{kGet, "/v2/health/live", {"v2", "live"}, kNone, kNothing, v2::Live},
    Route{kGet, "/v2/health/ready", {"v2", "ready"}, kNone, kNothing, v2::Ready},
    Route{kGet, "/v2", {"v2", "server_metadata"}, kNone, kDescribe, v2::ServerMetadata},
    Route{kGet, "/v2/models", {"v2", "models"}, kNone, kDescribe, v2::ModelNames},
    Route{kGet, "/v2/models/stats", {"v2", "stats"}, kNone, kObserve, v2::AllStatistics},
    Route{kGet, "/v2/models/{model}", {"v2", "metadata"}, kNone, kDescribe, v2::ModelMetadata},
    Route{
        kGet, "/v2/models/{model}/ready", {"v2", "model_ready"}, kNone, kDescribe, v2::ModelReady},
    Route{kGet, "/v2/models/{model}/config", {"v2", "config"}, kNone, kDescribe, v2::ModelConfig},
    Route{kGet, "/v2/models/{model}/stats", {"v2", "stats"}, kNone, kObserve, v2::Statistics},
    Route{kPost, "/v2/models/{model}/infer", {"v2", "infer"}, kInference, kInfer, v2::Infer},
    Route{kGet,
          "/v2/models/{model}/versions/{version}",
          {"v2", "metadata"},
          kNone,
          kDescribe,
          v2::ModelMetadata},
    Route{kGet,
          "/v2/models/{model}/versions/{version}/ready",
          {"v2", "model_ready"},
          kNone,
          kDescribe,
          v2::ModelReady},
    Route{kGet,
          "/v2/models/{model}/versions/{version}/config",
          {"v2", "config"},
          kNone,
          kDescribe,
          v2::ModelConfig},
    Route{kGet,
          "/v2/models/{model}/versions/{version}/stats",
          {"v2", "stats"},
          kNone,
          kObserve,
          v2::Statistics},
    Route{kPost,
          "/v2/models/{model}/versions/{version}/infer",
          {"v2", "infer"},
          kInference,
          kInfer,
          v2::Infer},

    Route{kGet, "/v2/config", {"admin", "config"}, kNone, Right::kReadConfiguration, Config},
    Route{kGet, "/v2/log", {"admin", "log"}, kNone, Right::kReadConfiguration, ServerLog},
    Route{kGet,
          "/v2/logging",
          {"admin", "log_settings"},
          kNone,
          Right::kReadConfiguration,
          settings::ShowLog},
    Route{kPost,
          "/v2/logging",
          {"admin", "change_log_settings"},
          kAdminBody,
          kAdminister,
          settings::ChangeLog},
    Route{kGet,
          "/v2/trace/setting",
          {"admin", "trace_settings"},
          kNone,
          Right::kReadConfiguration,
          settings::ShowTraces},
    Route{kPost,
          "/v2/trace/setting",
          {"admin", "change_trace_settings"},
          kAdminBody,
          kAdminister,
          settings::ChangeTraces},
    Route{kGet,
          "/v2/models/{model}/trace/setting",
          {"admin", "trace_settings"},
          kNone,
          Right::kReadConfiguration,
          settings::ShowTraces},
    Route{kPost,
          "/v2/models/{model}/trace/setting",
          {"admin", "change_trace_settings"},
          kAdminBody,
          kAdminister,
          settings::ChangeTraces},
    Route{kPost, "/v2/repository/index", {"admin", "index"}, kAdminBody, Right::kInspect, Index},
    Route{kPost,
          "/v2/repository/models/{model}/load",
          {"admin", "load"},
          kAdminBody,
          kAdminister,
          Load},
    Route{kPost,
          "/v2/repository/models/{model}/unload",
          {"admin", "unload"},
          kAdminBody,
          kAdminister,
          Unload},

    Route{kGet,
          "/v2/systemsharedmemory/status",
          {"v2", "shared_memory_status"},
          kNone,
          Right::kInspect,
          shared_memory::Status},
    Route{kGet,
          "/v2/systemsharedmemory/region/{region}/status",
          {"v2", "shared_memory_status"},
          kNone,
          Right::kInspect,
          shared_memory::Status},
    Route{kPost,
          "/v2/systemsharedmemory/region/{region}/register",
          {"v2", "shared_memory_register"},
          kAdminBody,
          kAdminister,
          shared_memory::Register},
    Route{kPost,
          "/v2/systemsharedmemory/region/{region}/unregister",
          {"v2", "shared_memory_unregister"},
          kNone,
          kAdminister,
          shared_memory::Unregister},
    Route{kPost,
          "/v2/systemsharedmemory/unregister",
          {"v2", "shared_memory_unregister"},
          kNone,
          kAdminister,
          shared_memory::Unregister},

    Route{kGet, "/v1/models", {"tfserving", "status"}, kNone, kDescribe, tfs::ListModels},
    Route{
        kGet, "/v1/models/{model}", {"tfserving", "status"}, kNone, kDescribe, tfs::VersionStatus},
    Route{kGet,
          "/v1/models/{model}/metadata",
          {"tfserving", "metadata"},
          kNone,
          kDescribe,
          tfs::Metadata},
    Route{
        kPost, "/v1/models/{model}:predict", {"tfserving", "predict"}, kJson, kInfer, tfs::Predict},
    Route{kPost,
          "/v1/models/{model}:classify",
          {"tfserving", "classify"},
          kJson,
          kInfer,
          tfs::Classify},
    Route{
        kPost, "/v1/models/{model}:regress", {"tfserving", "regress"}, kJson, kInfer, tfs::Regress},
    Route{kGet,
          "/v1/models/{model}/versions/{version}",
          {"tfserving", "status"},
          kNone,
          kDescribe,
          tfs::VersionStatus},
    Route{kGet,
          "/v1/models/{model}/versions/{version}/metadata",
          {"tfserving", "metadata"},
          kNone,
          kDescribe,
          tfs::Metadata},
    Route{kPost,
          "/v1/models/{model}/versions/{version}:predict",
          {"tfserving", "predict"},
          kJson,
          kInfer,
          tfs::Predict},
    Route{kPost,
          "/v1/models/{model}/versions/{version}:classify",
          {"tfserving", "classify"},
          kJson,
          kInfer,
          tfs::Classify},
    Route{kPost,
          "/v1/models/{model}/versions/{version}:regress",
          {"tfserving", "regress"},
          kJson,
          kInfer,
          tfs::Regress},
    Route{kGet,
          "/v1/models/{model}/labels/{label}",
          {"tfserving", "status"},
          kNone,
          kDescribe,
          tfs::VersionStatus},
    Route{kGet,
          "/v1/models/{model}/labels/{label}/metadata",
          {"tfserving", "metadata"},
          kNone,
          kDescribe,
          tfs::Metadata},
    Route{kPost,
          "/v1/models/{model}/labels/{label}:predict",
          {"tfserving", "predict"},
          kJson,
          kInfer,
          tfs::Predict},
    Route{kPost,
          "/v1/models/{model}/labels/{label}:classify",
          {"tfserving", "classify"},
          kJson,
          kInfer,
          tfs::Classify},
    Route{kPost,
          "/v1/models/{model}/labels/{label}:regress",
          {"tfserving", "regress"},
          kJson,
          kInfer,
          tfs::Regress},
};

}  // namespace

std::span<const Route> Routes() { return kRoutes; }

}  // namespace slipway::serve
