#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/text.h"
#include "net/http/body_buffer.h"
#include "net/http/stream_exchange.h"
#include "serve/control/fixed_models.h"
#include "serve/grpc/grpc_api.h"
#include "serve/grpc/message_frame.h"
#include "telemetry/heard_requests.h"

namespace slipway::serve::grpc {

/// A call's answer as a test reads it.
struct RpcAnswer {
  int http_status = 0;
  std::string status;   ///< grpc-status: of the trailers, or of an answer that is nothing else
  std::string message;  ///< grpc-message, still percent-encoded
  std::string body;     ///< as sent, prefix included
  std::vector<net::Header> headers;
  std::vector<const void*> parts;  ///< where the parts behind the text lay

  std::string Header(std::string_view name) const { return Find(headers, name); }
  template <class Headers>
  static std::string Find(const Headers& headers, std::string_view name) {
    for (const auto& [key, value] : headers) {
      if (EqualsIgnoreCase(key, name)) return value;
    }
    return "";
  }
  /// The message, if it came uncompressed.
  std::string_view Payload() const { return std::string_view(body).substr(kPrefixBytes); }
  std::string Line() const { return status + " " + message; }
};

/// A streamed request whose client is the test.
class FixedStreamExchange final : public net::StreamExchange {
 public:
  const net::RequestHead& head() const override { return request; }
  MonotonicTime received() const override { return when; }
  unsigned loop() const override { return 0; }
  bool Abandoned() const override { return told.is_gone; }
  void Run(std::function<void()> task) override { task(); }
  State state() const override { return told; }
  void Consume(std::size_t bytes) override { consumed += bytes; }
  void AwaitBody(bool awaits) override { awaits_body = awaits; }
  void WakeAt(MonotonicTime time) override { wake_at = time; }
  void Begin(net::Response head) override { answer = std::move(head); }
  void Send(std::vector<net::BodyPart> parts) override {
    for (const net::BodyPart& part : parts)
      answer.text.append(reinterpret_cast<const char*>(part.bytes.data()), part.bytes.size());
  }
  void End(std::vector<net::ResponseHeader> trailers) override {
    answer.trailers = std::move(trailers);
    ended = true;
  }
  void Answer(net::Response response) override {
    answer = std::move(response);
    ended = true;
  }

  net::RequestHead request;
  MonotonicTime when;
  State told{.has_room = true};
  std::size_t consumed = 0;
  bool awaits_body = false;
  MonotonicTime wake_at = MonotonicTime::max();
  net::Response answer{.status = 0};
  bool ended = false;
};

/// Every method with models behind it that echo: row f32[N,3] (versions 1 and 2), text string[N],
/// scores f32[N,2] with labels, scalar f64[], and each_TYPE [N] of every servable type.
class RpcWorld {
 public:
  static constexpr std::string_view kKey =
      "slw_admin_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
  static constexpr std::string_view kInference = "/inference.GRPCInferenceService/";

  explicit RpcWorld(access::Openness openness = access::Openness::kToThisMachine,
                    RegionTable* shared_memory = nullptr)
      : RpcWorld(access::Gatekeeper::WithKey(access::AdminKey::FromText(kKey).value(), openness),
                 shared_memory) {}
  explicit RpcWorld(std::shared_ptr<const access::Gatekeeper> gatekeeper,
                    RegionTable* shared_memory = nullptr, access::AuditLog* audit = nullptr,
                    access::Door door = access::Door::kOnly)
      : api_(GrpcApi::Create({.models = Models(),
                              .predictor = *predictor_,
                              .control = control,
                              .log = log_,
                              .traces = traces_,
                              .sampler = sampler_,
                              .gatekeeper = std::move(gatekeeper),
                              .is_ready = [this] { return is_ready; },
                              .clock = clock_,
                              .limits = {.max_message_bytes = 64 * 1024},
                              .shared_memory = shared_memory,
                              .audit = audit,
                              .door = door,
                              .observer = &heard})) {}

  static std::string Framed(std::string_view message) {
    return MessagePrefix(false, static_cast<std::uint32_t>(message.size())) + std::string(message);
  }

  static net::RequestHead Head(std::string_view path,
                               const std::vector<net::Header>& headers = {}) {
    net::RequestHead head;
    head.method_text = "POST";
    head.method = net::Method::kPost;
    head.version_major = 2;
    head.target = head.memory.Keep(path);
    for (const auto& [name, value] : headers)
      head.AddHeader(head.memory.Keep(name), head.memory.Keep(value));
    if (head.Find("content-type") == nullptr) head.AddHeader("content-type", "application/grpc");
    return head;
  }

  /// `body` as it comes, frames and all.
  RpcAnswer AskRaw(net::RequestHead head, std::string_view body) {
    const auto exchange = std::make_shared<FixedExchange>();
    exchange->request = std::move(head);
    // At an odd address, as a message may come to lie.
    exchange->bytes = std::string(kOdd, '\0') + std::string(body) + std::string(64, '\0');
    exchange->size = body.size();
    exchange->when = clock_.Now();
    plan = api_->Plan(exchange->request);
    if (plan.reject.has_value()) return Told(*plan.reject);
    if (plan.stream != nullptr) return AskStream(std::move(exchange->request), body);
    exchange->request.note = std::exchange(plan.note, nullptr);
    api_->Serve(exchange);
    api_->FinishRound(0, 0);
    return Told(exchange->answer);
  }

  RpcAnswer Ask(std::string_view method, std::string_view message,
                const std::vector<net::Header>& headers = {}) {
    return AskRaw(Head(std::string(kInference) + std::string(method), headers), Framed(message));
  }

  /// A call of a streaming method that has begun: Take() and Work() are the test's.
  std::shared_ptr<FixedStreamExchange> OpenStream(net::RequestHead head) {
    const auto exchange = std::make_shared<FixedStreamExchange>();
    exchange->request = std::move(head);
    exchange->when = exchange->told.now = clock_.Now();
    plan = api_->Plan(exchange->request);
    if (plan.stream != nullptr) plan.stream->Open(exchange);
    return exchange;
  }
  /// Bytes of the body of the stream that was opened last, and its turn to work.
  void Send(std::string_view bytes) {
    plan.stream->Take(std::as_bytes(std::span(bytes)), body_memory);
    plan.stream->Work();
  }

  GrpcApi& api() { return *api_; }
  const Clock& clock() const { return clock_; }

  FixedControl control;
  telemetry::HeardRequests heard;
  net::BodyPlan plan;  ///< of the last call
  std::shared_ptr<net::BodyMemory> body_memory = std::make_shared<net::BodyMemory>(1 << 20);
  bool is_ready = true;

 private:
  static constexpr std::size_t kOdd = 3;

  class FixedExchange final : public net::Exchange {
   public:
    const net::RequestHead& head() const override { return request; }
    std::span<const std::byte> body() const override {
      return std::as_bytes(std::span(bytes)).subspan(kOdd, size);
    }
    void Send(net::Response response) override { answer = std::move(response); }
    bool Abandoned() const override { return false; }
    MonotonicTime received() const override { return when; }
    unsigned loop() const override { return 0; }
    void Post(std::function<void()> task) override { task(); }

    net::RequestHead request;
    std::string bytes;
    std::size_t size = 0;
    MonotonicTime when;
    net::Response answer{.status = 0};
  };

  /// The whole call at once.
  RpcAnswer AskStream(net::RequestHead head, std::string_view body) {
    const auto exchange = OpenStream(std::move(head));
    exchange->told.body_ended = true;
    Send(body);
    return Told(exchange->answer);
  }

  static RpcAnswer Told(const net::Response& response) {
    RpcAnswer answer{.http_status = response.status, .body = response.text};
    response.VisitHeaders([&](std::string_view name, std::string_view value) {
      answer.headers.emplace_back(name, value);
    });
    for (const net::BodyPart& part : response.parts) {
      answer.body.append(reinterpret_cast<const char*>(part.bytes.data()), part.bytes.size());
      answer.parts.push_back(part.bytes.data());
    }
    const auto& ending = response.trailers.empty() ? response.headers : response.trailers;
    answer.status = RpcAnswer::Find(ending, "grpc-status");
    answer.message = RpcAnswer::Find(ending, "grpc-message");
    return answer;
  }

  FixedModelSet& Models() {
    const auto spec = [](std::string name, DType dtype, Shape shape) {
      return TensorSpec{.name = std::move(name), .dtype = dtype, .shape = shape};
    };
    models_.Add("row", 1, {spec("x", DType::kF32, {-1, 3})});
    models_.Add("row", 2, {spec("x", DType::kF32, {-1, 3})});
    models_.Add("pair", 1, {spec("a", DType::kI64, {-1}), spec("s", DType::kString, {-1})});
    models_.Add("scores", 1, {spec("x", DType::kF32, {-1, 2})}, {{"out_x", {"cat", "dog"}}});
    models_.Add("scalar", 1, {spec("x", DType::kF64, {})});
    models_.AddEnsemble("over_row", "row");
    for (const DType dtype : {DType::kBool, DType::kU8, DType::kU16, DType::kU32, DType::kU64,
                              DType::kI8, DType::kI16, DType::kI32, DType::kI64, DType::kF16,
                              DType::kBF16, DType::kF32, DType::kF64, DType::kString}) {
      models_.Add("each_" + std::string(OipName(dtype)), 1, {spec("x", dtype, {-1})});
    }
    return models_;
  }

  SystemClock clock_;
  FixedModelSet models_;
  LogSettings log_;
  telemetry::TraceSampler sampler_{0, true};
  TraceSettings traces_{sampler_, models_};
  std::unique_ptr<Predictor> predictor_ = Predictor::Create({}, clock_);
  std::unique_ptr<GrpcApi> api_;
};

}  // namespace slipway::serve::grpc
