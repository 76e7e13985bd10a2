#include "serve/remote/grpc_connection.h"

#include <fmt/format.h>

#include <cstdint>
#include <limits>

#include "serve/remote/grpc_codec.h"
#include "serve/remote/grpc_outcome.h"

namespace slipway::serve {
namespace {

constexpr std::string_view kMethod = "/inference.GRPCInferenceService/ModelInfer";

std::string_view Text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

GrpcConnection::GrpcConnection(const RemoteServerOptions& options, int interrupt)
    : options_(options), client_(options.url, ClientOptionsOf(options, interrupt)) {}

Status GrpcConnection::Prepare(const RemoteRequest& request) {
  message_ = EncodeModelInfer(request);
  if (message_.size() > std::numeric_limits<std::uint32_t>::max())
    return InvalidArgument("the tensors are larger than a message of gRPC may be");
  prefix_ = MessagePrefix(static_cast<std::uint32_t>(message_.size()));
  pieces_.clear();
  for (const WireWriter::Piece& piece : message_.pieces()) {
    pieces_.emplace_back(piece.text);
    pieces_.emplace_back(Text(piece.borrowed));
  }
  outputs_ = request.outputs;
  trace_ = request.trace;
  return {};
}

RemoteOutcome GrpcConnection::Try(MonotonicTime deadline) {
  const Result<net::HttpAnswer> answer = client_.Send({.method = "POST",
                                                       .target = kMethod,
                                                       .headers = Metadata(deadline),
                                                       .body = prefix_,
                                                       .more_body = pieces_,
                                                       .deadline = deadline});
  return JudgeGrpc({.server = options_.name,
                    .outputs = outputs_,
                    .was_connected = client_.WasConnected(),
                    .may_have_begun = client_.MayHaveBegun()},
                   answer);
}

std::vector<net::Header> GrpcConnection::Metadata(MonotonicTime deadline) const {
  std::vector<net::Header> metadata = {
      {"te", "trailers"},
      {"content-type", "application/grpc"},
      {"grpc-accept-encoding", "identity"},
      {"grpc-timeout", fmt::format("{}m", MillisecondsUntil(deadline))}};
  if (!options_.key.empty()) metadata.emplace_back("authorization", "Bearer " + options_.key);
  AddTrace(trace_, metadata);
  return metadata;
}

}  // namespace slipway::serve
