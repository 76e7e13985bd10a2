#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "net/http/request_target.h"
#include "serve/control/fixed_models.h"
#include "serve/http/http_api.h"
#include "telemetry/heard_requests.h"

namespace slipway::serve {

/// An answer as a test reads it.
struct WorldAnswer {
  int status = 0;
  std::vector<net::Header> headers;
  std::string body;

  std::string Header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
      if (key == name) return value;
    }
    return "";
  }
  std::string Line() const { return std::to_string(status) + " " + body; }
};

/// Every route with models behind it that echo: row f32[N,3], pair (a i64[N], s_bytes string[N]),
/// scores f32[N,2] with labels, one f32[N,1], scalar f32[], levels f32[N] with two
/// priorities and batches of 4; versions 1 and 2 of row.
class ApiWorld {
 public:
  static constexpr std::string_view kKey =
      "slw_admin_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

  explicit ApiWorld(access::Openness openness = access::Openness::kToThisMachine,
                    CorsPolicy cors = {})
      : ApiWorld(access::Gatekeeper::WithKey(access::AdminKey::FromText(kKey).value(), openness),
                 std::move(cors)) {}
  explicit ApiWorld(std::shared_ptr<const access::Gatekeeper> gatekeeper, CorsPolicy cors = {},
                    RegionTable* shared_memory = nullptr, Dialect dialect = Dialect::kTfServing)
      : api_(HttpApi::Create({.models = Models(),
                              .predictor = *predictor_,
                              .control = control,
                              .configuration = configuration_,
                              .log = log_,
                              .traces = traces_,
                              .sampler = sampler_,
                              .gatekeeper = std::move(gatekeeper),
                              .is_ready = [this] { return is_ready; },
                              .metrics_text = [] { return std::string("slipway_up 1\n"); },
                              .clock = clock_,
                              .limits = {},
                              .shared_memory = shared_memory,
                              .cors = std::move(cors),
                              .observer = &heard,
                              .dialect = dialect})) {}
  explicit ApiWorld(Dialect dialect)
      : ApiWorld(access::Gatekeeper::WithKey(access::AdminKey::FromText(kKey).value(),
                                             access::Openness::kToThisMachine),
                 {}, nullptr, dialect) {}
  /// With shared memory, where this machine may all but administer.
  explicit ApiWorld(RegionTable& shared_memory)
      : ApiWorld(access::Gatekeeper::WithKey(access::AdminKey::FromText(kKey).value(),
                                             access::Openness::kToThisMachine),
                 {}, &shared_memory) {}

  WorldAnswer Ask(std::string method, std::string target, std::string body = "",
                  std::vector<net::Header> headers = {}) {
    const auto exchange = std::make_shared<FixedExchange>();
    exchange->body_text = body + std::string(64, '\0');
    exchange->body_size = body.size();
    exchange->when = clock_.Now();
    net::RequestHead& head = exchange->request;
    head.method_text = head.memory.Keep(method);
    head.method = net::MethodNamed(method);
    head.target = head.memory.Keep(target);
    const Result<net::RequestTarget> parsed = net::ParseRequestTarget(head.target, head.memory);
    if (!parsed.ok()) return {.status = 400};
    head.segments = parsed->segments;
    head.query = parsed->query;
    for (const auto& [name, value] : headers)
      head.AddHeader(head.memory.Keep(name), head.memory.Keep(value));
    head.content_length = body.size();
    plan = api_->Plan(head);
    if (plan.reject.has_value()) return Told(*plan.reject);
    head.note = std::exchange(plan.note, nullptr);
    api_->Serve(exchange);
    return Told(exchange->answer);
  }

  HttpApi& api() { return *api_; }
  /// The latest version.
  ModelHandle Model(std::string_view name) { return models_.Find(name, std::nullopt).value(); }

  FixedControl control;
  telemetry::HeardRequests heard;
  net::BodyPlan plan;  ///< of the last request
  bool is_ready = true;

 private:
  class FixedExchange final : public net::Exchange {
   public:
    const net::RequestHead& head() const override { return request; }
    std::span<const std::byte> body() const override {
      return std::as_bytes(std::span(body_text)).first(body_size);
    }
    void Send(net::Response response) override { answer = std::move(response); }
    bool Abandoned() const override { return false; }
    MonotonicTime received() const override { return when; }
    unsigned loop() const override { return 0; }
    void Post(std::function<void()> task) override { task(); }

    net::RequestHead request;
    std::string body_text;
    std::size_t body_size = 0;
    MonotonicTime when;
    net::Response answer{.status = 0};
  };

  static WorldAnswer Told(const net::Response& response) {
    WorldAnswer answer{.status = response.status, .headers = {}, .body = response.text};
    response.VisitHeaders([&](std::string_view name, std::string_view value) {
      answer.headers.emplace_back(name, value);
    });
    for (const net::BodyPart& part : response.parts)
      answer.body.append(reinterpret_cast<const char*>(part.bytes.data()), part.bytes.size());
    return answer;
  }

  FixedModelSet& Models() {
    const auto spec = [](std::string name, DType dtype, Shape shape) {
      return TensorSpec{.name = std::move(name), .dtype = dtype, .shape = shape};
    };
    models_.Add("row", 1, {spec("x", DType::kF32, {-1, 3})});
    models_.Add("row", 2, {spec("x", DType::kF32, {-1, 3})});
    models_.Add("pair", 1, {spec("a", DType::kI64, {-1}), spec("s_bytes", DType::kString, {-1})});
    models_.Add("scores", 1, {spec("x", DType::kF32, {-1, 2})}, {{"out_x", {"cat", "dog"}}});
    models_.Add("one", 1, {spec("x", DType::kF32, {-1, 1})});
    models_.Add("scalar", 1, {spec("x", DType::kF64, {})});
    models_.Add("levels", 1, {spec("x", DType::kF32, {-1})}, {},
                {.max_batch_size = 4,
                 .dynamic_batching = DynamicBatching{.priority_levels = 2, .default_priority = 2}});
    models_.Add("text", 1, {spec("t", DType::kString, {-1})});
    models_.Add("bytes", 1, {spec("b", DType::kU8, {-1})});
    models_.Add("odd", 1, {spec("b", DType::kU8, {-1}), spec("x", DType::kF32, {-1})});
    return models_;
  }

  SystemClock clock_;
  FixedModelSet models_;
  LogSettings log_;
  telemetry::TraceSampler sampler_{0, true};
  TraceSettings traces_{sampler_, models_};
  std::unique_ptr<Predictor> predictor_ = Predictor::Create({}, clock_);
  Configuration configuration_{.facts = {{"engine", "echo"}}};
  std::unique_ptr<HttpApi> api_;
};

}  // namespace slipway::serve
