#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "grpc/reflection/v1/reflection.pb.h"
#include "grpc/reflection/v1alpha/reflection.pb.h"
#include "serve/grpc/methods.h"
#include "serve/grpc/proto_message.h"

namespace slipway::serve::grpc {
namespace {

namespace v1 = ::grpc::reflection::v1;
namespace v1alpha = ::grpc::reflection::v1alpha;
using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;

/// The definitions of our services, and nothing else that the program happens to know.
std::set<const FileDescriptor*> KnownFiles() {
  std::set<const FileDescriptor*> files;
  std::vector<const FileDescriptor*> waiting;
  for (const std::string_view service : ServiceNames()) {
    const auto* const found =
        DescriptorPool::generated_pool()->FindServiceByName(std::string(service));
    if (found != nullptr) waiting.push_back(found->file());
  }
  while (!waiting.empty()) {
    const FileDescriptor* const file = waiting.back();
    waiting.pop_back();
    if (!files.insert(file).second) continue;
    for (int i = 0; i < file->dependency_count(); ++i) waiting.push_back(file->dependency(i));
  }
  return files;
}

template <class Response>
void SetError(Code code, std::string message, Response& response) {
  response.mutable_error_response()->set_error_code(static_cast<int>(code));
  response.mutable_error_response()->set_error_message(std::move(message));
}

/// The file and, before those that need them, what it imports.
template <class Response>
void AddFile(const FileDescriptor& file, Response& response) {
  for (int i = 0; i < file.dependency_count(); ++i) AddFile(*file.dependency(i), response);
  google::protobuf::FileDescriptorProto proto;
  file.CopyTo(&proto);
  response.mutable_file_descriptor_response()->add_file_descriptor_proto(proto.SerializeAsString());
}

template <class Response>
void AnswerFile(const FileDescriptor* file, const std::string& wanted, Response& response) {
  static const std::set<const FileDescriptor*> kKnown = KnownFiles();
  if (file == nullptr || !kKnown.contains(file))
    return SetError(Code::kNotFound, "not found: " + wanted.substr(0, 128), response);
  AddFile(*file, response);
}

template <class Request, class Response>
Response Reflect(const Request& request) {
  const DescriptorPool& pool = *DescriptorPool::generated_pool();
  Response response;
  response.set_valid_host(request.host());
  *response.mutable_original_request() = request;
  switch (request.message_request_case()) {
    case Request::kListServices:
      for (const std::string_view name : ServiceNames())
        response.mutable_list_services_response()->add_service()->set_name(std::string(name));
      break;
    case Request::kFileContainingSymbol: {
      const std::string& symbol = request.file_containing_symbol();
      AnswerFile(pool.FindFileContainingSymbol(symbol), symbol, response);
      break;
    }
    case Request::kFileByFilename: {
      const std::string& name = request.file_by_filename();
      AnswerFile(pool.FindFileByName(name), name, response);
      break;
    }
    case Request::kFileContainingExtension:
    case Request::kAllExtensionNumbersOfType:
      SetError(Code::kNotFound, "no message here has extensions", response);
      break;
    default:
      SetError(Code::kInvalidArgument, "the request asks for nothing", response);
  }
  return response;
}

/// Answers each request at once.
template <class Request, class Response>
class Reflection final : public StreamMethod {
 public:
  bool MayTake(const GrpcStream& stream) const override { return stream.HasRoom(); }
  void Take(GrpcStream& stream, InboundMessage message) override {
    const Result<Request> request = Parse<Request>(message.bytes);
    if (!request.ok()) return stream.End(request.status());
    SendMessage(stream, Reflect<Request, Response>(*request));
  }
  void Flush(GrpcStream&) override {}
  bool IsDone(const GrpcStream&) const override { return true; }
};

}  // namespace

std::unique_ptr<StreamMethod> ReflectionV1() {
  return std::make_unique<Reflection<v1::ServerReflectionRequest, v1::ServerReflectionResponse>>();
}

std::unique_ptr<StreamMethod> ReflectionV1Alpha() {
  return std::make_unique<
      Reflection<v1alpha::ServerReflectionRequest, v1alpha::ServerReflectionResponse>>();
}

}  // namespace slipway::serve::grpc
