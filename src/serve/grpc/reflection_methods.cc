#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <algorithm>
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

constexpr std::size_t kMaxRequests = 1000;  // of one call

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

/// Answers every request of the body in order, once the client has sent all of them.
template <class Request, class Response>
void ReflectAll(const GrpcCall& call) {
  std::span<const std::byte> rest = call.message();
  const Result<net::ContentCoding> coding =
      ParseMessageEncoding(call.exchange()->head().Find("grpc-encoding"));
  if (!coding.ok()) return call.Fail(coding.status());
  std::string answers;
  for (std::size_t count = 0; !rest.empty(); ++count) {
    if (count == kMaxRequests)
      return call.Fail(ResourceExhausted("more than 1000 requests in one call"));
    const Result<InboundMessage> message =
        TakeMessage(rest, *coding, call.parts().limits.max_admin_message_bytes);
    if (!message.ok()) return call.Fail(message.status());
    const Result<Request> request = Parse<Request>(message->bytes);
    if (!request.ok()) return call.Fail(request.status());
    const std::string answer = Reflect<Request, Response>(*request).SerializeAsString();
    answers += MessagePrefix(false, static_cast<std::uint32_t>(answer.size()));
    answers += answer;
    if (answers.size() > call.parts().limits.max_message_bytes)
      return call.Fail(ResourceExhausted("the answers to one call are too large"));
  }
  call.AnswerFramed(std::move(answers));
}

}  // namespace

void ReflectionV1(const GrpcCall& call) {
  ReflectAll<v1::ServerReflectionRequest, v1::ServerReflectionResponse>(call);
}

void ReflectionV1Alpha(const GrpcCall& call) {
  ReflectAll<v1alpha::ServerReflectionRequest, v1alpha::ServerReflectionResponse>(call);
}

}  // namespace slipway::serve::grpc
