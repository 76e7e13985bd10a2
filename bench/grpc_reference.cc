// The yardstick of the gRPC benchmarks: inference.GRPCInferenceService/ModelInfer as grpc++ serves
// it, either as its tutorial writes a server (a method that returns the answer, threads by the
// library), or as its guide to performance advises (one completion queue and one thread for it). It
// reads each request and answers a tensor of three numbers without running any model.
//
//   bench_grpc_reference synchronous|queue    prints its port and serves until it is killed

#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "inference.grpc.pb.h"

namespace {

using QueuedService = inference::GRPCInferenceService::WithAsyncMethod_ModelInfer<
    inference::GRPCInferenceService::Service>;

constexpr int kCallsAtOnce = 256;

void Answer(const inference::ModelInferRequest& request, inference::ModelInferResponse& answer) {
  answer.set_model_name(request.model_name());
  answer.set_model_version("1");
  answer.set_id(request.id());
  auto* output = answer.add_outputs();
  output->set_name("dense_1");
  output->set_datatype("FP32");
  output->add_shape(1);
  output->add_shape(3);
  answer.add_raw_output_contents()->assign(12, '\0');
}

class SynchronousService final : public inference::GRPCInferenceService::Service {
 public:
  grpc::Status ModelInfer(grpc::ServerContext* /*context*/,
                          const inference::ModelInferRequest* request,
                          inference::ModelInferResponse* answer) override {
    Answer(*request, *answer);
    return grpc::Status::OK;
  }
};

/// One call after the other; the completion queue knows it by its address.
class Call {
 public:
  Call(QueuedService& service, grpc::ServerCompletionQueue& queue)
      : service_(service), queue_(queue) {
    Await();
  }

  void Proceed() {
    if (is_answered_) return Await();
    is_answered_ = true;
    inference::ModelInferResponse answer;
    Answer(request_, answer);
    responder_->Finish(answer, grpc::Status::OK, this);
  }

 private:
  void Await() {
    is_answered_ = false;
    request_.Clear();
    responder_.reset();
    context_ = std::make_unique<grpc::ServerContext>();
    responder_.emplace(context_.get());
    service_.RequestModelInfer(context_.get(), &request_, &*responder_, &queue_, &queue_, this);
  }

  QueuedService& service_;
  grpc::ServerCompletionQueue& queue_;
  inference::ModelInferRequest request_;
  std::unique_ptr<grpc::ServerContext> context_;
  std::optional<grpc::ServerAsyncResponseWriter<inference::ModelInferResponse>> responder_;
  bool is_answered_ = false;
};

/// Begins to serve on a port of the kernel's choice and prints it; nullptr when it cannot.
std::unique_ptr<grpc::Server> Start(grpc::ServerBuilder& builder, grpc::Service& service) {
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  builder.SetMaxReceiveMessageSize(64 * 1024 * 1024);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server != nullptr) std::printf("%d\n", port);
  std::fflush(stdout);
  return server;
}

int ServeSynchronously() {
  SynchronousService service;
  grpc::ServerBuilder builder;
  const std::unique_ptr<grpc::Server> server = Start(builder, service);
  if (server == nullptr) return 1;
  server->Wait();
  return 0;
}

int ServeFromQueue() {
  QueuedService service;
  grpc::ServerBuilder builder;
  const std::unique_ptr<grpc::ServerCompletionQueue> queue = builder.AddCompletionQueue();
  const std::unique_ptr<grpc::Server> server = Start(builder, service);
  if (server == nullptr) return 1;
  std::vector<std::unique_ptr<Call>> calls;
  for (int i = 0; i < kCallsAtOnce; ++i) calls.push_back(std::make_unique<Call>(service, *queue));
  void* call = nullptr;
  bool is_ok = false;
  while (queue->Next(&call, &is_ok)) {
    if (call != nullptr) static_cast<Call*>(call)->Proceed();
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view form = argc == 2 ? argv[1] : "";
  if (form == "synchronous") return ServeSynchronously();
  if (form == "queue") return ServeFromQueue();
  std::fprintf(stderr, "usage: bench_grpc_reference synchronous|queue\n");
  return 2;
}
